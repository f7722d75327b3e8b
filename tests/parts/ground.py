"""
Where a cell is played: the systems behind proxies, and a stack of two accounts that do not need the same parts.

`zot-ci` needs all of them: groups in authentik, a store of record, a copy in a vault of its own, and secrets of two
repositories. `zot-next` needs no authentik, has its store of record in another vault, and one secret.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import grounds
from tests.engine import prepared
from tests.engine.prepared import State
from tests.engine.stack import Run, Stack
from tests.world import FIELD, GROUP, ITEM, OWNER, REPOSITORY, SECRET, VAULT, World

FIRST, NEXT = "zot-ci", "zot-next"
SPARE, TEAM = "spare", "team"
SECOND, THIRD = "second", "third"
ANOTHER_GROUP = "readers"

_STORE = {"vault": VAULT, "item": ITEM, "field": FIELD}
_COPY = {"vault": SPARE, "item": "CI", "field": "api-key"}


@dataclass(frozen=True)
class Place:
    """
    A place of one account.

    Args:
        needs: the parts without which it cannot be written.
    """

    account: str
    needs: frozenset[str]
    value: Callable[[World], str | None]


def _field(vault: str, item: str, field: str) -> Callable[[World], str | None]:
    return lambda world: world.estate.onepassword.field(vault, item, field)


def _secret(repository: str) -> Callable[[World], str | None]:
    return lambda world: world.estate.forgejo.value(OWNER, repository, SECRET)


_OF_FIRST = frozenset({"1Password"})
PLACES = {
    "store": Place(FIRST, _OF_FIRST, _field(VAULT, ITEM, FIELD)),
    "copy": Place(FIRST, _OF_FIRST | {"one vault"}, _field(SPARE, "CI", "api-key")),
    "secret": Place(FIRST, _OF_FIRST | {"Forgejo"}, _secret(REPOSITORY)),
    "second secret": Place(FIRST, _OF_FIRST | {"Forgejo", "one repository"}, _secret(SECOND)),
    "next store": Place(NEXT, _OF_FIRST, _field(TEAM, "Next", "key")),
    "next secret": Place(NEXT, _OF_FIRST | {"Forgejo"}, _secret(THIRD)),
}
# What the scenario "removed" takes out of the stack file.
REMOVED = ("copy", "second secret")


def config(world: World) -> dict[str, Any]:
    """
    The stack file's settings for both accounts.
    """
    secret = {"secret": SECRET}
    accounts = [
        {
            "username": FIRST,
            "groups": [GROUP],
            "onepassword": [_STORE, _COPY],
            "forgejo": [secret | {"repository": f"{OWNER}/{name}"} for name in (REPOSITORY, SECOND)],
        },
        {
            "username": NEXT,
            "onepassword": {"vault": TEAM, "item": "Next", "field": "key"},
            "forgejo": [secret | {"repository": f"{OWNER}/{THIRD}"}],
        },
    ]
    return copy.deepcopy(world.config() | {"zot-ci:accounts": accounts})


def first_of(settings: dict[str, Any]) -> dict[str, Any]:
    """
    The first account in a stack file's settings, to be changed there.
    """
    account: dict[str, Any] = settings["zot-ci:accounts"][0]
    return account


def _furnish(world: World, stack: Stack) -> None:
    estate = world.estate
    for vault, item in ((SPARE, "CI"), (TEAM, "Next")):
        estate.onepassword.add_vault(vault)
        estate.onepassword.add_item(vault, item, [("somebody's", estate.secrets.new(16))])
    for repository in (SECOND, THIRD):
        estate.forgejo.add_repo(OWNER, repository)
    estate.authentik.add_group(ANOTHER_GROUP)
    estate.authentik.add_user(NEXT, groups=[GROUP])
    stack.env["OP_CONNECT_TOKEN"] = estate.onepassword.add_token([VAULT, SPARE, TEAM])
    stack.configure(config(world))


def _drift(world: World, stack: Stack) -> None:
    world.set_field("edited")
    for repository in (SECOND, THIRD):
        world.estate.forgejo.delete_value(OWNER, repository, SECRET)
    world.leave(GROUP)


def _up(world: World, stack: Stack) -> None:
    run = stack.up()
    assert run.code == 0, run.text


FURNISHED = State("two accounts, before the first up", _furnish, prepared.NEW)
IN_SYNC = State("two accounts in sync", _up, FURNISHED)
DUE = State("two accounts, 91 days later", lambda world, stack: world.estate.clock.advance(days=91), IN_SYNC)
DRIFTED = State("two accounts that drifted", _drift, IN_SYNC)


class Ground(grounds.Ground):
    """
    Systems and stack of one process.
    """

    tokens: dict[str, str]

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._alive_then: set[str] = set()

    def begin(self, state: State) -> None:
        """
        Make systems and stack what they are in a state, for runs in which one broken part stops only what needs it.
        """
        self.begin_at(state)
        self.tokens = dict(self.stack.env)
        self.stack.env["PULUMI_CONTINUE_ON_ERROR"] = "true"

    def run(self, *arguments: str) -> Run:
        """
        Run one command of the engine, after what a Connect server's reads lag behind its writes.
        """
        self.let_reads_catch_up()
        return self.finish(self.stack.begin(*arguments))

    def up(self) -> Run:
        """
        A plain `pulumi up`.
        """
        return self.run("up", "--yes", "--skip-preview")

    def preview(self) -> Run:
        """
        A preview as the nightly check runs it.
        """
        return self.run("preview", "--expect-no-changes")

    def destroy(self) -> Run:
        """
        A `pulumi destroy`.
        """
        return self.run("destroy", "--yes", "--skip-preview")

    # What is.

    def held(self) -> dict[str, str | None]:
        """
        What each place holds; None where it does not exist.
        """
        found: dict[str, str | None] = {}
        for name, place in PLACES.items():
            try:
                found[name] = place.value(self.world)
            except (KeyError, ValueError):
                # Its repository, item or vault is gone.
                found[name] = None
        return found

    def live(self, account: str) -> list[str]:
        """
        The live keys of an account with our label, oldest first.
        """
        zot = self.world.estate.zot
        ours = [key for key in zot.of(account) if key.label == f"zot-ci/{self.stack.name}/{account}"]
        born = sorted(ours, key=lambda key: key.created_at)
        return [key.secret for key in born if zot.accepts(account, key.secret)]

    def lost(self, before: dict[str, str | None], except_for: frozenset[str] = frozenset()) -> list[str]:
        """
        Which places held a live key *before* and hold none now.
        """
        zot, now = self.world.estate.zot, self.held()
        return [
            name
            for name, value in before.items()
            if name not in except_for
            and value in self._alive_then
            and not (now[name] and zot.accepts(PLACES[name].account, now[name] or ""))
        ]

    def remember(self) -> dict[str, str | None]:
        """
        Remember which keys are alive, and return what the places hold.
        """
        self._alive_then = {key for account in (FIRST, NEXT) for key in self.live(account)}
        return self.held()

    def out_of_sync(self, without: frozenset[str] = frozenset()) -> list[str]:
        """
        What is not as it should be: in every place but those *without*, the one live key with our label.
        """
        faults, held = [], self.held()
        for account in (FIRST, NEXT):
            keys = self.live(account)
            if len(keys) != 1:
                faults.append(f"{account} has {len(keys)} live keys with our label")
            faults += [
                f"the {name} does not hold the key of {account}"
                for name, place in PLACES.items()
                if place.account == account and name not in without and [held[name]] != keys[-1:]
            ]
        return faults
