"""
The first `up`, whatever it finds.
"""

from __future__ import annotations

import pytest

from tests.engine.checks import assert_in_sync, paths
from tests.engine.stack import Stack
from tests.world import GROUP, World


def test_an_empty_estate_gets_account_key_field_and_secret(world: World, stack: Stack) -> None:
    """From nothing to a key that CI can use, by a headless login that leaves nothing behind."""
    run = stack.up()

    assert run.code == 0, run.text
    assert world.groups() == {GROUP}
    assert world.field() == world.secret()
    assert world.accepts(world.secret())
    assert_in_sync(world, stack)


def test_the_outputs_say_when_and_where_and_hold_no_secret(world: World, in_sync: Stack) -> None:
    """What a person or a job summary asks of a stack."""
    key = world.field()
    assert key is not None
    (listed,) = world.keys(key)

    account = in_sync.outputs()[world.username]

    assert account["uuid"] == listed["uuid"]
    assert account["label"] == f"zot-ci/test/{world.username}"
    assert account["created"][:19] == listed["createdAt"][:19]
    assert account["expires_on"] == listed["expirationDate"][:10]
    assert account["created"][:10] < account["rotates_on"] < account["expires_on"]
    assert account["access"] == "can create, cannot delete"
    assert account["published_to"] == [
        "1Password blumeops/Forgejo Secrets/zot-ci-api",
        "Forgejo eblume/blumeops/ZOT_CI_API_KEY",
    ]
    assert account["other_keys"] == []
    assert key not in str(account)


def test_a_key_made_by_hand_is_taken_over_without_a_login(world: World, stack: Stack, signed_in: World) -> None:
    """The key in the field mints the first one of ours; CI's old key goes on working until somebody ends it."""
    world.make_account(GROUP)
    by_hand = world.key_made_by_hand()
    world.set_field(by_hand)
    world.estate.log.clear()

    run = stack.up()

    assert run.code == 0, run.text
    assert not [path for path in paths(world, "authentik") if "/flows/" in path or "set_password" in path]
    assert world.field() != by_hand
    assert world.accepts(by_hand)
    assert_in_sync(world, stack)
    (other,) = stack.outputs()[world.username]["other_keys"]
    assert other.startswith("by hand (")


def test_an_existing_account_is_adopted_and_left_standing(world: World, stack: Stack) -> None:
    """Only what is wanted is changed: the groups. The name that somebody gave it stays, and a destroy leaves it."""
    world.make_account(GROUP, "admins")

    assert stack.up().code == 0
    account = world.account()
    assert account is not None
    assert account["name"] == "Made by hand"
    assert world.groups() == {GROUP}
    assert_in_sync(world, stack)

    assert stack.destroy().code == 0
    assert world.account() is not None


def test_a_stack_without_its_state_takes_over_from_the_key_in_the_field(
    world: World, in_sync: Stack, second: Stack
) -> None:
    """State lost: the next stack of that name mints from the field, publishes, and retires the lost one's key."""
    lost = world.field()
    world.estate.log.clear()

    run = second.up()

    assert run.code == 0, run.text
    assert not world.accepts(lost)
    assert_in_sync(world, second)


@pytest.mark.embedded
def test_a_preview_changes_nothing_anywhere(world: World, stack: Stack) -> None:
    """Before the first `up` it does not even ask."""
    before = world.estate.onepassword.item("blumeops", "Forgejo Secrets").seen()

    run = stack.preview()

    assert run.code == 7, run.text
    assert world.account() is None
    assert world.secret() is None
    assert world.estate.onepassword.item("blumeops", "Forgejo Secrets").seen() == before
