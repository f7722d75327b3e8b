"""
When a key is due and the sentence that says why: examples in words, and arithmetic for a machine to break.
"""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.messages import assert_names
from zot_ci.rotation import (
    CURRENT,
    KeyFacts,
    Policy,
    age_days,
    condition,
    due,
    expires_unrotated,
    to_the_minute,
    why_refused,
)

BORN = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)

MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
DAYS = st.floats(0.001, 3650)
WORDS = st.sampled_from(["", "refused by the registry: revoked"])


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """A policy that the settings would take: a key outlives its rotation, and 0 pauses it."""
    expire = draw(DAYS)
    rotate = draw(st.one_of(st.just(0.0), st.floats(0.0005, expire, exclude_max=True)))
    return Policy(rotate, expire)


@st.composite
def facts(draw: st.DrawFn) -> KeyFacts:
    """What a registry may have said."""
    born = draw(MOMENTS)
    lives = draw(st.one_of(st.none(), DAYS))
    return KeyFacts(
        created_at=born,
        expires_at=None if lives is None else born + lives * DAY,
        age_days=draw(st.floats(0, 4000)),
        refused=draw(WORDS),
        may=draw(st.dictionaries(st.sampled_from(["create", "update", "delete"]), st.booleans())),
    )


@given(MOMENTS, MOMENTS)
def test_an_age_is_never_negative(born: datetime, now: datetime) -> None:
    """Whatever two clocks say."""
    assert age_days(born, now) >= 0
    assert min(age_days(born, now), age_days(now, born)) == 0


@given(MOMENTS, st.floats(0, 3650))
def test_an_age_is_right_to_about_a_second(born: datetime, days: float) -> None:
    """Five digits of a day."""
    assert abs(age_days(born, born + days * DAY) - days) <= 1.2 / 86400


@given(facts(), policies())
def test_a_key_in_good_order_is_due_exactly_when_its_age_is_over_the_limit(seen: KeyFacts, policy: Policy) -> None:
    """Neither on the day itself nor while rotation is paused."""
    sound = KeyFacts(seen.created_at, None, seen.age_days)

    assert bool(due(sound, policy)) is (policy.rotate_after_days > 0 and sound.age_days > policy.rotate_after_days)


@given(MOMENTS, policies())
def test_an_expiry_is_later_than_the_rotation_for_every_valid_policy(now: datetime, policy: Policy) -> None:
    """A key that is minted now lives until its rotation, and is not due on the day it is born."""
    rotates_at, expires_at = policy.rotates_at(now), policy.expires_at(now)

    assert expires_at > now
    if rotates_at is not None and policy.expire_after_days - policy.rotate_after_days > 1 / 86400:
        assert rotates_at < expires_at
        assert due(KeyFacts(now, expires_at, 0.0), policy) == []


@given(facts(), policies())
def test_a_condition_is_current_exactly_when_nothing_is_due(seen: KeyFacts, policy: Policy) -> None:
    """One sentence holds every reason."""
    reasons = due(seen, policy)

    assert (condition(seen, policy) == CURRENT) is (reasons == [])
    assert all(reason in condition(seen, policy) for reason in reasons)


@given(facts(), policies())
def test_a_refused_key_is_due_for_that_reason_alone(seen: KeyFacts, policy: Policy) -> None:
    """Its age and access are of no interest any more."""
    refused = KeyFacts(seen.created_at, seen.expires_at, seen.age_days, refused="refused by the registry: revoked")

    assert due(refused, policy) == ["refused by the registry: revoked"]


@given(facts(), policies())
def test_a_paused_rotation_replaces_only_what_does_not_work(seen: KeyFacts, policy: Policy) -> None:
    """A key that works stays, whatever its age and expiry."""
    works = not seen.refused and all(has is (right == "create") for right, has in seen.may.items())

    assert (due(seen, Policy(0.0, policy.expire_after_days)) == []) is works


@pytest.mark.parametrize(
    ("rotate_after", "lives", "age", "refused", "said"),
    [
        (0.0, 120.0, 112.9, "", False),
        (0.0, 120.0, 113.0, "", True),
        (0.0, 120.0, 119.9, "", True),
        (0.0, 4.0, 1.9, "", False),
        (0.0, 4.0, 2.0, "", True),
        (0.0, None, 4000.0, "", False),
        (0.0, 120.0, 121.0, "refused by the registry: expired on 2026-05-01", False),
        (90.0, 120.0, 119.9, "", False),
    ],
    ids=["early", "a week before", "its last day", "short, early", "short, half", "never", "expired", "not paused"],
)
def test_a_key_that_ends_while_its_rotation_is_paused_is_told(
    rotate_after: float, lives: float | None, age: float, refused: str, said: bool
) -> None:
    """Nobody but a person replaces it in time."""
    expires = None if lives is None else BORN + lives * DAY
    seen = KeyFacts(BORN, expires, age, refused=refused)

    sentences = expires_unrotated(seen, Policy(rotate_after, lives or 120.0))

    assert bool(sentences) is said
    for sentence in sentences:
        assert_names(sentence, f"{expires:%Y-%m-%d}", "rotation is paused", "rotateAfterDays")


