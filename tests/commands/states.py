"""
The states that a command can meet.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import Any

from tests.engine import prepared
from tests.engine.stack import Stack
from tests.world import FIELD, GROUP, ITEM, OWNER, REPOSITORY, SECRET, VAULT, World

# Traits, by which a command says in which states the engine refuses it.
ALWAYS, EMPTY, DUE, PENDING, OLDER, ADOPTED = "always", "empty", "due", "pending", "older", "adopted"


@dataclass(frozen=True)
class Account:
    """
    One account of the settings, and where its key goes: fields of the one item, a secret of the one repository.
    """

    username: str = "zot-ci"
    fields: tuple[str, ...] = (FIELD,)
    secret: str = SECRET
    grace_days: int = 0

    @property
    def settings(self) -> dict[str, Any]:
        """
        The account as the stack file has it.
        """
        return {
            "username": self.username,
            "groups": [GROUP],
            "onepassword": [{"vault": VAULT, "item": ITEM, "field": field} for field in self.fields],
            "forgejo": [{"repository": f"{OWNER}/{REPOSITORY}", "secret": self.secret}],
            "retireAfterDays": self.grace_days,
        }


_ONE = (Account(),)
_GRACE = (Account(grace_days=7),)
# They share an item and a repository, and the first has a copy of its key.
_SEVERAL = (
    Account(fields=(FIELD, "zot-ci-api-copy")),
    Account("zot-nightly", ("zot-nightly-api",), "ZOT_NIGHTLY_API_KEY"),
)


@dataclass(frozen=True)
class State:
    """
    A state of systems and stack.

    Args:
        begins: how it is reached, once.
        traits: what of it decides whether the engine refuses a command.
        accounts: who is in its settings.
    """

    name: str
    begins: prepared.State
    traits: frozenset[str] = frozenset()
    accounts: tuple[Account, ...] = _ONE


def _up(stack: Stack, *arguments: str) -> None:
    run = stack.up(*arguments)
    assert run.code == 0, run.text


def _done(stack: Stack, *arguments: str) -> None:
    run = stack.pulumi(*arguments)
    assert run.code == 0, run.text


def _with(accounts: tuple[Account, ...], world: World, stack: Stack) -> None:
    stack.configure(world.config() | {"zot-ci:accounts": [account.settings for account in accounts]})
    _up(stack)


def _half_way(world: World, stack: Stack) -> None:
    """
    The forge refuses the new key: the field has it, the secret has the old one, and that one's deletion is pending.
    """
    stack.env["FORGEJO_TOKEN"] = world.estate.forgejo.add_token(OWNER, ("read:repository",))
    assert stack.up().code != 0
    stack.env["FORGEJO_TOKEN"] = world.env["FORGEJO_TOKEN"]
    assert world.field() != world.secret()


def _grace(world: World, stack: Stack) -> None:
    """
    A key of a day, and the one before it, which something may still use for six days.
    """
    _with(_GRACE, world, stack)
    world.estate.clock.advance(days=91)
    _up(stack)
    world.estate.clock.advance(days=1)


def _adopted(world: World, stack: Stack) -> None:
    """
    Account, field and secret were there before, with a key from the web page.
    """
    world.make_account(GROUP)
    key = world.estate.zot.mint(world.username, "by hand", groups=[GROUP])
    world.set_field(key)
    world.estate.forgejo.set_value(OWNER, REPOSITORY, SECRET, key)
    _up(stack)


def _imported(world: World, stack: Stack) -> None:
    """
    Yesterday's export, taken before a rotation: its key is revoked, and the places hold a newer one.
    """
    export = str(stack.folder / "yesterday.json")
    _done(stack, "stack", "export", "--file", export)
    world.estate.clock.advance(days=91)
    _up(stack)
    _done(stack, "stack", "import", "--file", export)


def _forgotten(world: World, stack: Stack) -> None:
    """
    The state was thrown away and begun anew; all that it knew is still there.
    """
    _done(stack, "stack", "rm", "--force", "--preserve-config", "--yes")
    _done(stack, "stack", "init", stack.name)


def _restored(world: World, stack: Stack) -> None:
    """
    The backend's folder from a backup that was made before a rotation.
    """
    backup = shutil.copytree(stack.state, stack.folder / "backup")
    world.estate.clock.advance(days=91)
    _up(stack)
    shutil.rmtree(stack.state)
    shutil.move(backup, stack.state)


def _restored_in_grace(world: World, stack: Stack) -> None:
    """
    The same within the grace: the state's key still lives, is not due, and the places hold a newer one.
    """
    _with(_GRACE, world, stack)
    world.estate.clock.advance(days=10)
    backup = shutil.copytree(stack.state, stack.folder / "backup")
    _up(stack, "--replace", stack.urns()[f"{world.username}-api-key"])
    shutil.rmtree(stack.state)
    shutil.move(backup, stack.state)
    world.estate.clock.advance(days=1)


_IN_SYNC = prepared.IN_SYNC
_SEVERAL_IN_SYNC = prepared.State("several accounts", lambda world, stack: _with(_SEVERAL, world, stack))

STATES = {
    state.name: state
    for state in (
        State("in sync", _IN_SYNC),
        State("due", prepared.DUE, frozenset({DUE})),
        State("first", prepared.NEW, frozenset({EMPTY})),
        State("half-way", prepared.State("rotated half-way", _half_way, prepared.DUE), frozenset({PENDING})),
        State("several", _SEVERAL_IN_SYNC, accounts=_SEVERAL),
        State("grace", prepared.State("an old key in its grace", _grace), accounts=_GRACE),
        State("adopted", prepared.State("all adopted", _adopted), frozenset({ADOPTED})),
        State("imported", prepared.State("an export imported", _imported, _IN_SYNC), frozenset({DUE, OLDER})),
        State("forgotten", prepared.State("a stack begun anew", _forgotten, _IN_SYNC), frozenset({EMPTY, OLDER})),
        State("restored", prepared.State("a backup restored", _restored, _IN_SYNC), frozenset({DUE, OLDER})),
        State(
            "restored in grace",
            prepared.State("a backup restored, its key alive", _restored_in_grace),
            frozenset({OLDER}),
            _GRACE,
        ),
    )
}

# The states in which every changing request is a place to be killed at.
KILLED_IN = ("in sync", "due", "half-way")
