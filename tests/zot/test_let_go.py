"""
The grace of an older key begins when the last place lets go of it, however long ago its successor was made.

A run that died, or that a place gave no answer, leaves a key that no place has, or not every one. Counted from that
key's birth, the one that CI works with would be past its grace at the very moment when it is replaced.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.dynamic.wanted import LABEL, made_by, next_run, outs_of, planned, sweep, swept
from tests.world import World
from zot_ci.dynamic.provider import Props
from zot_ci.zot.retired_keys import RetiredKeysProvider

pytestmark = pytest.mark.embedded

PROVIDER = RetiredKeysProvider()
A_DAY: dict[str, Any] = {"retire_after_days": 1.0}


def updated(world: World, olds: Props, news: Props) -> Props:
    """What is recorded after a sweep."""
    outs = outs_of(PROVIDER.update(LABEL, olds, news))
    next_run(world)
    return outs


def three_keys(world: World) -> tuple[Props, Props, Props]:
    """The one that every place had, the one of a run that did not serve them all, and that of today."""
    held = made_by(world)
    world.estate.clock.advance(days=1.5)
    lost = made_by(world, held["api_key"])
    world.estate.clock.advance(days=1.5)
    return held, lost, made_by(world, held["api_key"])


def test_a_key_that_was_held_until_now_has_its_whole_grace(signed_in: World) -> None:
    """And the one in between, which a place may have had; both end when that is over, as a preview says."""
    held, lost, new = three_keys(signed_in)
    wanted = sweep(signed_in, new, **A_DAY)

    outs = updated(signed_in, swept(signed_in, held, **A_DAY), wanted)

    assert set(signed_in.estate.zot.keys) == {held["uuid"], lost["uuid"], new["uuid"]}
    signed_in.estate.clock.advance(days=0.9)
    seen = outs_of(PROVIDER.read(LABEL, outs))
    assert not planned(PROVIDER, LABEL, seen, wanted).changes
    next_run(signed_in)
    signed_in.estate.clock.advance(days=0.2)
    seen = outs_of(PROVIDER.read(LABEL, outs))
    assert planned(PROVIDER, LABEL, seen, wanted).changes
    assert "2 stale keys with our label" in seen["condition"]
    left = updated(signed_in, seen, wanted)
    assert set(signed_in.estate.zot.keys) == {new["uuid"]}
    assert left["let_go"] == {}


def test_without_a_grace_all_of_them_end_at_once(signed_in: World) -> None:
    """Nothing is remembered of them."""
    held, _, new = three_keys(signed_in)

    outs = updated(signed_in, swept(signed_in, held), sweep(signed_in, new))

    assert set(signed_in.estate.zot.keys) == {new["uuid"]}
    assert outs["let_go"] == {}


def test_what_was_let_go_before_is_not_let_go_again(signed_in: World) -> None:
    """A rotation each day, with a grace of two: each key ends two days after it was replaced."""
    two: dict[str, Any] = {"retire_after_days": 2.0}
    keys = [made_by(signed_in)]
    state = swept(signed_in, keys[0], **two)
    alive = []
    for _ in range(4):
        signed_in.estate.clock.advance(days=1.01)
        keys.append(made_by(signed_in, keys[-1]["api_key"]))
        state = updated(signed_in, state, sweep(signed_in, keys[-1], **two))
        alive.append([key["uuid"] in signed_in.estate.zot.keys for key in keys])

    assert alive == [[True] * 2, [True] * 3, [False, *[True] * 3], [False, False, *[True] * 3]]


def test_a_run_that_left_a_place_behind_does_not_forget_what_the_others_had(signed_in: World) -> None:
    """One place goes from the first key to the third while another still has the second; the next run sweeps."""
    held, lost, new = three_keys(signed_in)
    behind = {"1Password": new["uuid"], "Forgejo": lost["uuid"]}
    state = updated(signed_in, swept(signed_in, held, **A_DAY), sweep(signed_in, new, held=behind, **A_DAY))
    signed_in.estate.clock.advance(days=0.5)

    state = updated(signed_in, state, sweep(signed_in, new, **A_DAY))

    assert set(signed_in.estate.zot.keys) == {held["uuid"], lost["uuid"], new["uuid"]}
    assert state["swept_uuid"] == new["uuid"]
    signed_in.estate.clock.advance(days=1.1)
    updated(signed_in, state, sweep(signed_in, new, **A_DAY))
    assert set(signed_in.estate.zot.keys) == {new["uuid"]}


def test_a_first_sweep_comes_late_for_a_key_that_somebody_made_by_hand(signed_in: World) -> None:
    """An exclusive account whose first `up` could not serve every place: CI had the key by hand until today."""
    signed_in.estate.zot.mint(signed_in.username, "by hand")
    new = made_by(signed_in)
    signed_in.estate.clock.advance(days=3)
    wanted = sweep(signed_in, new, exclusive=True, **A_DAY)

    outs = outs_of(PROVIDER.create(wanted))

    assert len(signed_in.estate.zot.keys) == 2
    next_run(signed_in)
    signed_in.estate.clock.advance(days=1.1)
    updated(signed_in, outs, wanted)
    assert set(signed_in.estate.zot.keys) == {new["uuid"]}
