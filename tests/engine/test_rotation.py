"""
A rotation: when, in which order, and what a failure half-way leaves.
"""

from __future__ import annotations

import pytest
import stamina

from tests.engine.checks import assert_in_sync, calls
from tests.engine.stack import Stack
from tests.world import World

# 8.6 seconds and 14 minutes: for servers whose clock cannot be moved, the limit is.
SOON = {"rotateAfterDays": 0.0001, "expireAfterDays": 0.01}

pytestmark = pytest.mark.quickly


class _TooYoungError(Exception):
    pass


def wait_until_older(world: World, days: float) -> None:
    """
    Ask the registry until the current key is older than *days* by its clock; moves that clock where it can be moved.
    """
    if world.is_embedded:
        world.estate.zot.clock.advance(days=days)
        return
    for attempt in stamina.retry_context(on=_TooYoungError, attempts=None, timeout=60, wait_max=1):
        with attempt:
            if world.age_days() <= days:
                raise _TooYoungError


@pytest.mark.embedded
def test_a_key_past_its_days_is_replaced_once(world: World, in_sync: Stack) -> None:
    """The preview says how old, `up` rotates, the old key is refused, and the day after nothing happens."""
    old = world.field()
    world.estate.zot.clock.advance(days=91)

    preview = in_sync.preview()
    up = in_sync.up()

    assert preview.code == 7
    assert '"91 days old, rotates after 90" => "current"' in preview.text
    assert up.code == 0, up.text
    assert not world.accepts(old)
    assert_in_sync(world, in_sync)
    world.estate.zot.clock.advance(days=89)
    assert_in_sync(world, in_sync)


@pytest.mark.embedded
def test_a_rotation_mints_stores_publishes_and_only_then_revokes(world: World, in_sync: Stack) -> None:
    """The order, from the systems' own logs; authentik logs nobody in."""
    world.estate.zot.clock.advance(days=91)
    world.estate.log.clear()

    assert in_sync.up().code == 0

    asked = calls(world, "authentik", "zot", "onepassword", "forgejo")
    steps = [call for call in asked if call.startswith(("POST", "PATCH", "PUT /api", "DELETE /zot"))]
    assert [step.split("/")[0] + step.rsplit("/")[-1] for step in steps] == [
        "POST apikey",
        f"PATCH {world.estate.onepassword.item('blumeops', 'Forgejo Secrets').id}",
        "PUT ZOT_CI_API_KEY",
        "DELETE apikey",
    ]


def test_a_lowered_limit_counts_in_the_same_run(world: World, in_sync: Stack) -> None:
    """The facts of the last read are judged by today's settings, and the next run sees no change."""
    old = world.field()
    in_sync.configure(world.config(**SOON))
    wait_until_older(world, SOON["rotateAfterDays"])

    up = in_sync.up()

    assert up.code == 0, up.text
    assert world.field() != old
    assert not world.accepts(old)
    assert world.accepts(world.secret())


@pytest.mark.embedded
def test_a_publisher_that_fails_half_way_is_finished_without_a_second_key(world: World, in_sync: Stack) -> None:
    """Forgejo refuses: the old key lives, the error is one line; the next `up` publishes the same new key."""
    old = world.field()
    world.estate.zot.clock.advance(days=91)
    in_sync.env["FORGEJO_TOKEN"] = world.estate.forgejo.add_token("eblume", ("read:repository",))

    failed = in_sync.up()

    assert failed.code != 0
    assert "Forgejo PUT /api/v1/repos/eblume/blumeops/actions/secrets/ZOT_CI_API_KEY answered 403" in failed.text
    assert "Traceback" not in failed.text
    new = world.field()
    assert new != old
    assert world.secret() == old
    assert world.accepts(old)
    in_sync.env["FORGEJO_TOKEN"] = world.env["FORGEJO_TOKEN"]
    assert in_sync.up().code == 0
    assert world.field() == new
    assert not world.accepts(old)
    assert_in_sync(world, in_sync)


def test_a_tainted_key_is_replaced_by_the_next_up(world: World, in_sync: Stack) -> None:
    """Rotate now."""
    old = world.field()
    tainted = in_sync.pulumi("state", "taint", in_sync.urns()[f"{world.username}-api-key"], "--yes")
    assert tainted.code == 0, tainted.text

    assert in_sync.up().code == 0

    assert not world.accepts(old)
    assert_in_sync(world, in_sync)


def test_an_up_for_the_key_alone_ends_no_key_that_is_still_published(world: World, in_sync: Stack) -> None:
    """`--target` leaves the field and the secret behind: the old key must live until a full `up`."""
    old = world.secret()
    urn = in_sync.urns()[f"{world.username}-api-key"]
    assert in_sync.pulumi("state", "taint", urn, "--yes").code == 0

    run = in_sync.up("--target", urn)

    assert run.code == 0, run.text
    assert world.accepts(old)
    assert in_sync.outputs()[world.username]["published_to"] == []
    assert in_sync.up().code == 0
    assert not world.accepts(old)
    assert_in_sync(world, in_sync)


def test_a_destroy_takes_away_what_was_made_and_nothing_else(world: World, in_sync: Stack) -> None:
    """Secret, field, key and account go; the item's other fields stay."""
    key = world.secret()
    others = world.estate.onepassword.other_fields("blumeops", "Forgejo Secrets", "zot-ci-api")

    run = in_sync.destroy()

    assert run.code == 0, run.text
    assert world.secret() is None
    assert world.field() is None
    assert world.account() is None
    assert not world.accepts(key)
    assert world.estate.onepassword.other_fields("blumeops", "Forgejo Secrets", "zot-ci-api") == others
