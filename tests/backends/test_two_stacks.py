"""
Accounts that are split over several stacks: what they share, and what happens where two stacks share too much.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.backends import long_form
from tests.engine.checks import assert_in_sync
from tests.engine.stack import Stack, engine_environment
from tests.onepassword.backends import CLI, CONNECT, Backend
from tests.world import FIELD, ITEM, OWNER, REPOSITORY, VAULT, World, credentials

# As Stack.finish has: an `up` takes some seconds, and a hundred on a machine that does ten other things.
PATIENCE_SECONDS = 300
OTHER_FIELD, OTHER_SECRET = "zot-cd-api", "ZOT_CD_API_KEY"


def _other_places(world: World, username: str) -> dict[str, Any]:
    """
    Settings for an account with a field and a secret of its own, in the item and the repository that the others have.
    """
    config = world.config(
        onepassword={"vault": VAULT, "item": ITEM, "field": OTHER_FIELD},
        forgejo=[{"repository": f"{OWNER}/{REPOSITORY}", "secret": OTHER_SECRET}],
    )
    config["zot-ci:accounts"][0]["username"] = username
    return config


def _other_key(world: World) -> str:
    """
    The key that both of the other places hold.
    """
    key = world.estate.onepassword.field(VAULT, ITEM, OTHER_FIELD) or ""
    assert world.estate.forgejo.value(OWNER, REPOSITORY, OTHER_SECRET) == key
    return key


def _fields_of_others(world: World) -> list[dict[str, Any]]:
    fields = world.estate.onepassword.other_fields(VAULT, ITEM, FIELD)
    return [field for field in fields if field["label"] != OTHER_FIELD]


@long_form
@pytest.mark.parametrize("by", [CONNECT, CLI], ids=lambda by: by.access)
def test_two_stacks_rotate_at_once_in_one_item_and_one_repository(by: Backend, world: World, tmp_path: Path) -> None:
    """`op` writes whole items, so that each could carry away what the other has just written."""
    others = _fields_of_others(world)
    stacks = []
    for name, config in (("ci", world.config()), ("cd", _other_places(world, "zot-cd"))):
        folder = tmp_path / name
        env = by.environment(world.estate, folder, engine_environment(folder) | credentials(world))
        stacks.append(Stack(folder, env, config, name))
    keys: list[tuple[str, str]] = []

    for days in (0, 91):
        world.estate.clock.advance(days=days)
        runs = [stack.begin("up", "--yes", "--skip-preview") for stack in stacks]
        texts = [run.communicate(timeout=PATIENCE_SECONDS)[0] for run in runs]
        assert [run.returncode for run in runs] == [0, 0], texts
        keys.append((world.field() or "", _other_key(world)))

    ci, cd = stacks
    assert_in_sync(world, ci)
    assert cd.preview().code == 0
    assert [world.accepts(key) for key, _ in keys] == [False, True]
    assert [world.estate.zot.accepts("zot-cd", key) for _, key in keys] == [False, True]
    assert _fields_of_others(world) == others


@long_form
def test_two_stacks_of_one_name_over_one_account_end_each_other_s_key(
    world: World, in_sync: Stack, tmp_path: Path
) -> None:
    """
    The limit that docs/limits.md names: the label is the same, so each takes the other's key for a stale one. The other
    one's places then hold a dead key, its preview says so, and its `up` makes a new one.
    """
    other = Stack(tmp_path / "other", credentials(world), _other_places(world, world.username), in_sync.name)
    first = world.field()

    assert other.up().code == 0

    assert not world.accepts(first)
    assert world.accepts(_other_key(world))
    preview = in_sync.preview()
    assert preview.code == 7
    assert "refused by the registry: revoked" in preview.text
    again = in_sync.up()
    assert again.code == 0, again.text
    assert_in_sync(world, in_sync)
    assert not world.accepts(_other_key(world))


@long_form
def test_two_stacks_that_name_the_same_places_overwrite_each_other(
    world: World, in_sync: Stack, tmp_path: Path
) -> None:
    """The field's other value is seen, the secret's is not; an `up` of the first puts back both. Of two accounts."""
    config = world.config()
    config["zot-ci:accounts"][0]["username"] = "zot-cd"
    other = Stack(tmp_path / "other", credentials(world), config, "other")
    first = world.secret()

    taken = other.up()

    assert taken.code == 0, taken.text
    assert world.estate.zot.accepts("zot-cd", world.secret() or "")
    assert world.accepts(first)
    preview = in_sync.preview()
    assert preview.code == 7
    assert "holds another value than the current key" in preview.text
    assert "ActionsSecret" not in preview.text
    assert in_sync.up().code == 0
    assert_in_sync(world, in_sync)
