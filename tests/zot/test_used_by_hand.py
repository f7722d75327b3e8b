"""
Keys of other labels that something uses after the current key was published: a consumer that was forgotten, or a secret
that somebody overwrote. By the embedded registry's clock.
"""

from __future__ import annotations

import pytest

from tests.dynamic.wanted import LABEL, made_by, next_run, outs_of, planned, sweep, swept
from tests.messages import assert_names
from tests.world import GROUP, World
from zot_ci.dynamic.provider import Props
from zot_ci.rotation import to_the_minute
from zot_ci.zot.retired_keys import RetiredKeysProvider

pytestmark = pytest.mark.embedded

PROVIDER = RetiredKeysProvider()


def later(world: World, **passed: float) -> None:
    """The registry's clock goes on."""
    world.estate.clock.advance(**passed)


def used(world: World, key: Props) -> str:
    """Something uses the key now; when that is, as messages write it."""
    assert world.accepts(key["api_key"])
    return to_the_minute(world.estate.clock.now())


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What is said of keys of others that are in use."""
    return [record.getMessage() for record in caplog.records if "something uses" in record.getMessage()]


def by_hand(world: World, label: str = "by hand") -> Props:
    """A key that somebody made."""
    secret = world.estate.zot.mint(world.username, label, groups=[GROUP])
    held = world.estate.zot.key(secret)
    assert held is not None
    return {"api_key": secret, "uuid": held.uuid}


@pytest.mark.parametrize(
    ("label", "hours", "told"),
    [
        ("by hand", 2.0, True),
        ("", 2.0, True),
        ("zot-ci/other/zot-ci-2", 2.0, True),
        ("zot-ci/other/zot-ci", 2.0, False),
        ("by hand", 0.5, False),
    ],
    ids=["by hand", "no label", "of another account", "of another stack", "within the hour of its publication"],
)
def test_a_key_of_others_that_is_used_after_the_current_one_was_published_is_told(
    label: str, hours: float, told: bool, signed_in: World, caplog: pytest.LogCaptureFixture
) -> None:
    """A consumer that was forgotten, or a secret overwritten; it is no drift, and no state moves for it."""
    theirs = by_hand(signed_in, label)
    used(signed_in, theirs)
    new = made_by(signed_in)
    outs = outs_of(PROVIDER.read(LABEL, swept(signed_in, new)))
    later(signed_in, hours=hours)
    moment = used(signed_in, theirs)
    next_run(signed_in)
    caplog.clear()

    seen = outs_of(PROVIDER.read(LABEL, outs))
    changes = planned(PROVIDER, LABEL, seen, sweep(signed_in, new)).changes

    assert (seen, changes) == (outs, False)
    lines = said(caplog)
    assert len(lines) == told
    for line in lines:
        assert_names(line, "another key of zot-ci, by hand", f"last on {moment}", theirs["uuid"])


def test_several_keys_of_others_are_one_sentence(signed_in: World, caplog: pytest.LogCaptureFixture) -> None:
    """With the last use of all."""
    new = made_by(signed_in)
    outs = swept(signed_in, new)
    hands = [by_hand(signed_in, label) for label in ("a", "b")]
    moments = []
    for hand in hands:
        later(signed_in, hours=2)
        moments.append(used(signed_in, hand))
    caplog.clear()

    next_run(signed_in)
    planned(PROVIDER, LABEL, outs_of(PROVIDER.read(LABEL, outs)), sweep(signed_in, new))

    [line] = said(caplog)
    assert_names(line, "2 other keys of zot-ci", moments[-1], *(hand["uuid"] for hand in hands))
    hint = "a consumer was forgotten, or a secret was overwritten: give it the key in 1Password, then revoke the other"
    assert line.endswith(f"; {hint}")
