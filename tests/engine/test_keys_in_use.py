"""
`retireWhenUnused` on the real engine: an old key that something uses after its grace.
"""

from __future__ import annotations

import json

import pytest

from tests.engine.checks import assert_in_sync
from tests.engine.stack import Stack
from tests.engine.test_stack_script import script
from tests.world import World
from zot_ci.rotation import to_the_minute

pytestmark = [pytest.mark.embedded, pytest.mark.quickly]


def test_an_old_key_that_is_used_waits_without_drift_and_ends_a_day_after(world: World, in_sync: Stack) -> None:
    """Preview, `up` and `status` say which, used when, and by when it ends at the latest."""
    in_sync.configure(world.config(retireAfterDays=1, retireWhenUnused=True, retireAtMostDays=30))
    assert in_sync.up().code == 0
    old, uuid = world.field(), in_sync.outputs()[world.username]["uuid"]
    clock = world.estate.zot.clock
    clock.advance(days=91)
    assert in_sync.up().code == 0
    clock.advance(days=2)
    assert world.accepts(old)
    used_at = to_the_minute(clock.now())
    clock.advance(hours=2)

    preview = in_sync.preview()
    told = script(in_sync, "status", "--json")

    assert preview.code == 0, preview.text
    assert f"{uuid} created" in preview.text
    assert preview.text.count(f"stays, since it was used on {used_at}") == 1
    assert told.code == 0, told.text
    [account] = json.loads(told.text)["accounts"]
    [stale] = account["key"]["stale"]
    assert (stale["uuid"], stale["waits"], account["in_sync"]) == (uuid, True, True)
    assert stale["ends_at_the_latest"] > stale["ends_at"]
    assert in_sync.up().code == 0
    assert uuid in {key.uuid for key in world.estate.zot.of(world.username)}

    clock.advance(hours=23)
    assert in_sync.preview().code == 7
    assert in_sync.up().code == 0
    assert not world.accepts(old)
    assert_in_sync(world, in_sync)
