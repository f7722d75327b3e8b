"""
Builds the documentation site in .tools/site from README.md and docs/, the same files that a forge shows: `make docs`.

The pages are laid out as in the repository, so that each link between them leads to the same page there and here. A
link, heading or picture that does not exist is an error. The site loads nothing from elsewhere: the script that draws
the diagrams is a package of npm's, checked by its digest and served with the pages; without npm they stay text.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "tools/docs"
WORK = ROOT / ".tools/docs"
SITE = ROOT / ".tools/site"
# The menu: the four kinds of pages, and the project's own. A page of docs/ that is not named comes under "Reference".
MENU = {
    "Tutorial": ["tutorial"],
    "How to": ["takeover", "ci", "monitoring", "rotation", "single-sign-on", "library"],
    "Reference": ["README", "reference", "permissions", "onepassword", "limits"],
    "Explanation": ["promises", "alternatives", "architecture"],
}
PROJECT = ["CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "bench/RESULTS.md"]
_LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


class DocsError(Exception):
    """
    The site cannot be built. The message is for the person who ran it.
    """


def pages(root: Path) -> dict[str, list[str]]:
    """
    The menu: paths of pages without their ending, by heading. Every page of docs/ is in it.
    """
    there = sorted(path.stem for path in (root / "docs").glob("*.md"))
    menu = {heading: [name for name in names if name in there] for heading, names in MENU.items()}
    named = {name for names in menu.values() for name in names}
    menu["Reference"] += [name for name in there if name not in named]
    found = {heading: [f"docs/{name}" for name in names] for heading, names in menu.items()}
    found["Explanation"] += [f"docs/decisions/{path.stem}" for path in sorted((root / "docs/decisions").glob("*.md"))]
    found["Project"] = [name.removesuffix(".md") for name in PROJECT]
    return found


def lay_out(root: Path, source: Path) -> None:
    """
    Copy the pages and what they link to into *source*, as they lie in the repository, with the menu in the first one.
    """
    shutil.rmtree(source, ignore_errors=True)
    source.mkdir(parents=True)
    found = [f"{name}.md" for names in pages(root).values() for name in names]
    for name in ["README.md", *found]:
        text = (root / name).read_text(encoding="utf-8")
        for target in [name, *(os.path.normpath(Path(name).parent / link) for link in _LINK.findall(text))]:
            if (root / target).is_file() and not target.startswith(".."):
                (source / target).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(root / target, source / target)
    menu = [
        "\n".join(["```{toctree}", ":hidden:", f":caption: {heading}", "", *names, "```", ""])
        for heading, names in pages(root).items()
    ]
    first = (root / "README.md").read_text(encoding="utf-8")
    (source / "README.md").write_text("\n".join([first, *menu]), encoding="utf-8")


def mermaid(folder: Path) -> Path | None:
    """
    The script that draws diagrams, fetched once into *folder*; None, said so, where npm is missing or does not give it.

    Raises:
        DocsError: npm gives another one than was chosen.
    """
    version, _, chosen = (HERE / "mermaid.txt").read_text(encoding="utf-8").strip().partition(" ")
    script = folder / f"mermaid-{version}.min.js"
    if script.exists():
        return script
    if shutil.which("npm") is None:
        print("docs: no npm on PATH to get mermaid: the diagrams stay text")
        return None
    print(f"docs: getting mermaid {version} with npm, once", flush=True)
    folder.mkdir(parents=True, exist_ok=True)
    command = ["npm", "pack", f"mermaid@{version}", "--silent", "--ignore-scripts", "--pack-destination", str(folder)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    packed = folder / f"mermaid-{version}.tgz"
    if run.returncode or not packed.exists():
        lines = run.stderr.strip().splitlines() or [f"exit code {run.returncode}"]
        print(f"docs: npm does not give mermaid {version}, so the diagrams stay text: {lines[0]}")
        return None
    if integrity(chosen.partition("-")[0], packed) != chosen:
        message = f"npm gave another mermaid {version} than tools/docs/mermaid.txt names: its digest differs"
        raise DocsError(message)
    with tarfile.open(packed) as archive:
        held = archive.extractfile("package/dist/mermaid.min.js")
        script.write_bytes(held.read() if held else b"")
    packed.unlink()
    return script


def integrity(kind: str, file: Path) -> str:
    """
    A file's digest as npm writes it, such as ``sha512-…``.
    """
    return f"{kind}-{base64.b64encode(hashlib.new(kind, file.read_bytes()).digest()).decode()}"


def sphinx(python: str, source: Path, site: Path, read: Path) -> list[str]:
    """
    The command that makes *site* of *source*, and keeps what it has read in *read*.

    It reads all anew (-E). A link that leads nowhere is a warning (-n), a warning is an error (-W), and all are shown.
    """
    options = ["-q", "-E", "-n", "-W", "--keep-going", "-b", "html", "-c", str(ROOT / "tools/docs"), "-d", str(read)]
    return [python, "-m", "sphinx", *options, str(source), str(site)]


def draw_diagrams(site: Path, script: Path) -> None:
    """
    Give the pages that have a diagram, and no others, the script that draws it: it is large.
    """
    shutil.copy(script, site / "_static")
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        if "highlight-mermaid" in text:
            up = "../" * (len(page.relative_to(site).parts) - 1)
            tags = "".join(f'<script src="{up}_static/{name}"></script>' for name in (script.name, "diagrams.js"))
            page.write_text(text.replace("</head>", f"{tags}</head>", 1), encoding="utf-8")


def main() -> int:
    """
    Build the site; exit code 0 if every link in it leads somewhere.
    """
    try:
        script = mermaid(WORK)
    except DocsError as exc:
        print(f"docs: {exc}", file=sys.stderr)
        return 1
    source = WORK / "source"
    lay_out(ROOT, source)
    shutil.rmtree(SITE, ignore_errors=True)
    code = subprocess.run(sphinx(sys.executable, source, SITE, WORK / "read"), check=False).returncode
    if code:
        return code
    shutil.copy(SITE / "README.html", SITE / "index.html")
    if script is not None:
        draw_diagrams(SITE, script)
    print(f"docs: {len(list(SITE.rglob('*.html')))} pages, begin at .tools/site/index.html")
    return 0


if __name__ == "__main__":
    sys.exit(main())
