"""
Settings that move something: the new place works before the old one is cleared away.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.checks import assert_in_sync, calls
from tests.engine.stack import Stack
from tests.world import FIELD, GROUP, ITEM, OWNER, REPOSITORY, SECRET, VAULT, World

pytestmark = [pytest.mark.embedded, pytest.mark.quickly]


def _alias(config: dict[str, Any], system: str) -> dict[str, Any]:
    """
    The same server under its other name.
    """
    url = config[f"zot-ci:{system}"]["url"].replace("127.0.0.1", "localhost")
    return config | {f"zot-ci:{system}": {"url": url}}


def test_a_renamed_field_holds_the_key_before_the_old_one_goes(world: World, in_sync: Stack) -> None:
    """The old one was added here, so it goes; it does so after the new one can be read."""
    key = world.field()
    in_sync.configure(world.config(onepassword={"vault": VAULT, "item": ITEM, "field": "another"}))
    world.estate.log.clear()

    run = in_sync.up()

    assert run.code == 0, run.text
    assert world.estate.onepassword.field(VAULT, ITEM, "another") == key
    assert world.field() is None
    wrote = [call for call in calls(world, "onepassword", "forgejo") if not call.startswith("GET")]
    assert [call.split("/")[0] for call in wrote] == ["PATCH ", "PUT ", "PATCH "]
    assert in_sync.preview().code == 0


def test_a_field_that_was_there_before_is_left_with_its_last_value(world: World, stack: Stack) -> None:
    """Moving away from an adopted field clears nothing away."""
    world.set_field("")
    assert stack.up().code == 0
    key = world.field()
    stack.configure(world.config(onepassword={"vault": VAULT, "item": ITEM, "field": "another"}))

    assert stack.up().code == 0

    assert world.field() == key
    assert stack.preview().code == 0


def test_another_repository_and_name_get_the_key_before_the_old_ones_lose_it(world: World, in_sync: Stack) -> None:
    """PUT, then DELETE."""
    world.estate.forgejo.add_repo(OWNER, "next")
    in_sync.configure(world.config(forgejo=[{"repository": f"{OWNER}/next", "secret": "NEXT_KEY"}]))
    world.estate.log.clear()

    run = in_sync.up()

    assert run.code == 0, run.text
    assert world.estate.forgejo.value(OWNER, "next", "NEXT_KEY") == world.field()
    assert world.secret() is None
    wrote = [call for call in calls(world, "forgejo") if not call.startswith("GET")]
    assert wrote == [
        f"PUT /api/v1/repos/{OWNER}/next/actions/secrets/NEXT_KEY",
        f"DELETE /api/v1/repos/{OWNER}/{REPOSITORY}/actions/secrets/{SECRET}",
    ]
    assert in_sync.preview().code == 0


def test_an_account_that_leaves_the_list_takes_its_own_things_only(world: World, in_sync: Stack) -> None:
    """Two accounts in one item and one repository, then one."""
    one = world.config()
    second = one["zot-ci:accounts"][0] | {
        "username": "zot-cd",
        "onepassword": {"vault": VAULT, "item": ITEM, "field": "zot-cd-api"},
        "forgejo": [{"repository": f"{OWNER}/{REPOSITORY}", "secret": "ZOT_CD_API_KEY"}],
    }
    in_sync.configure(one | {"zot-ci:accounts": [*one["zot-ci:accounts"], second]})
    assert in_sync.up().code == 0
    key = world.estate.onepassword.field(VAULT, ITEM, "zot-cd-api") or ""
    assert world.estate.zot.accepts("zot-cd", key)
    in_sync.configure(one)

    run = in_sync.up()

    assert run.code == 0, run.text
    assert not world.estate.zot.accepts("zot-cd", key)
    assert world.estate.onepassword.field(VAULT, ITEM, "zot-cd-api") is None
    assert world.estate.forgejo.value(OWNER, REPOSITORY, "ZOT_CD_API_KEY") is None
    assert "zot-cd" not in world.estate.authentik.users
    assert_in_sync(world, in_sync)


def test_another_username_is_another_account_and_key(world: World, in_sync: Stack) -> None:
    """Field and secret go over to the new account's key; the old account and its key go last."""
    old = world.field() or ""
    config = world.config()
    config["zot-ci:accounts"][0]["username"] = "zot-next"
    in_sync.configure(config)

    run = in_sync.up()

    assert run.code == 0, run.text
    assert not world.estate.zot.accepts("zot-ci", old)
    assert "zot-ci" not in world.estate.authentik.users
    world.username = "zot-next"
    assert world.groups() == {GROUP}
    assert_in_sync(world, in_sync)


@pytest.mark.parametrize("system", ["authentik", "zot", "forgejo"])
def test_another_name_of_the_same_server_destroys_nothing_in_use(system: str, world: World, in_sync: Stack) -> None:
    """What looks like another server's account, key or secret is the one that was just written."""
    in_sync.configure(_alias(world.config(), system))

    run = in_sync.up()

    assert run.code == 0, run.text
    assert world.account() is not None
    assert_in_sync(world, in_sync)


def test_a_field_named_by_its_id_is_the_same_field(world: World, in_sync: Stack) -> None:
    """Label and id are two names of one place, and moving from one to the other must not remove it."""
    item = world.estate.onepassword.item(VAULT, ITEM)
    (field,) = item.labelled(FIELD)
    in_sync.configure(world.config(onepassword={"vault": VAULT, "item": item.id, "field": field["id"]}))

    run = in_sync.up()

    assert run.code == 0, run.text
    assert_in_sync(world, in_sync)
    assert in_sync.destroy().code == 0
    assert world.field() is None


def test_a_place_that_cannot_take_its_new_account_s_key_keeps_the_old_one_s(world: World, stack: Stack) -> None:
    """Two accounts change places, and both keys are due: no sweep revokes what the other's place still holds."""
    stack.env["PULUMI_CONTINUE_ON_ERROR"] = "true"
    world.estate.forgejo.add_repo(OWNER, "second")
    config = world.config()
    (first,) = config["zot-ci:accounts"]
    secret = {"repository": f"{OWNER}/second", "secret": SECRET}
    second = first | {"username": "zot-cd", "onepassword": first["onepassword"] | {"field": "cd"}, "forgejo": [secret]}
    stack.configure(config | {"zot-ci:accounts": [first, second]})
    assert stack.up().code == 0
    first["username"], second["username"] = second["username"], first["username"]
    stack.configure(config | {"zot-ci:accounts": [first, second]})
    world.estate.clock.advance(days=91)
    world.estate.forgejo.archive_repo(OWNER, "second")

    assert stack.up().code == 1

    assert world.estate.zot.accepts("zot-cd", world.estate.forgejo.value(OWNER, "second", SECRET) or "")
    world.estate.forgejo.archive_repo(OWNER, "second", archived=False)
    assert stack.up().code == 0
    assert world.estate.zot.accepts("zot-ci", world.estate.forgejo.value(OWNER, "second", SECRET) or "")
    assert [len(world.estate.zot.of(name)) for name in ("zot-ci", "zot-cd")] == [1, 1]
    assert stack.preview().code == 0
