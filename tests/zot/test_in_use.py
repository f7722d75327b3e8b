"""
Old keys that something still uses: `retireWhenUnused` lets one live on after its grace; what is said of it. All by the
embedded registry's clock.
"""

from __future__ import annotations

import logging
from typing import Any

import pytest

from tests.dynamic.wanted import LABEL, made_by, next_run, observed, outs_of, planned, sweep, swept, writes
from tests.messages import assert_names
from tests.world import GROUP, World
from zot_ci.dynamic.provider import Props
from zot_ci.rotation import to_the_minute
from zot_ci.zot.retired_keys import RetiredKeysProvider

pytestmark = pytest.mark.embedded

PROVIDER = RetiredKeysProvider()
UNUSED: dict[str, Any] = {"retire_when_unused": True}
A_DAY: dict[str, Any] = {**UNUSED, "retire_after_days": 1.0}


def rotated(world: World, **settings: Any) -> tuple[Props, Props, Props]:
    """A key, its successor, and what is recorded after the sweep of that run."""
    old = made_by(world)
    new = made_by(world, old["api_key"])
    return old, new, updated(world, swept(world, old, **settings), sweep(world, new, **settings))


def updated(world: World, olds: Props, news: Props) -> Props:
    """What is recorded after a sweep."""
    outs = outs_of(PROVIDER.update(LABEL, olds, news))
    next_run(world)
    return outs


def later(world: World, **passed: float) -> None:
    """The registry's clock goes on."""
    world.estate.clock.advance(**passed)


def used(world: World, key: Props) -> str:
    """Something uses the key now; when that is, as messages write it."""
    assert world.accepts(key["api_key"])
    return to_the_minute(world.estate.clock.now())


def is_due(world: World, outs: Props, wanted: Props) -> bool:
    """Whether a preview of a new run finds something to end; it changes nothing."""
    next_run(world)
    changes = bool(planned(PROVIDER, LABEL, outs_of(PROVIDER.read(LABEL, outs)), wanted).changes)
    assert writes(world) == []
    next_run(world)
    return changes


def alive(world: World) -> set[str]:
    """The uuids of all keys."""
    return set(world.estate.zot.keys)


def said(caplog: pytest.LogCaptureFixture, level: int = logging.WARNING) -> list[str]:
    """What a person is told, but of the two clocks."""
    lines = [record.getMessage() for record in caplog.records if record.levelno == level]
    return [line for line in lines if "its clock" not in line]


def test_a_key_that_somebody_used_within_a_day_stays_after_its_grace_until_a_day_without_use(signed_in: World) -> None:
    """A job longer than the grace. Preview and sweep agree at each step; without the setting its grace ends it."""
    old, new, outs = rotated(signed_in, **A_DAY)
    wanted = sweep(signed_in, new, **A_DAY)
    for _ in range(3):
        later(signed_in, days=0.9)
        used(signed_in, old)
        later(signed_in, hours=3)
        assert not is_due(signed_in, outs, wanted)
        outs = updated(signed_in, outs, wanted)
        assert alive(signed_in) == {old["uuid"], new["uuid"]}

    plain = sweep(signed_in, new, retire_after_days=1.0)
    assert is_due(signed_in, outs, plain)
    later(signed_in, hours=20.9)
    assert not is_due(signed_in, outs, wanted)
    later(signed_in, hours=0.2)
    assert is_due(signed_in, outs, wanted)
    updated(signed_in, outs, wanted)
    assert alive(signed_in) == {new["uuid"]}


