"""
Several places for one key, and the settings that decide when an old one ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.engine.checks import assert_in_sync, paths
from tests.engine.stack import Stack
from tests.world import FIELD, GROUP, ITEM, OWNER, REPOSITORY, SECRET, VAULT, World

pytestmark = [pytest.mark.embedded, pytest.mark.quickly]

COPY = "zot-ci-api-copy"
REPOSITORY_SECRET = {"repository": f"{OWNER}/{REPOSITORY}", "secret": SECRET}


def _copy(world: World) -> str | None:
    return world.estate.onepassword.field(VAULT, ITEM, COPY)


def _reconfigure(world: World, stack: Stack, **account: Any) -> None:
    stack.configure(world.config(**account))


def _without_authentik(world: World, stack: Stack, **account: Any) -> Mapping[str, Any]:
    config = world.config(**account)
    del config["zot-ci:authentik"], config["zot-ci:accounts"][0]["groups"]
    stack.configure(config)
    return config


def test_one_key_serves_repository_organization_user_and_two_fields(world: World, stack: Stack) -> None:
    """Each place gets it, a rotation reaches each, a destroy clears each."""
    forgejo = world.estate.forgejo
    forgejo.add_org("acme", owners=(OWNER,))
    stack.env["FORGEJO_TOKEN"] = forgejo.add_token(OWNER, ("write:repository", "write:organization", "write:user"))
    targets = [REPOSITORY_SECRET, {"organization": "acme", "secret": SECRET}, {"user": True, "secret": SECRET}]
    fields = [{"vault": VAULT, "item": ITEM, "field": name} for name in (FIELD, COPY)]
    _reconfigure(world, stack, forgejo=targets, onepassword=fields)

    def everywhere() -> set[str | None]:
        org, user = forgejo.org_value("acme", SECRET), forgejo.user_value(OWNER, SECRET)
        return {world.field(), _copy(world), world.secret(), org, user}

    assert stack.up().code == 0
    assert everywhere() == {world.field()}
    assert_in_sync(world, stack)
    assert stack.outputs()[world.username]["published_to"] == [
        f"1Password {VAULT}/{ITEM}/{FIELD}",
        f"1Password {VAULT}/{ITEM}/{COPY}",
        f"Forgejo acme/{SECRET}",
        f"Forgejo {OWNER}/{REPOSITORY}/{SECRET}",
        f"Forgejo user/{SECRET}",
    ]

    old = world.field()
    world.estate.zot.clock.advance(days=91)
    assert stack.up().code == 0
    assert everywhere() == {world.field()} != {old}
    assert_in_sync(world, stack)

    assert stack.destroy().code == 0
    assert everywhere() == {None}


def test_a_place_that_refuses_is_named_and_no_key_that_it_may_hold_is_ended(world: World, stack: Stack) -> None:
    """The organization's secret cannot be written: the others get the key, the old one lives."""
    forgejo = world.estate.forgejo
    forgejo.add_org("acme", owners=(OWNER,))
    stack.env["FORGEJO_TOKEN"] = forgejo.add_token(OWNER, ("write:repository", "write:organization"))
    targets = [REPOSITORY_SECRET, {"organization": "acme", "secret": SECRET}]
    _reconfigure(world, stack, forgejo=targets)
    assert stack.up().code == 0
    old = world.field()
    world.estate.zot.clock.advance(days=91)
    stack.env["FORGEJO_TOKEN"] = forgejo.add_token(OWNER, ("write:repository", "read:organization"))

    run = stack.up()

    assert run.code != 0
    assert "Forgejo PUT /api/v1/orgs/acme/actions/secrets/ZOT_CI_API_KEY answered 403 for acme" in run.text
    assert forgejo.org_value("acme", SECRET) == old
    assert world.accepts(old)


def test_fields_that_change_places_both_keep_the_key(world: World, stack: Stack) -> None:
    """The store of record and its copy are swapped: neither is taken away as the other's old place."""
    fields = [{"vault": VAULT, "item": ITEM, "field": name} for name in (FIELD, COPY)]
    _reconfigure(world, stack, onepassword=fields)
    assert stack.up().code == 0
    _reconfigure(world, stack, onepassword=fields[::-1])

    assert stack.up().code == 0

    assert world.field() == _copy(world)
    assert_in_sync(world, stack)


def test_an_account_that_is_no_longer_ours_is_said_not_to_be_watched(world: World, in_sync: Stack) -> None:
    """The preview says so, and shows that its resource goes. The account itself stays: its key is alive and in use."""
    _without_authentik(world, in_sync)

    preview, up = in_sync.preview(), in_sync.up()

    assert "the account zot-ci and its groups are not watched: no groups in the settings" in preview.text
    assert "- pulumi-python:dynamic/authentik:ServiceAccount: (delete)" in preview.text
    assert up.code == 0, up.text
    assert f"left account {world.username}" in up.text
    assert world.account() is not None
    assert_in_sync(world, in_sync)


