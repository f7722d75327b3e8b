"""
docs/limits.md's table of what the tests ran against: whose rows a session rewrites.
"""

from __future__ import annotations

import pytest

from tests.versions import ENGINE, GITEA, PAGE, PYTHON, counted, ran_against, table, version_of

BEFORE = """Text.

| System | Version | Last run | Tests that passed |
|---|---|---|---|
| Python | 3.11.7 | 2026-11-24 | 927 |
| zot | 2.1.20 | 2026-11-24 | 30 |

More.
"""


def test_a_session_rewrites_the_rows_of_what_it_ran_against() -> None:
    """What it did not meet keeps its day."""
    after = table(BEFORE, {"Python": 1000, "Gitea": 12}, {"Python": "3.12.1", "Gitea": "1.26.0"}, "2026-11-25")

    assert after.splitlines()[2:7] == [
        "| System | Version | Last run | Tests that passed |",
        "|---|---|---|---|",
        "| Python | 3.12.1 | 2026-11-25 | 1000 |",
        "| zot | 2.1.20 | 2026-11-24 | 30 |",
        "| Gitea | 1.26.0 | 2026-11-25 | 12 |",
    ]
    assert after.startswith("Text.\n")
    assert after.endswith("\n\nMore.\n")
    assert table(after, {}, {}, "2027-01-01") == after


def test_a_document_without_the_table_is_an_error() -> None:
    """Else a renamed column would end the record for ever, and nobody would see."""
    with pytest.raises(ValueError, match="System"):
        table("Text.\n", {}, {}, "2026-11-25")
    table(PAGE.read_text(encoding="utf-8"), {}, {}, "2026-11-25")


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
    nodeid: str, fixtures: list[str], systems: list[str]
) -> None:
    """Embedded systems are none."""
    assert ran_against(nodeid, fixtures) == systems


def test_only_reports_that_say_so_are_counted(request: pytest.FixtureRequest) -> None:
    """This very test has its mark, put there when it was collected."""
    marked = [value for name, value in request.node.user_properties if name == "ran against"]

    assert marked == [PYTHON]
    assert counted([]) == {}
    assert version_of(PYTHON).startswith("3.")
