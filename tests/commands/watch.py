"""
What must be true between any two requests of a command, and what must be as before when all is over.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any

from tests.commands.ground import Ground
from tests.commands.states import Account
from tests.estate.core import Call
from tests.estate.zot.keys import Key
from tests.world import ITEM, OWNER, REPOSITORY, VAULT

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
class Place:
    """
    A place of one account: a field or a secret.
    """

    name: str
    part: str
    account: int
    username: str
    value: Callable[[], str | None]


@dataclass
class Watch:
    """
    A place that holds a key which the registry accepts never holds a dead key or nothing, and an account stays, unless
    the command was told otherwise. Looked at after every request that reached a system.

    Args:
        kill: ends the command, after its changing request number *kill_at*.
    """

    ground: Ground
    told: Told = NOTHING
    kill_at: int = 0
    kill: Callable[[], None] = lambda: None
    changing: int = 0
    killed: str = ""
    violations: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._good: set[str] = set()
        self._uuids: dict[str, str] = {}
        self._seen = len(self.ground.estate.log)
        self._places = places(self.ground)
        self._look("before the first request")

    def after(self) -> None:
        """
        Look, and kill where it is time; called before the answer goes back to the command.
        """
        with self._lock:
            calls = [self.ground.estate.log[at] for at in range(self._seen, len(self.ground.estate.log))]
            self._seen += len(calls)
            self._look(said(calls[-1]) if calls else "a request")
            for call in calls:
                if changes(call):
                    self.changing += 1
                    if self.changing == self.kill_at:
                        self.killed = said(call)
                        self.kill()

    def _look(self, when: str) -> None:
        for place in self._places:
            value = place.value()
            if value is not None and self.ground.estate.zot.accepts(place.username, value):
                self._good.add(place.name)
            elif place.name in self._good and not self.told.covers(place.part, place.account, value):
                what = "a dead key" if value else "nothing"
                self.violations.setdefault(f"{place.name} holds {what}", when)
        alive = {
            key.username for key in keys_of(self.ground) if self.ground.estate.zot.accepts(key.username, key.secret)
        }
        for number, account in enumerate(self.ground.accounts):
            name = f"a key of {account.username}"
            if account.username in alive:
                self._good.add(name)
            elif name in self._good and not self.told.covers("ApiKey", number, None):
                self.violations.setdefault(f"no key of {account.username} is left", when)
            user = self.ground.estate.authentik.users.get(account.username)
            uuid = user.uuid if user else None
            known = self._uuids.setdefault(account.username, uuid) if uuid else self._uuids.get(account.username)
            if uuid != known and not self.told.covers("ServiceAccount", number, None):
                self.violations.setdefault(f"the account {account.username} is gone", when)

    @property
    def faults(self) -> list[str]:
        """
        What was seen, each with the request that it came with.
        """
        return [f"{what}, after {when}" for what, when in self.violations.items()]


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


def places(ground: Ground) -> list[Place]:
    """
    Return every place that the ground's settings name.
    """
    estate = ground.estate
    found = []
    for number, account in enumerate(ground.accounts):
        for label in account.fields:
            read = _reader(estate.onepassword.field, VAULT, ITEM, label)
            part = "ItemField" if label == account.fields[0] else COPY
            found.append(Place(f"field {label}", part, number, account.username, read))
        read = _reader(estate.forgejo.value, OWNER, REPOSITORY, account.secret)
        found.append(Place(f"secret {account.secret}", "ActionsSecret", number, account.username, read))
    return found


def _reader(read: Callable[..., str | None], *where: str) -> Callable[[], str | None]:
    return lambda: read(*where)


def of_others(ground: Ground) -> dict[str, Any]:
    """
    Return a copy of what is nobody's business here: the items but for our fields, the secrets but for ours, all other
    accounts, and the text of every key with another label.
    """
    estate = ground.estate
    ours = {label for account in ground.accounts for label in account.fields}
    secrets = {account.secret for account in ground.accounts}
    changes_with_any = ("fields", "version", "updatedAt", "lastEditedBy")
    found: dict[str, Any] = {"Connect PUTs": estate.onepassword.puts}
    for vault in estate.onepassword.vaults.values():
        for item in vault.items.values():
            name = f"item {vault.name}/{item.title}"
            found[name] = {key: value for key, value in item.current.items() if key not in changes_with_any}
            for entry in item.current["fields"]:
                if entry["label"] not in ours:
                    found[f"field {entry['label']} of {name}"] = entry
    for repository in estate.forgejo.repos.values():
        for secret in repository.secrets.values():
            if secret.name not in secrets:
                found[f"secret {secret.name}"] = secret
    usernames = {account.username for account in ground.accounts}
    for user in estate.authentik.users.values():
        if user.username not in usernames:
            found[f"account {user.username}"] = (user.uuid, user.type, user.is_active, sorted(user.groups))
    for key in estate.zot.keys.values():
        if not key.label.startswith("zot-ci/"):
            found[f"key {key.label}"] = key.secret
    return copy.deepcopy(found)


def changed_of_others(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """
    Say what of other people's is not what it was.
    """
    return [
        f"somebody else's {name} was {'changed' if name in after and name in before else 'added or removed'}"
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    ]


def keys_of(ground: Ground) -> list[Key]:
    """
    Return a copy of all keys of the ground's accounts that carry our label, oldest first.
    """
    usernames = {account.username for account in ground.accounts}
    keys = list(ground.estate.zot.keyring.by_uuid.values())
    ours = [key for key in keys if key.username in usernames and key.label.startswith("zot-ci/")]
    return sorted(copy.deepcopy(ours), key=_born)


def left_over(ground: Ground, *, adopted: bool) -> list[str]:
    """
    Say what a destroy of everything has left: a key with our label, a secret, and what was made here.

    Args:
        adopted: account and fields were there before, and stay.
    """
    faults = [f"the destroy has left key {key.uuid} of {key.username}" for key in keys_of(ground)]
    for place in places(ground):
        if place.value() is not None and not (adopted and place.name.startswith("field ")):
            faults.append(f"the destroy has left {place.name}")
    users = {user.username for user in ground.estate.authentik.users.values()}
    there = [account.username for account in ground.accounts if account.username in users]
    return faults + ([] if adopted else [f"the destroy has left account {name}" for name in there])


def out_of_sync(
    ground: Ground,
    account: Account,
    before: list[Key],
    *,
    newer_may_live: bool,
    told_to_end: bool,
    earlier_labels_known: bool,
) -> list[str]:
    """
    Compare an account's places with the registry: one live key in all of them, and of the others with our label those
    in their grace and no more, counted from the birth of the key that followed each.

    Args:
        before: the keys that were alive before the command.
        newer_may_live: whether a key newer than the one in use may be left: after an older state nobody ends it.
        told_to_end: whether the command was told to end old keys at once.
        earlier_labels_known: whether the state knows the label that the keys had before the stack was renamed: a stack
            that was begun anew does not, and to it they are somebody's.
    """
    estate = ground.estate
    name = account.username
    values = {place.name: place.value() for place in places(ground) if place.username == name}
    if len(set(values.values())) != 1:
        return [f"the places of {name} hold different keys"]
    current = estate.zot.key(next(iter(values.values())) or "")
    if current is None or not estate.zot.accepts(name, current.secret):
        return [f"the places of {name} hold no live key"]
    if current.label != f"zot-ci/{ground.stack.name}/{name}":
        return [f"the places of {name} hold a key labelled {current.label}"]
    alive = {key.uuid for key in keys_of(ground)}
    known = {
        key.uuid: key
        for key in [*before, *keys_of(ground)]
        if key.username == name and (earlier_labels_known or key.label == current.label)
    }
    ours = sorted(known.values(), key=_born)
    grace = account.grace_days
    faults = []
    for key, successor in pairwise(ours):
        over = (estate.clock.now() - _born(successor)).total_seconds() >= grace * 86400
        if key.uuid in alive and over and _born(key) < _born(current):
            faults.append(f"an old key of {name} lives on after its grace")
        if key.uuid not in alive and not over and not told_to_end:
            faults.append(f"an old key of {name} was ended in its grace")
    if ours[-1].uuid != current.uuid and ours[-1].uuid in alive and not newer_may_live:
        faults.append(f"{name} has a key newer than the one in use")
    if estate.authentik.users[name].devices:
        faults.append(f"{name} has an MFA device left")
    return faults


def _born(key: Key) -> datetime:
    return datetime.fromisoformat(key.created_at)
