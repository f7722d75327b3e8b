"""
What people do to the systems, or to the program's environment, before it is refused something.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tests.answers.life import Life, lose_every_key
from tests.world import FIELD, GROUP, ITEM, OWNER, REPOSITORY, VAULT, World
from zot_ci.http.errors import ReconcileError


@dataclass(frozen=True)
class Refusal:
    """
    What somebody did, what is then asked, and how it ends. *spoil* returns variables for the environment.
    """

    spoil: Callable[[World], dict[str, str] | None]
    ask: Callable[[Life], Any]
    kind: type[ReconcileError]
    words: str


def authentik_token(world: World, *without: str, expires: timedelta | None = None) -> dict[str, str]:
    """
    Give the program a token of least privilege but for the permissions *without*.
    """
    estate = world.estate
    grants = [grant for grant in estate.authentik.bot_grants() if grant.permission not in without]
    until = estate.clock.now() + expires if expires is not None else None
    return {"AUTHENTIK_TOKEN": estate.authentik.add_token("somebody", grants, until)}


def drifted(world: World, *without: str, **change: Any) -> dict[str, str]:
    """
    Somebody changed the account, and the token lacks what reconciles it.
    """
    if change:
        world.change_account(**change)
    return authentik_token(world, *without)


def regrouped(world: World, join: str = "", leave: str = "", without: str = "") -> dict[str, str]:
    """
    Somebody changed the account's groups, and the token lacks what reconciles them.
    """
    if join:
        world.join(join)
    if leave:
        world.leave(leave)
    return authentik_token(world, without)


def no_group(world: World) -> None:
    """Somebody deletes the group."""
    world.leave(GROUP)
    del world.estate.authentik.groups[GROUP]


def connect_token(world: World, vaults: tuple[str, ...] = (VAULT,), writes: bool = True) -> dict[str, str]:
    """Give the program another Connect token."""
    return {"OP_CONNECT_TOKEN": world.estate.onepassword.add_token(vaults, writes)}


def other_vault(world: World) -> dict[str, str]:
    """Give the program a token for another vault only."""
    world.estate.onepassword.add_vault("another")
    return connect_token(world, ("another",))


def no_item(world: World) -> None:
    """Somebody deletes the item."""
    vault = world.estate.onepassword.vault(VAULT)
    del vault.items[world.estate.onepassword.item(VAULT, ITEM).id]


def field_type(world: World, type_: str) -> None:
    """Somebody makes another kind of field of ours."""
    world.estate.onepassword.item(VAULT, ITEM).labelled(FIELD)[0]["type"] = type_


def field_twice(world: World, **more: Any) -> None:
    """Somebody adds a second field of the same label."""
    fields = world.estate.onepassword.item(VAULT, ITEM).current["fields"]
    fields.append({"id": "second", "type": "CONCEALED", "label": FIELD, "value": "", **more})


def forgejo_token(world: World, user: str = OWNER, *scopes: str, role: str = "") -> dict[str, str]:
    """Give the program another Forgejo token."""
    if role:
        world.estate.forgejo.repos[OWNER, REPOSITORY].collaborators[user] = role
    return {"FORGEJO_TOKEN": world.estate.forgejo.add_token(user, scopes or ("write:repository",))}


def no_repository(world: World) -> None:
    """Somebody deletes the repository."""
    del world.estate.forgejo.repos[OWNER, REPOSITORY]


def no_api_keys(world: World) -> None:
    """Somebody switches API keys off."""
    world.estate.zot.switch_api_keys_off()


def rights(world: World, *allowed: str) -> None:
    """Somebody changes what the group may do in the registry, and no key is left."""
    world.estate.zot.access.policies[GROUP] = frozenset(allowed)
    lose_every_key(world)


def wrong(**variables: str) -> Callable[[World], dict[str, str]]:
    """The environment holds something else."""

    def spoil(world: World) -> dict[str, str]:
        for value in variables.values():
            world.estate.secrets.add(value)
        return variables

    return spoil


def second_vault(world: World) -> dict[str, str]:
    """Two vaults of one name, and a token for both."""
    world.estate.onepassword.add_vault(VAULT)
    return {"OP_CONNECT_TOKEN": world.estate.onepassword.add_token(None)}


def second_item(world: World) -> None:
    """Two items of one name."""
    world.estate.onepassword.add_item(VAULT, ITEM)