@pytest.mark.parametrize(
    ("days", "limit", "words"),
    [
        (91.0, 90.0, ["91 days", "90"]),
        (90.00001, 90.0, ["90 days", "90"]),
        (97.9, 90.0, ["97 days", "90"]),
        (1.0, 0.5, ["1 day", "0.5"]),
        (1.99, 1.5, ["1 day", "1.5"]),
        (2.0, 1.5, ["2 days", "1.5"]),
        (0.25, 0.1, ["0.25 days", "0.1"]),
        (0.0123, 0.01, ["0.012 days", "0.01"]),
    ],
)
def test_what_is_said_of_an_age(days: float, limit: float, words: list[str]) -> None:
    """The age in whole days and the limit that it is over, and no other number."""
    said = condition(KeyFacts(BORN, None, days), Policy(limit, 5000.0))

    assert re.findall(r"\b[\d.]+(?: days?\b)?", said) == words


@pytest.mark.parametrize(("days", "limit"), [(90.0, 90.0), (4000.0, 0.0), (0.0, 90.0)])
def test_nothing_is_said_of_an_age_within_the_limit(days: float, limit: float) -> None:
    """On the day itself, while rotation is paused, and of a new key."""
    assert condition(KeyFacts(BORN, None, days), Policy(limit, 5000.0)) == CURRENT


@pytest.mark.parametrize(
    ("expires", "words"),
    [
        (BORN + 90 * DAY, ["2026-04-01", "2026-04-01"]),
        (BORN + 60 * DAY, ["2026-03-02", "2026-04-01"]),
    ],
)
def test_what_is_said_of_an_expiry(expires: datetime, words: list[str]) -> None:
    """It would fail before anybody replaced it: its day, and the day of the rotation."""
    said = condition(KeyFacts(BORN, expires, 5.0), Policy(90.0, 120.0))

    assert re.findall(r"\d{4}-\d\d-\d\d", said) == words


@pytest.mark.parametrize("expires", [BORN + 120 * DAY, BORN + 90 * DAY + timedelta(seconds=1), None])
def test_nothing_is_said_of_an_expiry_after_the_rotation(expires: datetime | None) -> None:
    """Not even of one that is a second later."""
    assert condition(KeyFacts(BORN, expires, 5.0), Policy(90.0, 120.0)) == CURRENT


@pytest.mark.parametrize(
    ("may", "rights", "said"),
    [
        ({"create": True, "delete": True}, {"create"}, ["can delete, which the settings do not expect"]),
        ({"create": False, "delete": False}, {"create"}, ["cannot create, which the settings expect"]),
        (
            {"create": True, "update": False, "delete": False},
            {"create", "update"},
            ["cannot update, which the settings expect"],
        ),
        (
            {"create": True, "update": True, "delete": False},
            {"create"},
            ["can update, which the settings do not expect"],
        ),
        ({"create": True, "delete": False}, {"create", "update"}, []),
        ({"create": True, "update": True, "delete": True}, {"create", "update", "delete"}, []),
        ({"create": True, "delete": False}, set(), ["can create, which the settings do not expect"]),
        (
            {"create": False, "update": True, "delete": False},
            {"create", "delete"},
            [
                "cannot create, which the settings expect",
                "can update, which the settings do not expect",
                "cannot delete, which the settings expect",
            ],
        ),
    ],
)
def test_a_right_too_many_or_too_few_is_named(may: dict[str, bool], rights: set[str], said: list[str]) -> None:
    """Each in its own sentence; what was not asked is not judged."""
    assert due(KeyFacts(BORN, None, 5.0, may=may), Policy(90.0, 120.0, frozenset(rights))) == said


def test_all_reasons_are_one_sentence() -> None:
    """Age, expiry, access."""
    seen = KeyFacts(BORN, BORN + 60 * DAY, 91.0, may={"create": False, "delete": False})

    said = condition(seen, Policy(90.0, 120.0))

    assert said == "; ".join(due(seen, Policy(90.0, 120.0)))
    assert re.search(r"^91 days .*; .*2026-03-02.*; cannot create, ", said)


@pytest.mark.parametrize(
    ("expires", "now", "words"),
    [
        (BORN, BORN + DAY, "expired on 2026-01-01"),
        (BORN, BORN, "expired on 2026-01-01"),
        (BORN + DAY, BORN, "revoked"),
        (None, BORN, "revoked"),
        (BORN, None, "revoked"),
    ],
    ids=["expired", "expired just now", "not expired yet", "never expires", "no clock"],
)
def test_why_a_key_is_refused(expires: datetime | None, now: datetime | None, words: str) -> None:
    """Expired if its time is over, else somebody revoked it."""
    assert_names(why_refused(expires, now), "refused", words)


def test_the_days_of_a_policy_are_added_to_a_birth() -> None:
    """Fractions are allowed; a pause has no day."""
    policy = Policy(1.5, 2.0)

    assert policy.rotates_at(BORN) == BORN + timedelta(hours=36)
    assert policy.expires_at(BORN) == BORN + timedelta(hours=48)
    assert Policy(0.0, 2.0).rotates_at(BORN) is None


def test_a_time_in_a_message_is_in_utc_wherever_the_program_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two people see the same line."""
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    time.tzset()
    try:
        assert to_the_minute(datetime(2026, 11, 30, 23, 30, 59, tzinfo=UTC)) == "2026-11-30 23:30"
    finally:
        monkeypatch.undo()
        time.tzset()
