"""
What the tests ran against: the versions, the day, the code and the number of tests, as a table of docs/limits.md.

    pytest --record-versions

rewrites that table's rows of whatever the session has run against, unless a test failed. A row of something else keeps
the day of its own run.
"""

from __future__ import annotations

import importlib.metadata
import platform
import re
import subprocess
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import httpx
import pytest

from tests.evidence.digest import digest
from tests.evidence.recorder import engine_version
from tests.evidence.records import Record, keep, kept
from tests.evidence.tables import write_tables
from tests.gitea import find_gitea
from tests.world import real_servers

FILE, TABLE = "versions", "ran against"
PROPERTY = "ran against"

PYTHON, ENGINE, GITEA = "Python", "Pulumi's engine and its Python SDK", "Gitea"
AUTHENTIK, ZOT = "authentik", "zot"


# Where a test starts `pulumi`, unless it asks a real Gitea; elsewhere one that starts it has one of the fixtures.
_ENGINE_PLACES = (
    "tests/engine/",
    "tests/backends/",
    "tests/commands/",
    "tests/parts/",
    "tests/soak/",
    "tests/sso/test_engine.py",
)
_ENGINE_FIXTURES = {"stack", "in_sync", "behind_proxies"}


def ran_against(nodeid: str, fixtures: Iterable[str]) -> list[str]:
    """
    Return the systems that a test runs against, beside the embedded ones.
    """
    fixtures, found = set(fixtures), [PYTHON]
    if "gitea" in fixtures:
        found.append(GITEA)
    if (nodeid.startswith(_ENGINE_PLACES) and "gitea" not in fixtures) or _ENGINE_FIXTURES & fixtures:
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
        return f"{engine_version()}, {importlib.metadata.version('pulumi')}"
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


def records(passed: Mapping[str, int], versions: Mapping[str, str], day: str, code: str) -> list[Record]:
    """
    Return a record for each system that something has *passed* against. A row is a system's, and of Python and the
    engine one for each minor version: several are supported side by side.
    """
    found = []
    for system, count in passed.items():
        version = versions[system]
        minor = ".".join(version.partition(",")[0].split(".")[:2])
        part = f"{system} {minor}" if system in (PYTHON, ENGINE) else system
        found.append(Record(TABLE, part, {"Version": version, "Tests that passed": str(count)}, day, code))
    return found


def record(reports: Iterable[pytest.TestReport]) -> str:
    """
    Rewrite docs/limits.md's rows of what the session has run against; return a line that says so.
    """
    passed = counted(reports)
    versions = {system: version_of(system) for system in passed}
    order = [kept_one.part for kept_one in kept(FILE)]
    keep(FILE, records(passed, versions, f"{datetime.now(UTC):%Y-%m-%d}", digest()), order)
    write_tables()
    return f"versions: docs/limits.md has those of {', '.join(passed)}"


def _number(text: str) -> str:
    found = re.search(r"\d+\.\d+[\w.+-]*", text)
    return found[0] if found else "not told"
