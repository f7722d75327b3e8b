"""
docs/limits.md's table of what the tests ran against: whose rows a session rewrites.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.evidence.records import keep, kept
from tests.versions import AUTHENTIK, ENGINE, FILE, GITEA, PYTHON, ZOT, counted, ran_against, records, version_of
from tests.world import REAL_SERVERS


def test_a_session_rewrites_the_rows_of_what_it_ran_against(tmp_path: Path) -> None:
    """What it did not meet keeps its day, and so does another minor version of Python or of the engine."""
    before = records({PYTHON: 900, "zot": 30}, {PYTHON: "3.11.6", "zot": "2.1.20"}, "2026-11-23", "aaa")
    keep(FILE, [*before, *records({PYTHON: 927}, {PYTHON: "3.14.1"}, "2026-11-24", "aaa")], [], tmp_path)

    keep(
        FILE,
        records({PYTHON: 1000, "Gitea": 12}, {PYTHON: "3.11.7", "Gitea": "1.26.0"}, "2026-11-25", "bbb"),
        [],
        tmp_path,
    )

    rows = {
        one.part: (one.figures["Version"], one.figures["Tests that passed"], one.date, one.code)
        for one in kept(FILE, tmp_path)
    }
    assert rows == {
        "Python 3.14": ("3.14.1", "927", "2026-11-24", "aaa"),
        "Python 3.11": ("3.11.7", "1000", "2026-11-25", "bbb"),
        "zot": ("2.1.20", "30", "2026-11-23", "aaa"),
        "Gitea": ("1.26.0", "12", "2026-11-25", "bbb"),
    }
    (engine,) = records({ENGINE: 3}, {ENGINE: "3.250.0, 3.272.0"}, "2026-11-25", "bbb")
    assert engine.part == f"{ENGINE} 3.250"


@pytest.mark.parametrize(
    ("nodeid", "fixtures", "systems"),
    [
        ("tests/zot/test_api.py::test_x", ["world"], [PYTHON]),
        ("tests/engine/test_drift.py::test_x", ["world", "in_sync"], [PYTHON, ENGINE]),
        ("tests/engine/test_gitea.py::test_x", ["gitea", "world"], [PYTHON, GITEA]),
        ("tests/engine/test_gitea.py::test_x", ["gitea", "stack"], [PYTHON, GITEA, ENGINE]),
        ("tests/embedded/test_gitea_fixture.py::test_x", ["gitea"], [PYTHON, GITEA]),
    ],
)
def test_what_a_test_ran_against_is_known_by_its_place_and_fixtures(
    nodeid: str, fixtures: list[str], systems: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Embedded systems are none."""
    for name in REAL_SERVERS.values():
        monkeypatch.delenv(name, raising=False)

    assert ran_against(nodeid, fixtures) == systems


@pytest.mark.parametrize(("fixtures", "systems"), [(["world"], [PYTHON, AUTHENTIK, ZOT]), ([], [PYTHON])])
def test_what_a_test_asks_of_real_servers_is_known_by_its_fixtures(
    fixtures: list[str], systems: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has no system is Python's alone."""
    for name in REAL_SERVERS.values():
        monkeypatch.setenv(name, "https://real.example.test")

    assert ran_against("tests/zot/test_login.py::test_x", fixtures) == systems


def test_only_reports_that_say_so_are_counted(request: pytest.FixtureRequest) -> None:
    """This very test has its mark, put there when it was collected."""
    marked = [value for name, value in request.node.user_properties if name == "ran against"]

    assert marked == [PYTHON]
    assert counted([]) == {}
    assert version_of(PYTHON).startswith("3.")
