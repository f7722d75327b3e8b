"""
Days that can work together, and those of which somebody is told.
"""

from __future__ import annotations

from typing import Any

import pytest

from components.settings.model import load
from tests.settings.given import given
from tests.settings.spoiled import A, with_

ROTATE, EXPIRE, RETIRE = f"{A}.rotateAfterDays", f"{A}.expireAfterDays", f"{A}.retireAfterDays"


def doubts(*changes: tuple[str, Any]) -> list[str]:
    """What is said of settings that can be used."""
    return load(given(with_(*changes))).doubts


@pytest.mark.parametrize(
    "changes",
    [
        [],
        [(RETIRE, 30)],
        [(EXPIRE, 97.5)],
        [(EXPIRE, 91.5), ("upEveryDays", 1)],
        [(ROTATE, 1), (EXPIRE, 7), (RETIRE, 1), ("upEveryDays", "1")],
        # A grace longer than the rotation: several old keys live.
        [(ROTATE, 1), (EXPIRE, 10), (RETIRE, 5), ("upEveryDays", 1)],
        # Paused: nothing comes due.
        [(ROTATE, 0), (EXPIRE, 1), (RETIRE, 0.9), ("upEveryDays", 7)],
    ],
    ids=["defaults", "a grace", "more than a week", "more than a day", "each day", "a long grace", "paused"],
)
def test_days_that_work_together_are_taken_without_a_word(changes: list[tuple[str, Any]]) -> None:
    """Nobody reads a warning that is always there."""
    assert doubts(*changes) == []


def test_a_margin_that_a_week_can_use_up_is_told_unless_it_is_known_how_often_up_runs() -> None:
    """The workflow `up` runs once a week by itself."""
    [line] = doubts((EXPIRE, 97))

    assert [
        word for word in ("zot-ci", "7 days", "once a week", "expireAfterDays", "upEveryDays") if word not in line
    ] == []
    assert doubts((EXPIRE, 97), ("upEveryDays", 6.9)) == []


@pytest.mark.parametrize(
    ("changes", "days"),
    [([(RETIRE, 31)], "121 days"), ([(RETIRE, 20), ("upEveryDays", 14)], "124 days")],
    ids=["always", "after a late run"],
)
def test_a_grace_that_the_expiry_cuts_short_is_told(changes: list[tuple[str, Any]], days: str) -> None:
    """With what would be enough, which is."""
    [line] = doubts(*changes)

    for word in ("zot-ci", "grace", "expireAfterDays", days):
        assert word in line
    assert doubts(*changes, (EXPIRE, float(days.split()[0]))) == []