def test_an_account_of_somebody_else_s_keeps_its_key_fresh(world: World, stack: Stack, signed_in: World) -> None:
    """Only a key made by hand, and no authentik in the settings."""
    world.make_account(GROUP)
    world.set_field(world.key_made_by_hand())
    _without_authentik(world, stack)
    del stack.env["AUTHENTIK_TOKEN"]
    world.estate.log.clear()

    assert stack.up().code == 0
    world.estate.zot.clock.advance(days=91)
    assert stack.up().code == 0

    assert paths(world, "authentik") == []
    assert_in_sync(world, stack)


def test_without_authentik_and_without_a_live_key_the_way_by_hand_is_told(world: World, stack: Stack) -> None:
    """One line, and nothing is made."""
    _without_authentik(world, stack)

    run = stack.up()

    assert run.code != 0
    assert "generate a key in the registry's web page, paste it into the 1Password field, and run again" in run.text
    assert world.field() is None


def test_a_rotation_that_is_paused_leaves_an_old_key_alone(world: World, in_sync: Stack) -> None:
    """0 days: no rotation by age, until the pause ends."""
    _reconfigure(world, in_sync, rotateAfterDays=0)
    assert in_sync.up().code == 0
    key = world.field()
    world.estate.zot.clock.advance(days=100)

    assert_in_sync(world, in_sync)
    assert in_sync.outputs()[world.username]["rotates_on"] == "never: rotation is paused"
    _reconfigure(world, in_sync, rotateAfterDays=90)
    assert in_sync.up().code == 0
    assert world.field() != key


def test_another_text_for_rotation_rotates_now_and_once(world: World, in_sync: Stack) -> None:
    """In the style of keepers."""
    old = world.field()
    _reconfigure(world, in_sync, rotation="leaked in a log, 2026-11-24")

    preview = in_sync.preview()
    up = in_sync.up()

    assert preview.code == 7
    assert '"leaked in a log, 2026-11-24"' in preview.text
    assert up.code == 0
    assert not world.accepts(old)
    assert_in_sync(world, in_sync)


def test_an_old_key_lives_on_for_its_days_and_says_who_still_uses_it(world: World, in_sync: Stack) -> None:
    """No drift meanwhile; a use after the rotation is told; when the days are over, `up` ends it."""
    _reconfigure(world, in_sync, retireAfterDays=7)
    assert in_sync.up().code == 0
    old = world.field()
    world.estate.zot.clock.advance(days=91)
    assert in_sync.up().code == 0
    assert world.field() != old

    world.estate.zot.clock.advance(days=3)
    quiet = in_sync.preview()
    assert quiet.code == 0, quiet.text
    assert "still uses an older key" not in quiet.text
    assert world.accepts(old)
    told = in_sync.preview()
    assert told.code == 0
    assert "was used on" in told.text
    assert "something still uses an older key" in told.text

    world.estate.zot.clock.advance(days=5)
    due = in_sync.preview()
    assert due.code == 7
    assert "1 stale key with our label: " in due.text
    assert in_sync.up().code == 0
    assert not world.accepts(old)
    assert_in_sync(world, in_sync)


def test_places_that_a_new_account_has_and_the_run_leaves_out_keep_their_key(world: World, in_sync: Stack) -> None:
    """
    The engine tells the providers nothing of what `--exclude` names, and clears away what the old account had; its key
    stays in the state until no place has it.
    """
    _reconfigure(world, in_sync, username="zot-next")
    old = world.field()

    run = in_sync.up("--exclude", "**zot-next-**")

    assert run.code == 1, run.text
    assert "a plain `pulumi up` revokes it" in run.text
    assert world.field() == world.secret() == old
    assert world.accepts(old)
    assert in_sync.up().code == 0
    assert not world.accepts(old)
    world.username = "zot-next"
    assert_in_sync(world, in_sync)


def test_a_key_that_moves_to_another_url_alone_leaves_the_old_one_in_its_places(world: World, in_sync: Stack) -> None:
    """
    `up --target` of the key shows the provider no place, and the program knows what the state says of them. The next
    run finishes it.
    """
    config = world.config()
    config["zot-ci:zot"] = {"url": world.zot_url.replace("127.0.0.1", "localhost")}
    in_sync.configure(config)

    run = in_sync.up("--target", in_sync.urns()["zot-ci-api-key"])

    assert run.code == 1, run.text
    assert "which is still needed in 1Password" in run.text
    assert world.keys(world.field() or "")
    assert world.field() == world.secret()
    assert in_sync.up().code == 0
    assert_in_sync(world, in_sync)
