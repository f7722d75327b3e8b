"""
Where a cell is played: the systems behind proxies, and a stack of two accounts that do not need the same parts.

`zot-ci` needs all of them: groups in authentik, a store of record, a copy in a vault of its own, and secrets of two
repositories. `zot-next` needs no authentik, has its store of record in another vault, and one secret.
"""

from __future__ import annotations

import copy
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from tests import grounds
from tests.engine import prepared
from tests.engine.prepared import State
from tests.engine.stack import Run, Stack
from tests.oracle.evidence import Account, Ours, Seen, field, look, secret
from tests.oracle.evidence import Place as Where
from tests.oracle.instant import NOTHING, Told, Watch
from tests.oracle.rest import History, in_sync, no_session_is_left
from tests.oracle.shown import a_preview_after_it_is_empty, a_preview_changes_nothing, one_more_up_ends_well
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
    where: Where


def _secret(repository: str) -> Where:
    return secret(OWNER, repository, SECRET)


_OF_FIRST = frozenset({"1Password"})
PLACES = {
    "store": Place(FIRST, _OF_FIRST, field(VAULT, ITEM, FIELD)),
    "copy": Place(FIRST, _OF_FIRST | {"one vault"}, field(SPARE, "CI", "api-key")),
    "secret": Place(FIRST, _OF_FIRST | {"Forgejo"}, _secret(REPOSITORY)),
    "second secret": Place(FIRST, _OF_FIRST | {"Forgejo", "one repository"}, _secret(SECOND)),
    "next store": Place(NEXT, _OF_FIRST, field(TEAM, "Next", "key")),
    "next secret": Place(NEXT, _OF_FIRST | {"Forgejo"}, _secret(THIRD)),
}
# Where the second secret is when its repository was renamed.
RENAMED = _secret("renamed")
# What the scenario "removed" takes out of the stack file.
REMOVED = ("copy", "second secret")


def where(names: Collection[str]) -> frozenset[Where]:
    """
    Return the places of these names, as the oracle knows them; the one that can be renamed under both its names.
    """
    both = {RENAMED} if "second secret" in names else set()
    return frozenset({*(PLACES[name].where for name in names), *both})


@dataclass(frozen=True)
class MayGo:
    """
    What a run may take away, for the oracle: some places, or, in a *destroy*, all.
    """

    places: frozenset[Where] = frozenset()
    destroy: bool = False

    def place_may_go(self, place: Where, now: Seen) -> bool:
        """
        Whether it is one of those.
        """
        return self.destroy or place in self.places

    def key_may_go(self, username: str) -> bool:
        """
        Only in a destroy.
        """
        return self.destroy

    def account_may_go(self, username: str) -> bool:
        """
        Only in a destroy.
        """
        return self.destroy


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

    # What the oracle is asked.

    def ours(self, group: str = GROUP, second_secret: Where = PLACES["second secret"].where) -> Ours:
        """
        What the settings name: the first account's group, and where its second secret is.
        """
        moved = {PLACES["second secret"].where: second_secret}
        first, other = (
            tuple(moved.get(one.where, one.where) for one in PLACES.values() if one.account == name)
            for name in (FIRST, NEXT)
        )
        accounts = (Account(FIRST, first, frozenset({group})), Account(NEXT, other))
        return Ours(self.stack.name, accounts, formerly=where(PLACES))

    def look(self) -> Seen:
        """
        See all systems now.
        """
        return look(self.world.estate, self.ours())

    def watch(self, told: Told = NOTHING) -> Watch:
        """
        Look from now on after every request that reaches a system, until another watch begins.
        """
        watch = Watch(self.world.estate, self.ours(), told)
        self.proxies.plan.after = watch.look
        return watch

    def up_in_sync(
        self,
        what: str = "the next up",
        without: Collection[str] = (),
        wanted: Ours | None = None,
    ) -> tuple[list[str], list[Run]]:
        """
        Run an `up` and a preview; return what is not as it should be after them: in every place that is *wanted*, but
        those *without*, the one live key with our label. And return the two runs.
        """
        gone, ours = where(without), wanted or self.ours()
        watch = self.watch(MayGo(gone))
        up = self.up()
        now = watch.look("its end")
        found = [f"in {what}: {broken}" for broken in watch.findings] + one_more_up_ends_well(up.code, what)
        found += in_sync(ours, now, History(watch.before), gone)
        found += [broken for account in ours.accounts for broken in no_session_is_left(account, watch.before, now)]
        preview = self.preview()
        found += a_preview_after_it_is_empty(preview.code)
        found += a_preview_changes_nothing(now, self.look())
        return found, [up, preview]
