"""
Every drift of the design's table: `preview` says it in words on the right resource, and one `up` reconciles it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from _pytest.mark.structures import ParameterSet

from tests.choice import some
from tests.engine.checks import assert_in_sync
from tests.engine.stack import Stack
from tests.world import GROUP, OWNER, REPOSITORY, SECRET, World

pytestmark = pytest.mark.quickly


def _key(world: World) -> str:
    key = world.field()
    assert key is not None
    return key


def _delete_secret(world: World) -> None:
    world.estate.forgejo.delete_value(OWNER, REPOSITORY, SECRET)


def _make_secret_again(world: World) -> None:
    world.estate.world.clock.advance(hours=1)
    _delete_secret(world)
    world.estate.forgejo.set_value(OWNER, REPOSITORY, SECRET, "somebody's")


def _revoke(world: World) -> None:
    key = _key(world)
    world.revoke(key, min(world.keys(key), key=lambda listed: str(listed["createdAt"]))["uuid"])


def _leave_a_newer_key(world: World) -> None:
    world.mint_by(_key(world), f"zot-ci/test/{world.username}")


@dataclass(frozen=True)
class Drift:
    """
    What somebody did, and what a preview must say of it on which resource.
    """

    by_hand: Callable[[World], None]
    resource: str
    words: str


DRIFTS = {
    "account_gone": Drift(
        lambda world: world.delete_account(), "service-account", "not found: authentik shows no account"
    ),
    "account_inactive": Drift(
        lambda world: world.change_account(is_active=False), "service-account", "is_active    : false => true"
    ),
    "account_of_other_type": Drift(
        lambda world: world.change_account(type="internal"), "service-account", '"internal" => "service_account"'
    ),
    "account_renamed": Drift(
        lambda world: world.change_account(username=f"{world.username}-old"), "service-account", "renamed to "
    ),
    "group_missing": Drift(lambda world: world.leave(GROUP), "service-account", f'[0]: "{GROUP}"'),
    "group_too_many": Drift(lambda world: world.join("admins"), "service-account", '"admins"'),
    "key_revoked": Drift(_revoke, "api-key", "refused by the registry: revoked"),
    "field_edited": Drift(
        lambda world: world.set_field("edited"), "item-field", "holds another value than the current key"
    ),
    "field_gone": Drift(
        lambda world: world.set_field(None), "item-field", "not found: the item has no field zot-ci-api"
    ),
    "secret_gone": Drift(_delete_secret, "actions-secret", "not found: the repository has no such secret any more"),
    "secret_made_again": Drift(_make_secret_again, "actions-secret", "deleted and made again elsewhere on "),
    "newer_key": Drift(_leave_a_newer_key, "api-key", "a newer key has our label: "),
}


def drifts() -> list[ParameterSet]:
    """Return some of each resource's."""
    return some("drifts", DRIFTS, 4, by=lambda _, drift: [drift.resource])


@pytest.mark.parametrize("drift", drifts())
def test_a_drift_is_said_in_words_and_reconciled_by_one_up(drift: Drift, world: World, in_sync: Stack) -> None:
    """Exit code 7, the words, on that resource and in the plain preview too; then one `up`, and nothing is left."""
    drift.by_hand(world)

    preview = in_sync.preview()

    assert preview.code == 7, preview.text
    assert drift.words in _step(preview.text, f"{world.username}-{drift.resource}")
    up = in_sync.up()
    assert up.code == 0, up.text
    assert world.groups() == {GROUP}
    assert_in_sync(world, in_sync)


def test_all_drifts_at_once_are_reconciled_by_one_up(world: World, in_sync: Stack) -> None:
    """Nothing is left of the old key to mint with: the account is reconciled, and a login makes the new one."""
    _leave_a_newer_key(world)
    _revoke(world)
    world.leave(GROUP)
    world.join("admins")
    world.change_account(is_active=False)
    world.set_field("edited")
    _delete_secret(world)

    preview = in_sync.preview()
    up = in_sync.up()

    assert preview.code == 7
    assert "refused by the registry: revoked" in preview.text
    assert "holds another value" in preview.text
    assert "no such secret any more" in preview.text
    assert up.code == 0, up.text
    assert world.groups() == {GROUP}
    assert_in_sync(world, in_sync)


def test_a_key_that_may_delete_is_replaced_by_a_login(world: World, in_sync: Stack, signed_in: World) -> None:
    """zot gave it another group's rights at a login; only a new login takes them away."""
    world.join("admins")
    world.key_made_by_hand("by an admin")
    world.leave("admins")

    preview = in_sync.preview()

    assert preview.code == 7
    assert "can delete, which the settings do not expect" in preview.text

    up = in_sync.up()

    assert up.code == 0, up.text
    assert_in_sync(world, in_sync)
    assert in_sync.outputs()[world.username]["access"] == "can create, cannot delete"


def test_a_stranger_s_key_and_fields_are_never_touched(world: World, in_sync: Stack) -> None:
    """Only our label, only our field."""
    others = world.estate.onepassword.other_fields("blumeops", "Forgejo Secrets", "zot-ci-api")
    stranger = world.mint_by(_key(world), "somebody's")
    world.set_field("edited")

    up = in_sync.up()

    assert up.code == 0, up.text
    assert stranger["uuid"] in {listed["uuid"] for listed in world.keys(_key(world))}
    assert world.estate.onepassword.other_fields("blumeops", "Forgejo Secrets", "zot-ci-api") == others
    assert world.estate.onepassword.puts == 0


def _step(text: str, resource: str) -> str:
    """
    Return the part of a `--diff` preview that plans a step on *resource*.
    """
    planned = text.partition("pulumi:pulumi:Stack: (same)")[2]
    start = planned.index(f"::{resource}")
    end = planned.find("pulumi-python:dynamic/", start)
    return planned[start:end]
