"""
The documentation site: all pages are in its menu, a link that leads nowhere is an error, nothing comes from elsewhere.
"""

from __future__ import annotations

import io
import re
import subprocess
import tarfile
from pathlib import Path

import pytest

from tools.docs import build

# A package as npm packs it, under a name of ours.
NPM = """#!/bin/sh
for folder; do :; done
cp "{packed}" "$folder/mermaid-1.0.0.tgz"
"""


def _pages() -> list[str]:
    return [page for group in build.pages(build.ROOT).values() for page in group]


def test_every_document_is_in_the_menu_once() -> None:
    """Also one that was written since the menu was made."""
    documents = [path.relative_to(build.ROOT).with_suffix("").as_posix() for path in build.ROOT.glob("docs/**/*.md")]
    around = ["CHANGELOG", "CONTRIBUTING", "SECURITY", "bench/RESULTS"]

    assert sorted(_pages()) == sorted(documents + around)


def test_a_page_that_the_menu_does_not_name_comes_under_a_heading_all_the_same(tmp_path: Path) -> None:
    """Otherwise the next page that somebody writes would be on no way."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/new.md").touch()

    assert "docs/new" in build.pages(tmp_path)["Reference"]


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An npm of ours, that gives the archive at the path which this returns."""
    packed = tmp_path / "packed.tgz"
    with tarfile.open(packed, "w:gz") as archive:
        entry = tarfile.TarInfo("package/dist/mermaid.min.js")
        entry.size = len(b"draw()")
        archive.addfile(entry, io.BytesIO(b"draw()"))
    (tmp_path / "path").mkdir()
    program = tmp_path / "path/npm"
    program.write_text(NPM.format(packed=packed), encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'path'}:/usr/bin:/bin")
    (tmp_path / "here").mkdir()
    monkeypatch.setattr(build, "HERE", tmp_path / "here")
    return packed


def _choose(version: str, packed: Path) -> None:
    (build.HERE / "mermaid.txt").write_text(f"{version} {build.integrity('sha512', packed)}\n", encoding="utf-8")


def test_the_script_for_diagrams_is_the_one_that_was_chosen(npm: Path, tmp_path: Path) -> None:
    """By its digest, and it is fetched once."""
    _choose("1.0.0", npm)

    script = build.mermaid(tmp_path / "work")

    assert script is not None
    assert script.read_bytes() == b"draw()"
    npm.unlink()
    assert build.mermaid(tmp_path / "work") == script


def test_another_script_than_the_chosen_one_is_refused(npm: Path, tmp_path: Path) -> None:
    """What a registry gives today may not be what somebody looked at."""
    _choose("1.0.0", npm)
    npm.write_bytes(npm.read_bytes() + b"more")

    with pytest.raises(build.DocsError, match="another mermaid"):
        build.mermaid(tmp_path / "work")


def test_without_npm_the_diagrams_stay_text(
    npm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And somebody who misses them reads why."""
    _choose("1.0.0", npm)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert build.mermaid(tmp_path / "work") is None
    assert "no npm on PATH" in capsys.readouterr().out


def test_only_a_page_with_a_diagram_loads_the_script(tmp_path: Path) -> None:
    """It has megabytes."""
    (tmp_path / "site/_static").mkdir(parents=True)
    (tmp_path / "site/docs").mkdir()
    (tmp_path / "site/README.html").write_text("<head></head>none", encoding="utf-8")
    (tmp_path / "site/docs/a.html").write_text('<head></head><div class="highlight-mermaid">', encoding="utf-8")
    script = tmp_path / "mermaid-1.min.js"
    script.touch()

    build.draw_diagrams(tmp_path / "site", script)

    assert "script" not in (tmp_path / "site/README.html").read_text(encoding="utf-8")
    assert '"../_static/mermaid-1.min.js"' in (tmp_path / "site/docs/a.html").read_text(encoding="utf-8")
    assert (tmp_path / "site/_static" / script.name).exists()


def _built(folder: Path, more: str = "") -> subprocess.CompletedProcess[str]:
    """The site of the real pages, with the generator itself; *more* is added to the first page."""
    python = build.ROOT / ".venv-docs/bin/python"
    if not python.exists():
        pytest.skip("no .venv-docs: `make docs` makes one")
    build.lay_out(build.ROOT, folder / "source")
    with (folder / "source/README.md").open("a", encoding="utf-8") as page:
        page.write(more)
    command = build.sphinx(str(python), folder / "source", folder / "site", folder / "read")
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_site_is_whole_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    """A reader's browser asks nobody but the site: no font, no script, no picture."""
    run = _built(tmp_path)

    assert (run.returncode, run.stderr) == (0, "")
    for page in (tmp_path / "site").rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        loaded = re.findall(r'<(?:script|img|iframe)[^>]* src="([^"]+)"|<link[^>]* href="([^"]+)"', text)
        assert [address for pair in loaded for address in pair if "//" in address] == []


def test_a_link_that_leads_nowhere_is_an_error_and_all_are_named(tmp_path: Path) -> None:
    """A page, a heading, a picture."""
    links = ("[1](docs/no-page.md)", "[2](docs/ci.md#no-heading)", "![3](docs/pictures/no-picture.svg)")

    run = _built(tmp_path, "".join(f"\n{link}\n" for link in links))

    assert run.returncode != 0
    assert all(name in run.stderr for name in ("no-page", "no-heading", "no-picture"))
