"""
Old keys that stay alive for some days after a rotation, and those that something still uses.
"""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest

from tests.dynamic.wanted import LABEL, made_by, next_run, outs_of, planned, sweep, swept, writes
from tests.messages import assert_names
from tests.world import World
from zot_ci.dynamic.provider import Props
from zot_ci.zot.retired_keys import RetiredKeysProvider

pytestmark = pytest.mark.embedded

PROVIDER = RetiredKeysProvider()


def rotated(world: World) -> tuple[Props, Props]:
    """A key and its successor, of now."""
    old = made_by(world)
    return old, made_by(world, old["api_key"])


@pytest.mark.parametrize(("days", "ends"), [(0.0, False), (6.9, False), (7.1, True)])
def test_old_keys_end_when_the_current_one_is_old_enough(days: float, ends: bool, signed_in: World) -> None:
    """Seen as drift on that day, and not before."""
    old, new = rotated(signed_in)
    wanted = sweep(signed_in, new, retire_after_days=7.0)
    signed_in.estate.clock.advance(days=days)

    seen = outs_of(PROVIDER.read(LABEL, swept(signed_in, new, retire_after_days=7.0)))
    assert PROVIDER.diff(LABEL, seen, wanted).changes is ends
    assert (seen["condition"] != "current") is ends
    PROVIDER.update(LABEL, seen, wanted)

    assert (old["uuid"] not in signed_in.estate.zot.keys) is ends
    assert new["uuid"] in signed_in.estate.zot.keys


def test_today_s_settings_decide_when_an_old_key_ends(signed_in: World) -> None:
    """Taken back to 0 in the stack file, it counts in the same run."""
    _, new = rotated(signed_in)
    seen = outs_of(PROVIDER.read(LABEL, swept(signed_in, new, retire_after_days=7.0)))
    next_run(signed_in)

    difference = PROVIDER.diff(LABEL, seen, sweep(signed_in, new))

    assert difference.changes
    assert writes(signed_in) == []


@pytest.mark.parametrize(("hours", "told"), [(0.5, False), (30.0, True)])
def test_an_old_key_that_something_still_uses_is_told(
    hours: float, told: bool, signed_in: World, caplog: pytest.LogCaptureFixture
) -> None:
    """The rotation's own use of it, within the hour, is none."""
    old, new = rotated(signed_in)
    caplog.clear()
    signed_in.estate.clock.advance(hours=hours)
    assert signed_in.accepts(old["api_key"])

    wanted = sweep(signed_in, new, retire_after_days=7.0)
    seen = outs_of(PROVIDER.read(LABEL, swept(signed_in, new, retire_after_days=7.0)))
    planned(PROVIDER, LABEL, seen, wanted)

    day = f"{signed_in.estate.clock.now():%Y-%m-%d}"
    assert len(seen["still_used"]) == told
    said = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    warnings = [line for line in said if "its clock" not in line]
    assert len(warnings) == told
    for line in (*seen["still_used"], *warnings):
        assert_names(line, old["uuid"], day)
    assert all("zot-ci" in line for line in warnings)


def test_each_stale_key_waits_for_its_own_successor_s_age(signed_in: World) -> None:
    """A grace that is longer than the rotation: counted from the newest key's birth, no old one would ever end."""
    keys = [made_by(signed_in)]
    for _ in range(3):
        signed_in.estate.clock.advance(days=2)
        keys.append(made_by(signed_in, keys[-1]["api_key"]))

    PROVIDER.update(LABEL, swept(signed_in, keys[-2]), sweep(signed_in, keys[-1], retire_after_days=3.0))

    # Succeeded four days ago, two days ago, now: only the first one's grace is over.
    assert set(signed_in.estate.zot.keys) == {key["uuid"] for key in keys[1:]}


def test_an_older_stale_key_waits_as_well(signed_in: World) -> None:
    """A place that nobody told us of may hold it."""
    _, new = rotated(signed_in)
    signed_in.estate.zot.mint("zot-ci", LABEL, age=timedelta(days=30))

    PROVIDER.create(sweep(signed_in, new, retire_after_days=7.0))

    assert len(signed_in.estate.zot.keys) == 3


def test_an_alias_of_the_same_registry_does_not_cost_the_new_key_while_old_ones_stay(signed_in: World) -> None:
    """The old key is alive then, and by its old address it takes the new one for a stale key."""
    old = made_by(signed_in)
    alias = signed_in.zot_url.replace("127.0.0.1", "localhost")
    new = made_by(signed_in, old["api_key"], zot_url=alias)

    PROVIDER.update(LABEL, swept(signed_in, old), sweep(signed_in, new, zot_url=alias, retire_after_days=7.0))

    assert set(signed_in.estate.zot.keys) == {old["uuid"], new["uuid"]}
