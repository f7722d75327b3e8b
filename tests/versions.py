"""
What the tests ran against: the versions, the day and the number of tests, as a table of docs/limits.md.

    pytest --record-versions

rewrites that table's rows of whatever the session has run against, unless a test failed. A row of something else keeps
the day of its own run.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from tests.gitea import find_gitea
from tests.world import real_servers

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/limits.md"
PROPERTY = "ran against"

PYTHON, ENGINE, GITEA = "Python", "Pulumi's engine and its Python SDK", "Gitea"
AUTHENTIK, ZOT = "authentik", "zot"
_HEADER = ["| System | Version | Last run | Tests that passed |", "|---|---|---|---|"]
_ROW = re.compile(r"\| (?P<system>[^|]+) \| [^|]+ \| [^|]+ \| [^|]+ \|")


def ran_against(nodeid: str, fixtures: Iterable[str]) -> list[str]:
    """
    Return the systems that a test runs against, beside the embedded ones.
    """
    fixtures, found = set(fixtures), [PYTHON]
    places = ("tests/engine/", "tests/backends/", "tests/commands/", "tests/sso/test_engine.py")
    if "gitea" in fixtures:
        found.append(GITEA)
    if (nodeid.startswith(places) and "gitea" not in fixtures) or {"stack", "in_sync", "behind_proxies"} & fixtures:
        found.append(ENGINE)
    if real_servers() and {"world", "signed_in", "stack", "in_sync"} & fixtures:
        found += [AUTHENTIK, ZOT]
    return found


def counted(reports: Iterable[pytest.TestReport]) -> dict[str, int]:
    """
    Return how many tests of a session passed against each system.
    """
    return dict(Counter(str(value) for report in reports for name, value in report.user_properties if name == PROPERTY))


def version_of(system: str) -> str:
    """
    Return the version of what a session has run against, as the system itself says it; "not told" if it does not.
    """
    if system == PYTHON:
        return platform.python_version()
    if system == ENGINE:
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
        said = subprocess.run(["pulumi", "version"], env={**os.environ, "PATH": path}, capture_output=True, text=True)
        return f"{said.stdout.strip().removeprefix('v')}, {importlib.metadata.version('pulumi')}"
    if system == GITEA:
        gitea = find_gitea()
        said = subprocess.run([str(gitea), "--version"], capture_output=True, text=True)
        return _number(said.stdout)
    return _served(system)


def _served(system: str) -> str:
    """
    Ask a real server.
    """
    named = real_servers()
    if system == AUTHENTIK:
        admin = {"Authorization": f"Bearer {named['AUTHENTIK_ADMIN_TOKEN']}"}
        answer = httpx.get(f"{named['AUTHENTIK_URL']}/api/v3/admin/version/", headers=admin)
        return _number(str(answer.json().get("version_current"))) if answer.is_success else "not told"
    # A zot without its management extension does not tell.
    answer = httpx.get(f"{named['ZOT_URL']}/v2/_zot/ext/mgmt")
    return _number(str(answer.json().get("releaseTag"))) if answer.is_success else "not told"


def table(text: str, passed: Mapping[str, int], versions: Mapping[str, str], day: str) -> str:
    """
    Return the document *text* with other rows for the systems that have *passed* something.

    Raises:
        ValueError: there is no such table in it.
    """
    lines = text.splitlines()
    start = next((number for number, line in enumerate(lines) if line == _HEADER[0]), None)
    if start is None:
        msg = f"no table with the header {_HEADER[0]}"
        raise ValueError(msg)
    end = next(number for number in range(start, len(lines)) if not lines[number].startswith("|"))
    rows = {found["system"]: line for line in lines[start + 2 : end] if (found := _ROW.fullmatch(line))}
    for system, count in passed.items():
        rows[system] = f"| {system} | {versions[system]} | {day} | {count} |"
    return "\n".join([*lines[:start], *_HEADER, *rows.values(), *lines[end:]]) + "\n"


def record(reports: Iterable[pytest.TestReport]) -> str:
    """
    Rewrite docs/limits.md's table; return a line that says so.
    """
    passed = counted(reports)
    versions = {system: version_of(system) for system in passed}
    PAGE.write_text(
        table(PAGE.read_text(encoding="utf-8"), passed, versions, f"{datetime.now(UTC):%Y-%m-%d}"), encoding="utf-8"
    )
    return f"versions: docs/limits.md has those of {', '.join(passed)}"


def _number(text: str) -> str:
    found = re.search(r"\d+\.\d+[\w.+-]*", text)
    return found[0] if found else "not told"
