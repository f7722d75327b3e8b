"""
What docs/rotation.md and docs/takeover.md tell the person on call to do, done.
"""

from __future__ import annotations

import pytest

from tests.engine.checks import assert_in_sync, paths
from tests.engine.stack import Stack
from tests.world import GROUP, ITEM, OWNER, REPOSITORY, SECRET, VAULT, World

pytestmark = pytest.mark.quickly


def _urn(stack: Stack, world: World, suffix: str) -> str:
    return stack.urns()[f"{world.username}-{suffix}"]


@pytest.mark.embedded
@pytest.mark.parametrize(("how", "code"), [("silent", 0), ("refused", 1)])
def test_a_key_is_rotated_while_authentik_is_away(how: str, code: int, world: World, in_sync: Stack) -> None:
    """The key before it mints it. A server that is down is a warning; a token that is refused is to be renewed."""
    old = world.secret()
    world.estate.clock.advance(days=91)
    if how == "refused":
        in_sync.env["AUTHENTIK_TOKEN"] = "refused"
    world.estate.authentik.down = how == "silent"

    run = in_sync.up()

    assert run.code == code, run.text
    assert f"authentik account {world.username}: {'refused' if code else 'not checked'}: authentik at " in run.text
    assert not world.accepts(old)
    assert world.accepts(world.secret())
    world.estate.authentik.down = False
    in_sync.env["AUTHENTIK_TOKEN"] = world.env["AUTHENTIK_TOKEN"]
    assert in_sync.up().code == 0
    assert_in_sync(world, in_sync)


def test_a_key_pasted_into_the_field_opens_the_way_when_no_other_is_left(
    world: World, in_sync: Stack, signed_in: World
) -> None:
    """Break glass: our key is dead and authentik answers the program nothing. The pasted key is then listed."""
    pasted = world.key_made_by_hand()
    (uuid,) = world.ours(pasted)
    world.revoke(pasted, uuid)
    world.set_field(pasted)
    in_sync.env["AUTHENTIK_TOKEN"] = "refused"

    run = in_sync.up("--refresh=false", "--replace", _urn(in_sync, world, "api-key"))

    assert run.code == 0, run.text
    in_sync.env["AUTHENTIK_TOKEN"] = world.env["AUTHENTIK_TOKEN"]
    assert_in_sync(world, in_sync)
    assert world.field() != pasted
    (other,) = in_sync.outputs()[world.username]["other_keys"]
    assert other.startswith("by hand (")


@pytest.mark.embedded
def test_an_item_that_was_made_again_gets_the_field_by_an_up(world: World, in_sync: Stack) -> None:
    """The state knows the item by its id: a new one of the same name is looked for."""
    key = world.secret()
    vault = world.estate.onepassword.vault(VAULT)
    del vault.items[world.estate.onepassword.item(VAULT, ITEM).id]
    world.estate.onepassword.add_item(VAULT, ITEM, [("notes", "made again", "STRING")])

    preview = in_sync.preview()
    run = in_sync.up()

    assert f"1Password field {VAULT}/{ITEM}/zot-ci-api: not found: another item has the name {ITEM} now" in preview.text
    assert run.code == 0, run.text
    assert world.field() == key
    assert_in_sync(world, in_sync)


@pytest.mark.embedded
def test_a_registry_that_lost_its_keys_gets_a_new_one_by_an_up(world: World, in_sync: Stack) -> None:
    """Nothing is left to mint with: a headless login does it."""
    old = world.secret()
    world.estate.zot.keyring.by_uuid.clear()

    preview = in_sync.preview()
    run = in_sync.up()

    assert "refused by the registry: revoked" in preview.text
    assert run.code == 0, run.text
    assert world.secret() != old
    assert_in_sync(world, in_sync)


def test_a_leaked_key_s_offspring_is_listed_by_the_up_after_the_rotation(world: World, in_sync: Stack) -> None:
    """With our label it ends, with another one it is only named."""
    leaked = world.secret() or ""
    ours = world.mint_by(leaked, f"zot-ci/test/{world.username}")["apiKey"]
    theirs = world.mint_by(leaked, "looks harmless")

    assert in_sync.up("--replace", _urn(in_sync, world, "api-key")).code == 0
    assert in_sync.up().code == 0

    assert not world.accepts(leaked)
    assert not world.accepts(ours)
    (other,) = in_sync.outputs()[world.username]["other_keys"]
    assert theirs["uuid"] in other


def test_forgetting_the_stack_leaves_everything_working(world: World, in_sync: Stack) -> None:
    """The way back without an outage: account, key, field and secret stay as they are."""
    key = world.secret()

    removed = in_sync.pulumi("stack", "rm", "--force", "--preserve-config", "--yes")

    assert removed.code == 0, removed.text
    assert world.secret() == key
    assert world.field() == key
    assert world.accepts(key)
    assert world.groups() == {GROUP}


@pytest.mark.embedded
def test_a_script_that_rotates_once_more_is_followed_and_its_key_ends(world: World, in_sync: Stack) -> None:
    """Taking over from a script: it mints by our key, revokes ours, and writes field and secret as it always did."""
    ours = world.field() or ""
    script = world.mint_by(ours, "minted by the script")
    world.set_field(script["apiKey"])
    world.estate.forgejo.set_value(OWNER, REPOSITORY, SECRET, script["apiKey"])
    (uuid,) = world.ours(ours)
    world.revoke(script["apiKey"], uuid)
    in_sync.configure(world.config(exclusive=True))
    world.estate.log.clear()

    preview = in_sync.preview()
    assert preview.code == 7
    assert "refused by the registry: revoked" in preview.text
    run = in_sync.up()

    assert run.code == 0, run.text
    assert not [path for path in paths(world, "authentik") if "/flows/" in path]
    assert not world.accepts(script["apiKey"])
    assert_in_sync(world, in_sync)


@pytest.mark.embedded
def test_an_empty_file_that_a_kill_left_beside_the_state_is_deleted(world: World, in_sync: Stack) -> None:
    """
    The engine replaces a state as a whole, but writes the file with its metadata in place (3.276). Where the URL says
    `metadata=skip`, as the documents do, there is none.
    """
    assert list(in_sync.state.rglob("*.attrs")) == []
    in_sync.env["PULUMI_BACKEND_URL"] = in_sync.state.as_uri()
    world.estate.clock.advance(days=91)
    assert in_sync.up().code == 0
    current = world.secret()
    [beside] = in_sync.state.rglob(f"{in_sync.name}.json.attrs")
    beside.write_bytes(b"")

    refused = in_sync.up()
    works_meanwhile = world.accepts(current)
    beside.unlink()
    cancelled = in_sync.cancel()
    recovered = in_sync.up()

    assert refused.code != 0
    assert "failed to load checkpoint: EOF" in refused.text
    assert cancelled.code == 0, cancelled.text
    assert recovered.code == 0, recovered.text
    assert works_meanwhile
    assert_in_sync(world, in_sync)
