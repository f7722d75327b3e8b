"""
An older key that stays since something uses it, in the document, the metrics, the page, and before a rotation.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from scripts.watch.advice import advice
from scripts.watch.announcement import announcement
from scripts.watch.document import StaleKey, Status
from scripts.watch.metrics import samples
from scripts.watch.report import page
from tests.watch.said import BORN, NOW, OLDER, UUID, Said
from zot_ci.rotation import to_the_minute

# Replaced when the current key was born, 40 days ago, with a grace of 1.
USED_AT = NOW - timedelta(hours=5)
EXPIRES_AT = BORN + timedelta(days=60)
UNUSED: dict[str, Any] = {"retire_after_days": 1, "retire_when_unused": True}


def status(wanted: dict[str, Any], *, hours_ago: float | None = 5.0, expires: bool = True) -> Status:
    """What is known where the older key was used so long ago; None for a key that nobody uses."""
    fact: dict[str, Any] = {"key": f"{OLDER} created 2026-09-01", "succeeded_days_ago": 40.0}
    held = []
    if hours_ago is not None:
        used_at = NOW - timedelta(hours=hours_ago)
        fact |= {"used_at": used_at.isoformat(), "used_days_ago": hours_ago / 24}
        fact |= {"expires_at": EXPIRES_AT.isoformat()} if expires else {}
        held = [f"{OLDER} was used on {used_at:%Y-%m-%d}, after its successor was published"]
    sweep = {"stale": [fact], "still_used": held}
    facts: dict[str, dict[str, Any]] = {"zot:RetiredKeys": sweep, "zot:ApiKey": {"age_days": 40.0}}
    return Said().account(facts=facts, wanted={"zot:RetiredKeys": wanted}).status()


def stale(found: Status) -> StaleKey:
    """The older key."""
    (account,) = found.accounts
    assert account.key is not None
    (key,) = account.key.stale
    return key


@pytest.mark.parametrize(
    ("more", "expires", "latest"),
    [
        ({}, True, EXPIRES_AT),
        ({}, False, None),
        ({"retire_at_most_days": 50}, True, BORN + timedelta(days=50)),
        ({"retire_at_most_days": 70}, True, EXPIRES_AT),
    ],
    ids=["its own expiry", "none", "the settings", "its own expiry before the settings"],
)
def test_it_is_known_which_key_waits_used_when_and_by_when_it_ends(
    more: dict[str, Any], expires: bool, latest: datetime | None
) -> None:
    """It is in sync. Unless it is used again it ends a day after its last use."""
    found = status(UNUSED | more, expires=expires)

    key = stale(found)
    assert (key.waits, key.used_at, key.ends_at_the_latest) == (True, USED_AT, latest)
    assert key.ends_at == USED_AT + timedelta(days=1)
    assert found.in_sync
    assert found.accounts[0].retire_when_unused


def test_it_does_not_end_later_than_at_the_latest() -> None:
    """The limit comes before a day without use does."""
    key = stale(status(UNUSED | {"retire_at_most_days": 40.5}))

    assert key.waits
    assert key.ends_at == key.ends_at_the_latest == BORN + timedelta(days=40.5)


@pytest.mark.parametrize(
    ("wanted", "hours"),
    [
        ({"retire_after_days": 1}, 5.0),
        (UNUSED, None),
        (UNUSED, 24.1),
        (UNUSED | {"retire_at_most_days": 39}, 5.0),
        (UNUSED | {"retire_after_days": 45}, 5.0),
    ],
    ids=["not asked for", "never used", "not used for a day", "over the limit", "in its grace"],
)
def test_any_other_key_ends_with_its_grace(wanted: dict[str, Any], hours: float | None) -> None:
    """As before."""
    found = status(wanted, hours_ago=hours)

    key = stale(found)
    assert (key.waits, key.ends_at_the_latest) == (False, None)
    assert key.ends_at == BORN + timedelta(days=float(wanted["retire_after_days"]))
    assert [one.name for one in samples(found) if "waiting" in one.name] == []


def test_the_metrics_have_one_sample_for_each_key_that_waits() -> None:
    """With its uuid as a label."""
    found = {one.name: one for one in samples(status(UNUSED)) if "waiting" in one.name}

    labels = {"account": "zot-ci", "key": OLDER}
    assert {name: (one.value, one.labels) for name, one in found.items()} == {
        "zot_ci_waiting_key_used_timestamp_seconds": (USED_AT.timestamp(), labels),
        "zot_ci_waiting_key_ends_timestamp_seconds": (EXPIRES_AT.timestamp(), labels),
    }


def test_a_key_that_waits_and_never_expires_has_no_latest_end() -> None:
    """In metrics and sentences."""
    found = status(UNUSED, expires=False)

    names = [one.name for one in samples(found) if "waiting" in one.name]
    assert names == ["zot_ci_waiting_key_used_timestamp_seconds"]
    assert "at the latest" not in page(found, {})


def test_the_page_says_when_it_was_used_and_when_it_ends() -> None:
    """In its time line and among what to do."""
    found = status(UNUSED)

    text = page(found, {})
    assert f"used on {to_the_minute(USED_AT)}, revoked once nothing has used it for 24 hours" in text
    [line] = [line for line in advice(found) if OLDER in line]
    for word in (to_the_minute(USED_AT), "24 hours", f"{EXPIRES_AT:%Y-%m-%d}"):
        assert word in line
        assert word in text


def said(wanted: dict[str, Any], keep_days: float | None = None, **options: Any) -> list[str]:
    """What is said before a rotation."""
    found = status(wanted, **options)
    return announcement(found, found.accounts[0], keep_days)


def test_before_a_rotation_it_is_said_that_the_key_stays_while_it_is_used() -> None:
    """The current one, without a grace and with one, and the older one that waits."""
    for grace in (0, 1):
        [current] = [line for line in said(UNUSED | {"retire_after_days": grace}) if line.startswith(f"then {UUID}")]
        for word in ("retireWhenUnused", "24 hours"):
            assert word in current
    last = said(UNUSED)[-1]
    for word in (OLDER, to_the_minute(USED_AT), "stays while it is used", to_the_minute(EXPIRES_AT)):
        assert word in last


def test_an_order_of_nothing_ends_a_key_that_waits_as_well() -> None:
    """And the current one, whatever uses them."""
    lines = said(UNUSED, 0.0)

    assert f"then this run revokes {UUID}: a job that still holds it is refused" in lines
    assert lines[-1] == f"the older key {OLDER}, which something still uses, is revoked in this run"
