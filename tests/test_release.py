"""
`make release` and what its workflow runs: what is in the way is said before anything changes, and nothing is pushed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]  # comes with pulumi, without types

ROOT = Path(__file__).resolve().parents[1]
VERSION = "3.4.5"
# What `make` was called with goes into a file; `check` fails where a file says so.
MAKE = """#!/bin/sh
echo "make $*" >>"{log}"
[ ! -e "{fails}" ] || [ "$1" != check ]
"""
EVIDENCE = """
import os
print(os.environ.get("OLD", ""), end="")
"""


class Repository:
    """
    A small one that is ready for a release, with a `make` and an evidence of ours.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder.parent / "log"
        self.fails = folder.parent / "fails"
        files = {
            "components/version.py": f'VERSION = "{VERSION}"\n',
            "CHANGELOG.md": f"# Changelog\n\n## [{VERSION}] - unreleased\n\nNew.\n\n## [3.4.4] - unreleased\n",
            f"tests/engine/states/{VERSION}.json": "{}",
            "tests/evidence/__main__.py": EVIDENCE,
        }
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        (folder / "tools").mkdir()
        shutil.copy(ROOT / "tools/release.py", folder / "tools")
        (folder.parent / "path").mkdir()
        make = folder.parent / "path/make"
        make.write_text(MAKE.format(log=self.log, fails=self.fails))
        make.chmod(0o755)
        self.git("init", "--quiet")
        self.commit()

    def git(self, *arguments: str) -> str:
        """One command of git, as nobody in particular."""
        who = ["-c", "user.name=tests", "-c", "user.email=tests@example.test", "-c", "commit.gpgsign=false"]
        run = subprocess.run(["git", *who, *arguments], cwd=self.folder, capture_output=True, text=True, check=True)
        return run.stdout.strip()

    def commit(self) -> None:
        """All that is there."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "all")

    def release(self, version: str = VERSION, **env: str) -> subprocess.CompletedProcess[str]:
        """As the Makefile calls it."""
        path = os.pathsep.join([str(self.folder.parent / "path"), os.environ["PATH"]])
        return subprocess.run(
            [sys.executable, str(self.folder / "tools/release.py"), version],
            env={**os.environ, "PATH": path, "PYTHONDONTWRITEBYTECODE": "1", **env},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    @property
    def made(self) -> list[str]:
        """What `make` was called with."""
        return self.log.read_text().splitlines() if self.log.exists() else []


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """One that is ready."""
    return Repository(tmp_path / "repository")


def test_a_release_checks_builds_dates_and_prints_the_rest(repository: Repository) -> None:
    """No commit, no tag and no push: those are a person's."""
    head = repository.git("rev-parse", "HEAD")

    run = repository.release()

    assert run.returncode == 0, run.stderr
    assert repository.made == ["make check", "make dist sbom"]
    first, second = re.findall(r"^## \[(.*)\] - (\S+)$", (repository.folder / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert first[0] == VERSION
    date.fromisoformat(first[1])
    assert second == ("3.4.4", "unreleased")
    assert f"git tag --annotate --sign v{VERSION}" in run.stdout
    assert (repository.git("rev-parse", "HEAD"), repository.git("tag")) == (head, "")
    assert repository.git("status", "--porcelain") == "M CHANGELOG.md"


def _other_version(repository: Repository) -> None:
    (repository.folder / "components/version.py").write_text('VERSION = "3.4.4"\n')
    repository.commit()


def _no_section(repository: Repository) -> None:
    (repository.folder / "CHANGELOG.md").write_text("# Changelog\n")
    repository.commit()


def _no_state(repository: Repository) -> None:
    (repository.folder / f"tests/engine/states/{VERSION}.json").unlink()
    repository.commit()


WAYS = {
    "another version": (_other_version, "components/version.py has 3.4.4: write 3.4.5 there"),
    "no section": (_no_section, "CHANGELOG.md has no section '## [3.4.5] - unreleased'"),
    "no state": (_no_state, "tests/engine/states/3.4.5.json is not there"),
    "changes": (lambda one: (one.folder / "new").write_text("new"), "the work tree has changes"),
    "the tag": (lambda one: one.git("tag", f"v{VERSION}"), "the tag v3.4.5 is there already"),
    "a check": (lambda one: one.fails.touch(), "make check fails"),
}


@pytest.mark.parametrize("what", WAYS)
def test_what_is_in_the_way_is_one_line_and_nothing_is_changed(what: str, repository: Repository) -> None:
    """Before anything is built or dated."""
    arrange, words = WAYS[what]
    arrange(repository)
    before = (repository.folder / "CHANGELOG.md").read_text()

    run = repository.release()

    assert run.returncode == 1
    assert run.stderr.startswith(f"release: {words}")
    assert run.stderr.count("\n") == 1
    assert "make dist sbom" not in repository.made
    assert (repository.folder / "CHANGELOG.md").read_text() == before


@pytest.mark.parametrize("version", ["", "3.4", "v3.4.5", "3.4.5 ", "03.4.5"])
def test_a_version_that_is_none_is_said(version: str, repository: Repository) -> None:
    """Also a forgotten one."""
    run = repository.release(version)

    assert (run.returncode, run.stderr) == (1, f"release: VERSION={version!r} is no version: say it as VERSION=1.2.3\n")


def test_evidence_of_older_code_stops_a_release_unless_somebody_says_so(repository: Repository) -> None:
    """A figure in the documents is then not about what is released."""
    line = "evidence: faults, engine 3.250.0: of older code, 2026-11-24"

    stopped = repository.release(OLD=f"{line}\n")
    told = repository.release(OLD=f"{line}\n", OLD_EVIDENCE="1")

    assert (stopped.returncode, "make dist sbom" in repository.made[:1]) == (1, False)
    assert stopped.stderr == f"release: {line}; measure it again, or say OLD_EVIDENCE=1\n"
    assert told.returncode == 0
    assert f"release: left as it is: {line}" in told.stdout


def test_the_workflow_has_the_least_rights_and_trusts_no_tag() -> None:
    """The job's token is where it is used, and the one action that it takes is named by its commit."""
    whole = yaml.safe_load((ROOT / ".forgejo/workflows/release.yaml").read_text(encoding="utf-8"))
    (job,) = whole["jobs"].values()

    assert whole["permissions"] == {}
    assert job["permissions"] == {"contents": "write"}
    assert [step["run"] for step in job["steps"] if "env" in step] == ["python3 tools/attach.py dist"]
    assert [one for step in job["steps"] if (one := step.get("uses")) and not re.search(r"@[0-9a-f]{40}$", one)] == []
    assert job["steps"][0]["with"] == {"persist-credentials": False}


def test_renovate_knows_every_place_that_has_versions() -> None:
    """Files that it is told of are there, and the expressions find what they should."""
    config = json.loads((ROOT / "renovate.json").read_text(encoding="utf-8"))

    assert set(config["enabledManagers"]) == {"pep621", "gomod", "github-actions", "custom.regex"}
    for rule in config["packageRules"]:
        for name in rule.get("matchFileNames", []):
            assert (ROOT / name).exists(), name
    (custom,) = config["customManagers"]
    text = (ROOT / "tools/docs/mermaid.txt").read_text(encoding="utf-8")
    assert re.search(custom["matchStrings"][0].replace("(?<", "(?P<"), text)
    patterns = [pattern.strip("/") for pattern in config["github-actions"]["managerFilePatterns"]]
    workflows = [*ROOT.glob(".forgejo/workflows/*"), *ROOT.glob("examples/workflows/*")]
    for path in workflows:
        assert any(re.search(pattern, path.relative_to(ROOT).as_posix()) for pattern in patterns), path