def test_within_its_grace_a_key_stays_whether_it_is_used_or_not(
    signed_in: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Of one that is used the line of before is said, and none about waiting."""
    old, new, outs = rotated(signed_in, **A_DAY)
    later(signed_in, days=0.8)
    caplog.clear()
    assert not is_due(signed_in, outs, sweep(signed_in, new, **A_DAY))
    assert said(caplog) == []
    used(signed_in, old)

    assert not is_due(signed_in, outs, sweep(signed_in, new, **A_DAY))

    [line] = said(caplog)
    assert_names(line, "something still uses an older key", old["uuid"])
    assert old["uuid"] in alive(signed_in)


def test_our_own_use_keeps_a_key_for_the_run_that_replaced_it_and_not_longer(signed_in: World) -> None:
    """Without a grace: nobody can tell the rotation's use from another within the hour."""
    old, new, outs = rotated(signed_in, **UNUSED)
    wanted = sweep(signed_in, new, **UNUSED)
    assert alive(signed_in) == {old["uuid"], new["uuid"]}
    assert not is_due(signed_in, outs, wanted)

    later(signed_in, hours=1.1)

    assert is_due(signed_in, outs, wanted)
    updated(signed_in, outs, wanted)
    assert alive(signed_in) == {new["uuid"]}


def test_a_consumer_that_polls_keeps_a_key_that_has_no_grace(signed_in: World) -> None:
    """It used the old key two hours after the rotation, and then took the new one."""
    old, new, outs = rotated(signed_in, **UNUSED)
    wanted = sweep(signed_in, new, **UNUSED)
    later(signed_in, hours=2)
    used(signed_in, old)
    later(signed_in, hours=23.9)
    assert not is_due(signed_in, outs, wanted)
    later(signed_in, hours=0.2)
    assert is_due(signed_in, outs, wanted)


def test_a_key_that_nobody_ever_used_ends_when_its_grace_does(signed_in: World) -> None:
    """An earlier stack left it: the registry shows no use."""
    new = made_by(signed_in)
    signed_in.estate.zot.mint(signed_in.username, LABEL)
    second = made_by(signed_in, new["api_key"])

    PROVIDER.create(sweep(signed_in, second, **UNUSED))

    assert alive(signed_in) == {new["uuid"], second["uuid"]}


def test_the_listing_by_the_new_key_is_no_use_of_the_old_one(signed_in: World) -> None:
    """Looks and sweeps each hour do not keep it alive."""
    old, new, outs = rotated(signed_in, **UNUSED)
    wanted = sweep(signed_in, new, **UNUSED)
    before = signed_in.estate.zot.keys[old["uuid"]].last_used
    later(signed_in, hours=0.9)
    assert not is_due(signed_in, outs, wanted)
    outs = updated(signed_in, outs, wanted)

    assert signed_in.estate.zot.keys[old["uuid"]].last_used == before
    later(signed_in, hours=0.2)
    assert is_due(signed_in, outs, wanted)


def test_whatever_uses_it_it_ends_after_retire_at_most_days(signed_in: World) -> None:
    """Counted as the grace is, from when the last place let go of it."""
    settings: dict[str, Any] = {**A_DAY, "retire_at_most_days": 3.0}
    old, new, outs = rotated(signed_in, **settings)
    wanted = sweep(signed_in, new, **settings)
    later(signed_in, days=2.9)
    used(signed_in, old)
    assert not is_due(signed_in, outs, wanted)
    later(signed_in, days=0.11)
    used(signed_in, old)

    assert is_due(signed_in, outs, wanted)
    updated(signed_in, outs, wanted)
    assert alive(signed_in) == {new["uuid"]}


def test_a_key_that_has_expired_does_not_wait(signed_in: World) -> None:
    """Its own expiry is the limit where the settings have none: used an hour before it, it ends at once after it."""
    old, new, outs = rotated(signed_in, **A_DAY)
    later(signed_in, days=119.99)
    used(signed_in, old)
    # The current key is as old; what counts here is the old one's expiry.
    signed_in.estate.zot.keys[old["uuid"]].expires = signed_in.estate.clock.now()
    later(signed_in, minutes=1)

    assert is_due(signed_in, outs, sweep(signed_in, new, **A_DAY))


def test_an_order_ends_a_key_that_waits(signed_in: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """`rotate --keep-old 0` after a leak: the thief's use must not keep the key; nothing is remembered of it."""
    old, new, outs = rotated(signed_in, **A_DAY)
    later(signed_in, days=2)
    used(signed_in, old)
    newest = made_by(signed_in, new["api_key"])
    monkeypatch.setenv("ZOT_CI_KEEP_OLD", f"{signed_in.username}=0")

    outs = updated(signed_in, outs, sweep(signed_in, newest, **A_DAY))

    assert alive(signed_in) == {newest["uuid"]}
    assert outs["let_go"] == {}


@pytest.mark.parametrize(("name", "told"), [("zot-ci", 0), ("another", 1)])
def test_a_run_that_is_ordered_to_end_a_key_does_not_say_that_it_stays(
    name: str, told: int, signed_in: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An order is for one account."""
    old, new, outs = rotated(signed_in, **A_DAY)
    later(signed_in, days=2)
    used(signed_in, old)
    caplog.clear()
    monkeypatch.setenv("ZOT_CI_KEEP_OLD", f"{name}=0")

    is_due(signed_in, outs, sweep(signed_in, new, **A_DAY))

    assert len([line for line in said(caplog) if "24 hours" in line]) == told


def test_which_key_waits_used_when_and_until_when_is_said_once_in_a_preview(
    signed_in: World, caplog: pytest.LogCaptureFixture
) -> None:
    """And not a second time as one that something still holds."""
    settings: dict[str, Any] = {**A_DAY, "retire_at_most_days": 30.0}
    old, new, outs = rotated(signed_in, **settings)
    latest = signed_in.estate.clock.now()
    later(signed_in, days=2)
    moment = used(signed_in, old)
    later(signed_in, hours=2)
    caplog.clear()

    assert not is_due(signed_in, outs, sweep(signed_in, new, **settings))

    [line] = said(caplog)
    at_most = outs["let_go"][old["uuid"]][:10]
    assert at_most == f"{latest:%Y-%m-%d}"
    later(signed_in, days=28 - 2 / 24)
    assert_names(line, signed_in.username, old["uuid"], moment, "24 hours", to_the_minute(signed_in.estate.clock.now()))
    assert "perhaps" not in line


def test_without_a_limit_its_own_expiry_is_said(signed_in: World, caplog: pytest.LogCaptureFixture) -> None:
    """As a minute, like any time."""
    old, new, outs = rotated(signed_in, **A_DAY)
    later(signed_in, days=2)
    used(signed_in, old)
    caplog.clear()

    is_due(signed_in, outs, sweep(signed_in, new, **A_DAY))

    [line] = said(caplog)
    expires = signed_in.estate.zot.keys[old["uuid"]].expires
    assert expires is not None
    assert_names(line, to_the_minute(expires))


def test_the_up_that_keeps_a_key_says_so_and_that_the_use_may_be_its_own(
    signed_in: World, caplog: pytest.LogCaptureFixture
) -> None:
    """In one line, of a key without a grace."""
    old = made_by(signed_in)
    new = made_by(signed_in, old["api_key"])
    caplog.set_level(logging.INFO, "zot_ci")
    caplog.clear()

    PROVIDER.update(LABEL, swept(signed_in, old, **UNUSED), sweep(signed_in, new, **UNUSED))

    [line] = [line for line in said(caplog, logging.INFO) if old["uuid"] in line]
    assert_names(
        line, "zot", signed_in.username, ", perhaps by the run that replaced it; an up revokes it once", "24 hours"
    )


def test_uses_move_no_state(signed_in: World) -> None:
    """A preview would show each of them as a change."""
    old, _, outs = rotated(signed_in, **A_DAY)
    recorded = []
    for _ in range(3):
        later(signed_in, days=1)
        used(signed_in, old)
        recorded.append(outs_of(PROVIDER.read(LABEL, outs)))
        next_run(signed_in)

    assert recorded == [outs] * 3


def test_without_the_setting_a_use_is_recorded_once_and_not_again_each_day(signed_in: World) -> None:
    """The output `still_used` has it."""
    old, _, outs = rotated(signed_in, retire_after_days=7.0)
    later(signed_in, days=1)
    used(signed_in, old)
    first = outs_of(PROVIDER.read(LABEL, outs))
    next_run(signed_in)
    later(signed_in, days=1)
    used(signed_in, old)

    assert [line.partition(" ")[0] for line in first["still_used"]] == [old["uuid"]]
    assert outs_of(PROVIDER.read(LABEL, first)) == first


def test_a_state_from_before_reads_as_it_is_and_shows_nothing(
    signed_in: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Of a key in its grace it has label and age alone."""
    old, new, outs = rotated(signed_in, retire_after_days=7.0)
    fact = {"key": outs["stale"][0]["key"], "label": LABEL, "succeeded_days_ago": 0.0}
    before = {**outs, "stale": [fact]}
    caplog.clear()

    assert outs_of(PROVIDER.read(LABEL, before)) == before
    assert not planned(PROVIDER, LABEL, before, sweep(signed_in, new, retire_after_days=7.0)).changes
    assert said(caplog) == []
    assert old["uuid"] in alive(signed_in)


def test_switching_it_on_is_a_change_and_off_ends_what_waited(signed_in: World) -> None:
    """Today's settings count, in the same run."""
    old, new, outs = rotated(signed_in, retire_after_days=1.0)
    assert PROVIDER.diff(LABEL, outs, sweep(signed_in, new, **A_DAY)).changes
    outs = updated(signed_in, outs, sweep(signed_in, new, **A_DAY))
    later(signed_in, days=2)
    used(signed_in, old)
    assert not is_due(signed_in, outs, sweep(signed_in, new, **A_DAY))

    updated(signed_in, outs, sweep(signed_in, new, retire_after_days=1.0))

    assert alive(signed_in) == {new["uuid"]}


def by_hand(world: World, label: str = "by hand") -> Props:
    """A key that somebody made."""
    secret = world.estate.zot.mint(world.username, label, groups=[GROUP])
    held = world.estate.zot.key(secret)
    assert held is not None
    return {"api_key": secret, "uuid": held.uuid}


def test_an_older_key_of_an_exclusive_account_waits_as_ours_do_and_a_younger_one_ends(signed_in: World) -> None:
    """CI had the older one by hand until the takeover, and a job still holds it."""
    theirs = by_hand(signed_in)
    new = made_by(signed_in)
    settings: dict[str, Any] = {**A_DAY, "exclusive": True}
    wanted = sweep(signed_in, new, **settings)
    outs = outs_of(PROVIDER.create(wanted))
    next_run(signed_in)
    later(signed_in, days=2)
    used(signed_in, theirs)
    assert not is_due(signed_in, outs, wanted)
    younger = by_hand(signed_in)
    used(signed_in, younger)

    assert is_due(signed_in, outs, wanted)
    updated(signed_in, outs, wanted)
    assert alive(signed_in) == {theirs["uuid"], new["uuid"]}


def test_nothing_is_said_of_uses_while_the_registry_is_silent(
    signed_in: World, caplog: pytest.LogCaptureFixture
) -> None:
    """What the last look found may be weeks old."""
    old, new, outs = rotated(signed_in, **A_DAY)
    later(signed_in, days=2)
    used(signed_in, old)
    every = {**observed(PROVIDER, outs), "condition": "not checked: zot gave no answer"}
    caplog.clear()

    planned(PROVIDER, LABEL, every, sweep(signed_in, new, **A_DAY))

    assert [line for line in said(caplog) if "24 hours" in line] == []
