"""
What surrounds the code: licence, metadata, hooks, and the forms of the forge.
"""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # comes with pulumi, without types

ROOT = Path(__file__).resolve().parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
FORMS = sorted(path for path in (ROOT / ".forgejo/issue_template").glob("*.yaml") if path.stem != "config")


def _read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def test_the_licence_is_the_one_that_the_metadata_names() -> None:
    """By its text, not only by its name."""
    (file,) = PROJECT["license-files"]

    assert PROJECT["license"] == "MIT"
    assert _read(file).startswith("MIT License\n")
    assert PROJECT["authors"][0]["name"] in _read(file)


def test_the_python_versions_of_the_metadata_are_those_that_make_accepts() -> None:
    """tools/build.sh refuses others."""
    named = re.findall(r"^Programming Language :: Python :: 3\.(\d+)$", "\n".join(PROJECT["classifiers"]), re.MULTILINE)
    (low, end) = re.findall(r"assert \(3, (\d+)\) <= sys\.version_info < \(3, (\d+)\)", _read("tools/build.sh"))[0]

    assert [int(minor) for minor in named] == list(range(int(low), int(end)))
    assert PROJECT["requires-python"] == f">=3.{low}"


def test_the_hooks_run_what_make_check_runs() -> None:
    """Command for command, by the programs of .venv-dev: no version stands a second time."""
    recipe = re.findall(r"^check:.*\n((?:\t.*\n)+)", _read("Makefile"), re.MULTILINE)[0]
    commands = re.findall(r"^\t@\$\(RUN\) (.*)$", recipe, re.MULTILINE)
    (repository,) = yaml.safe_load(_read(".pre-commit-config.yaml"))["repos"]

    assert repository["repo"] == "local"
    assert len(commands) >= 4
    assert [hook["entry"] for hook in repository["hooks"]] == [f".venv-dev/bin/{command}" for command in commands]
    assert all(hook["language"] == "system" and not hook["pass_filenames"] for hook in repository["hooks"])


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_has_what_the_forge_needs_of_one(path: Path) -> None:
    """A form with an unknown type or two equal ids is not offered at all, without a word."""
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    asked = [part for part in form["body"] if part["type"] != "markdown"]

    assert form["name"]
    assert form["about"]
    assert {part["type"] for part in form["body"]} <= {"markdown", "textarea", "input", "dropdown", "checkboxes"}
    assert len({part["id"] for part in asked}) == len(asked)
    assert all(part["attributes"]["label"] for part in asked)


def test_the_forms_say_that_no_secret_belongs_into_them() -> None:
    """An issue is public at once."""
    assert "SECURITY.md" in _read(".forgejo/issue_template/fault.yaml")
    assert "No secrets here" in _read(".forgejo/issue_template/fault.yaml")
    assert "CONTRIBUTING.md" in _read(".forgejo/pull_request_template.md")


def test_nothing_that_is_committed_leads_out_of_the_repository() -> None:
    """A link to a folder of somebody's machine is a dead one elsewhere, and in the way of what `make` puts there."""
    if not (ROOT / ".git").exists():
        pytest.skip("no git here: an archive has no links to look for")
    listed = subprocess.run(["git", "ls-files", "-s"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    links = [ROOT / line.partition("\t")[2] for line in listed.splitlines() if line.startswith("120000")]

    assert [str(link) for link in links if link.readlink().is_absolute() or not link.exists()] == []
    assert all(link.resolve().is_relative_to(ROOT.resolve()) for link in links)
