#!/usr/bin/env python3
"""
All that a release needs but its long tests, and pushes nothing: `make release VERSION=1.2.3`.

Says everything that is in the way before it changes anything. Changes the changelog's date and dist/, and no more; the
commands that make the release are printed for a person.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")


def faults(root: Path, version: str) -> list[str]:
    """
    Return what is in the way, a line each, of what can be known without running anything long.
    """
    if not _VERSION.fullmatch(version):
        return [f"VERSION={version!r} is no version: say it as VERSION=1.2.3"]
    found = []
    has = re.findall(r'^VERSION = "(.*)"$', (root / "components/version.py").read_text(encoding="utf-8"), re.MULTILINE)
    if has != [version]:
        found.append(f"components/version.py has {', '.join(has)}: write {version} there, before what is measured is")
    if not _heading(version).search((root / "CHANGELOG.md").read_text(encoding="utf-8")):
        found.append(f"CHANGELOG.md has no section '## [{version}] - unreleased'")
    if not (root / f"tests/engine/states/{version}.json").exists():
        found.append(f"tests/engine/states/{version}.json is not there: keep a state, for the versions after this one")
    if _git(root, "status", "--porcelain"):
        found.append("the work tree has changes: commit them, a release is of a commit")
    if _git(root, "tag", "--list", f"v{version}"):
        found.append(f"the tag v{version} is there already: a version is released once")
    return found


def dated(text: str, version: str, day: date) -> str:
    """
    Return the changelog's *text* with the section of *version* dated.
    """
    return _heading(version).sub(rf"\g<1>{day.isoformat()}", text, count=1)


def main(arguments: list[str]) -> int:
    """
    Check, build and date; exit code 0 if all that is left is what is printed.
    """
    version = arguments[0] if arguments else ""
    found = faults(ROOT, version)
    if not found and _run("make", "check"):
        found.append("make check fails: its own lines above say why")
    if not found:
        run = subprocess.run(
            [sys.executable, "-m", "tests.evidence"], cwd=ROOT, capture_output=True, text=True, check=False
        )
        old = run.stdout.splitlines() if run.returncode == 0 else [f"tests.evidence fails: {run.stderr.strip()[-200:]}"]
        if old and os.environ.get("OLD_EVIDENCE"):
            print("\n".join(f"release: left as it is: {line}" for line in old))
        else:
            found += [f"{line}; measure it again, or say OLD_EVIDENCE=1" for line in old]
    if not found and _run("make", "dist", "sbom"):
        found.append("make dist sbom fails: its own lines above say why")
    for line in found:
        print(f"release: {line}", file=sys.stderr)
    if found:
        return 1
    changelog = ROOT / "CHANGELOG.md"
    today = datetime.now(UTC).date()
    changelog.write_text(dated(changelog.read_text(encoding="utf-8"), version, today), encoding="utf-8")
    print(f"dist/ has {version}, CHANGELOG.md its date. Nothing is committed or pushed; what is left is yours:")
    print(f"  git commit -m 'Release {version}' CHANGELOG.md")
    print(f"  git tag --annotate --sign v{version} -m 'zot-ci {version}'   # without --sign where you sign nothing")
    print(f"  git push origin HEAD v{version}   # release.yaml builds it again and attaches it to a draft")
    return 0


def _heading(version: str) -> re.Pattern[str]:
    return re.compile(rf"^(## \[{re.escape(version)}\] - )unreleased$", re.MULTILINE)


def _git(root: Path, *arguments: str) -> str:
    run = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    if run.returncode:
        sys.exit(f"release: git {arguments[0]}: {run.stderr.strip()}")
    return run.stdout.strip()


def _run(*command: str) -> int:
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
