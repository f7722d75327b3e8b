"""
How a command is seen from the proxies: where it is killed, and what the oracle is told about it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass

from tests.commands.ground import Ground
from tests.commands.states import Account
from tests.estate.core import Call
from tests.oracle import instant
from tests.oracle.evidence import Account as Wanted
from tests.oracle.evidence import Ours, Place, Seen, field, secret
from tests.world import GROUP, ITEM, OWNER, REPOSITORY, VAULT

CHANGING = ("POST", "PUT", "PATCH", "DELETE")
PROBED = "zot-ci-access-probe"


@dataclass(frozen=True)
class Told:
    """
    What a command is told to take away.

    Args:
        parts: resource kinds of the first account. With its `ApiKey` go the places that hold the key.
        others: whether the other accounts go as a whole.
    """

    parts: frozenset[str] = frozenset()
    others: bool = False

    def covers(self, part: str, account: int, value: str | None) -> bool:
        """
        Whether an account's part may be gone, or hold a dead key, by now. One that was told to go itself may be gone.
        """
        if account:
            return self.others
        return "ApiKey" in self.parts or (value is None and part in self.parts)


NOTHING = Told()
# A copy of the key in another field: a resource of its own, for which the others do not wait.
COPY = "copy"


@dataclass(frozen=True)
class Allowed:
    """
    What a command is told to take away, for the oracle. A place that was told to go itself may be gone; one whose key
    goes may hold a dead one.
    """

    told: Told
    ours: Ours

    def place_may_go(self, place: Place, now: Seen) -> bool:
        """
        Whether it was told so.
        """
        account = self._number(self.ours.owners[place])
        part = "ActionsSecret" if place.kind == "secret" else "ItemField"
        is_copy = place.kind == "field" and place != self.ours.accounts[account].places[0]
        return self.told.covers(COPY if is_copy else part, account, now.held[place])

    def key_may_go(self, username: str) -> bool:
        """
        Whether it was told so.
        """
        return self.told.covers("ApiKey", self._number(username), None)

    def account_may_go(self, username: str) -> bool:
        """
        Whether it was told so.
        """
        return self.told.covers("ServiceAccount", self._number(username), None)

    def _number(self, username: str) -> int:
        return [account.username for account in self.ours.accounts].index(username)


class Watch:
    """
    One command, looked at by the oracle after every request that reached a system.

    Args:
        told: what it is told to take away.
        kill_at: the changing request after which it is to be killed; 0 for none. *kill* is set when it has begun.
    """

    def __init__(self, ground: Ground, told: Told = NOTHING, kill_at: int = 0) -> None:
        self.told, self.kill_at = told, kill_at
        self.kill: Callable[[], None] = lambda: None
        self.changing, self.killed = 0, ""
        self._lock = threading.Lock()
        self._log = ground.estate.log
        self._seen = len(self._log)
        ours = ours_on(ground)
        self._oracle = instant.Watch(ground.estate, ours, Allowed(told, ours))
        self.before = self._oracle.before
        self._inner: list[str] = []

    def after(self) -> None:
        """
        Look, and kill where it is time; called before the answer goes back to the command.
        """
        with self._lock:
            calls = [self._log[at] for at in range(self._seen, len(self._log))]
            self._seen += len(calls)
            self._oracle.look(said(calls[-1]) if calls else "a request")
            for call in calls:
                if changes(call):
                    self.changing += 1
                    if self.changing == self.kill_at:
                        self.killed = said(call)
                        self.kill()

    def end(self) -> Seen:
        """
        Look once more when the command has ended, and return what was seen.
        """
        return self._oracle.look("its end")

    def include(self, part: Watch) -> None:
        """
        Count what another one has seen of a part of the same command.
        """
        self.changing += part.changing
        self._inner += part.faults

    @property
    def faults(self) -> list[str]:
        """
        What was seen, each with the request that it came with.
        """
        return list(dict.fromkeys([*self._inner, *self._oracle.findings]))


def changes(call: Call) -> bool:
    """
    Whether a call may change something. The registry is also asked to delete what does not exist and to take an upload
    that is given up at once, to see what a key may do.
    """
    return call.method in CHANGING and PROBED not in call.path


def said(call: Call) -> str:
    """
    Name a call.
    """
    return f"{call.system} {call.method} {call.path}"


def ours_on(ground: Ground, *, earlier_stacks: Collection[str] = ()) -> Ours:
    """
    Return what the ground's settings name; *earlier_stacks* are names that the stack had, as far as its state knows.
    """
    return Ours(ground.stack.name, tuple(_wanted(account, earlier_stacks) for account in ground.accounts))


def _wanted(account: Account, earlier_stacks: Collection[str]) -> Wanted:
    return Wanted(
        account.username,
        (*(field(VAULT, ITEM, label) for label in account.fields), secret(OWNER, REPOSITORY, account.secret)),
        frozenset({GROUP}),
        account.grace_days,
        frozenset(f"zot-ci/{stack}/{account.username}" for stack in earlier_stacks),
    )
