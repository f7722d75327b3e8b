"""
Days that can work together, and those of which somebody is told.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.messages import assert_names
from tests.settings.given import given
from tests.settings.spoiled import MISSING, A, faults, with_
from zot_ci.settings.model import load
from zot_ci.settings.named import accounts_without_grace

UNUSED, AT_MOST = f"{A}.retireWhenUnused", f"{A}.retireAtMostDays"
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
        [(RETIRE, 1), (UNUSED, True)],
        [(UNUSED, "true"), (RETIRE, 1), (AT_MOST, "1.5")],
        # Paused: nothing comes due.
        [(ROTATE, 0), (EXPIRE, 1), (RETIRE, 0.9), ("upEveryDays", 7)],
    ],
    ids=[
        "defaults",
        "a grace",
        "more than a week",
        "more than a day",
        "each day",
        "a long grace",
        "unused",
        "at most",
        "paused",
    ],
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


FIELD = {"vault": "blumeops", "item": "Forgejo Secrets", "field": "zot-ci-api"}

POLLED: dict[str, tuple[list[tuple[str, Any]], bool]] = {
    "a store of record and a forge": ([], False),
    "1Password only": ([(f"{A}.forgejo", MISSING)], True),
    "a copy in another vault": ([(f"{A}.onepassword", [FIELD, {**FIELD, "vault": "cluster"}])], True),
    "a grace": ([(f"{A}.forgejo", MISSING), (RETIRE, 1)], False),
    "no grace, written out": ([(f"{A}.forgejo", MISSING), (RETIRE, 0)], False),
    "no grace, but unused keys alone": ([(f"{A}.forgejo", MISSING), (UNUSED, True)], False),
    "the same in quotes": ([(f"{A}.forgejo", MISSING), (UNUSED, "true")], False),
    "used keys too, written out": ([(f"{A}.forgejo", MISSING), (UNUSED, False)], True),
    "no grace, in quotes": ([(f"{A}.forgejo", MISSING), (RETIRE, "0")], False),
}


@pytest.mark.parametrize(("changes", "is_told"), POLLED.values(), ids=POLLED)
def test_whatever_polls_1password_is_thought_of_until_the_grace_is_written_out(
    changes: list[tuple[str, Any]], is_told: bool
) -> None:
    """The program and the providers, which read the same configuration without its models, say it of the same ones."""
    config = given(with_(*changes))

    lines = load(config).without_grace

    assert [line.partition(":")[0] for line in lines] == (["zot-ci"] if is_told else [])
    assert accounts_without_grace(config.get) == ({"zot-ci"} if is_told else set())
    assert all("retireAfterDays: 1" in line for line in lines)


@pytest.mark.parametrize(
    ("days", "other"),
    [(7, "retireAfterDays"), (6.9, "retireAfterDays"), (120, "expireAfterDays"), (130, "expireAfterDays")],
    ids=["with the grace", "before the grace", "with the expiry", "after the expiry"],
)
def test_the_longest_life_of_an_old_key_lies_between_its_grace_and_its_expiry(days: float, other: str) -> None:
    """One line, which names both."""
    [line] = faults(with_((RETIRE, 7), (UNUSED, True), (AT_MOST, days)))

    assert_names(line, f"{A} ", "retireAtMostDays", other)
