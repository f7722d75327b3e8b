"""
The estate under a sequence: the settings of today, what people do by hand, and what must be true at every instant.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from components import Settings, load
from tests.estate.authentik.model import User
from tests.estate.zot.keys import Key
from tests.world import FIELD, GROUP, ITEM, OWNER, REPOSITORY, SECRET, VAULT, World

STACK = "test"
USERNAMES = ("zot-ci", "zot-next")
FIELDS = ((ITEM, FIELD), (ITEM, "zot-ci-next"), ("CI Secrets", "api-key"))
SECRETS = ((REPOSITORY, SECRET), (REPOSITORY, "NEXT_KEY"), ("next", SECRET))
GROUPS = ((GROUP,), (GROUP, "readers"))
# An account beside the first: in the same item and the same repository.
NEIGHBOUR_FIELDS, NEIGHBOUR_SECRETS = ((ITEM, "neighbour"),), ((REPOSITORY, "NEIGHBOUR_KEY"),)
DAYS = ((90, 120), (30, 45), (200, 300), (7, 8))

# A field or a secret: which of the two, and its two names.
Place = tuple[str, str, str]


@dataclass(frozen=True)
class Account:
    """
    One account of the settings, and where its key goes: fields and secrets.
    """

    username: str
    fields: tuple[tuple[str, str], ...]
    secrets: tuple[tuple[str, str], ...]

    @property
    def places(self) -> set[Place]:
        """
        The same places, with their kind.
        """
        return {("field", *one) for one in self.fields} | {("secret", *one) for one in self.secrets}


@dataclass(frozen=True)
class Wanted:
    """
    The settings that a sequence changes: those of one account, and whether there is another one beside it. That one has
    the name that the first has not, and so changes its places with it when the first changes its name.
    """

    username: str = USERNAMES[0]
    groups: tuple[str, ...] = GROUPS[0]
    days: tuple[int, int] = DAYS[0]
    fields: tuple[tuple[str, str], ...] = FIELDS[:1]
    secrets: tuple[tuple[str, str], ...] = SECRETS[:1]
    registry_by_alias: bool = False
    grace_days: int = 0
    neighbour: bool = False

    @property
    def accounts(self) -> list[Account]:
        """
        All accounts, the one that changes first.
        """
        (other,) = set(USERNAMES) - {self.username}
        beside = [Account(other, NEIGHBOUR_FIELDS, NEIGHBOUR_SECRETS)] if self.neighbour else []
        return [Account(self.username, self.fields, self.secrets), *beside]

    def config(self, world: World) -> dict[str, Any]:
        """
        The same as a stack file's `config`.
        """
        config = world.config()
        config["zot-ci:accounts"] = [
            {
                "username": account.username,
                "groups": list(self.groups),
                "rotateAfterDays": self.days[0],
                "expireAfterDays": self.days[1],
                "retireAfterDays": self.grace_days,
                "onepassword": [{"vault": VAULT, "item": item, "field": label} for item, label in account.fields],
                "forgejo": [{"repository": f"{OWNER}/{repo}", "secret": name} for repo, name in account.secrets],
            }
            for account in self.accounts
        ]
        if self.registry_by_alias:
            config["zot-ci:zot"] = {"url": world.zot_url.replace("127.0.0.1", "localhost")}
        return config

    def settings(self, world: World) -> Settings:
        """
        The same as the program gets them.
        """
        return load({name: json.dumps(value) for name, value in self.config(world).items()})

    @property
    def places(self) -> set[Place]:
        """
        Where a key should be.
        """
        return set().union(*(account.places for account in self.accounts))


EVERYWHERE = Wanted(fields=FIELDS, secrets=SECRETS, neighbour=True).places


@dataclass
class Ground:
    """
    Four systems, and people with access to them.

    *told* are the places that the present command is told to take away, *left_out* those that it is not to look at.
    """

    world: World
    wanted: Wanted = field(default_factory=Wanted)
    stack: str = STACK
    strangers: set[str] = field(default_factory=set)
    violations: list[str] = field(default_factory=list)
    told: set[Place] = field(default_factory=set)
    left_out: set[Place] = field(default_factory=set)
    _good: set[Place] = field(default_factory=set)
    _earlier_labels: dict[str, set[str]] = field(default_factory=dict)
    _renamed: int = 0

    def __post_init__(self) -> None:
        estate = self.world.estate
        estate.authentik.add_group("readers")
        estate.authentik.add_user("person", groups=[GROUP], type="internal")
        estate.onepassword.add_item(VAULT, "CI Secrets", [("other", estate.secrets.new(32))])
        estate.forgejo.add_repo(OWNER, "next")
        for repo in (REPOSITORY, "next"):
            estate.forgejo.set_value(OWNER, repo, "OTHER", "somebody's value")
        self._others = self._what_is_not_ours()

    # What is.

    def value(self, place: Place) -> str | None:
        """
        What a place holds; None where it does not exist.
        """
        kind, where, name = place
        if kind == "field":
            return self.world.estate.onepassword.field(VAULT, where, name)
        return self.world.estate.forgejo.value(OWNER, where, name)

    def key(self, text: str | None) -> Key | None:
        """
        The live key of that text.
        """
        now = self.world.estate.clock.now()
        found = self.world.estate.zot.key(text) if text else None
        return None if found is None or found.expired(now) else found

    def ours(self, username: str = "") -> list[Key]:
        """
        The keys of ours for an account, by default today's first, dead ones too, oldest first: those with our label, or
        with one that it had before the stack was renamed and that the state still knows.
        """
        username = username or self.wanted.username
        labels = {f"zot-ci/{self.stack}/{username}"} | self._earlier_labels.get(username, set())
        return [key for key in self.world.estate.zot.of(username) if key.label in labels]

    def user(self) -> User | None:
        """
        Today's account.
        """
        return self.world.estate.authentik.users.get(self.wanted.username)

    # What must be true.

    def look(self) -> None:
        """
        Invariant 1: a place that held a live key holds one, unless the command was told to take it away, or it is one
        of yesterday's settings and today's are good: the store of record before an old field goes, every place before
        an old secret does. A place that the run is to leave out can be in the way of neither. And nothing of somebody
        else's is changed, at any instant.
        """
        live = {place for place in EVERYWHERE if self.key(self.value(place))}
        stores = {("field", *account.fields[0]) for account in self.wanted.accounts}
        served = {"field": stores - self.left_out <= live, "secret": self.wanted.places - self.left_out <= live}
        for place in sorted(self._good - live - self.told):
            if place in self.wanted.places or not served[place[0]]:
                held = "a dead key" if self.value(place) else "nothing"
                self.violations.append(f"{place} lost its live key to {held}")
        self._good = live
        gone = self.strangers - set(self.world.estate.zot.keys)
        if gone or self._what_is_not_ours() != self._others or self.world.estate.onepassword.puts:
            self.violations.append("something of somebody else's was changed")

    def look_anew(self) -> None:
        """
        Somebody changed something by hand, or time passed: what is good now is what was not spoilt by that.
        """
        self._good = {place for place in EVERYWHERE if self.key(self.value(place))}

    def out_of_sync(self) -> list[str]:
        """
        What is not as it should be after an `up`; the engine's own view of it is another matter.
        """
        return [fault for account in self.wanted.accounts for fault in self._out_of_sync(account)]

    def _out_of_sync(self, account: Account) -> list[str]:
        name, ours = account.username, self.ours(account.username)
        current, now = ours[-1:], self.world.estate.clock.now()
        faults = [
            f"an old key of {name} lives on after its grace"
            for key, successor in pairwise(ours)
            if now - _born(successor) >= timedelta(days=self.wanted.grace_days)
        ]
        for place in sorted(account.places):
            if not current or self.value(place) != current[0].secret or self.key(self.value(place)) is None:
                faults.append(f"{place} does not hold the newest key of {name}, alive")
        if current and current[0].label != f"zot-ci/{self.stack}/{name}":
            faults.append(f"the newest key of {name} has an earlier label")
        user = self.world.estate.authentik.users.get(name)
        if user is None:
            return [*faults, f"there is no account {name}"]
        if (user.groups, user.is_active, user.type) != (set(self.wanted.groups), True, "service_account"):
            faults.append(f"the account {name} is not as it should be")
        if user.devices:
            faults.append(f"{name} has an MFA device left")
        return faults

    def ended_in_grace(self, before: list[Key]) -> list[str]:
        """
        Name the accounts that have lost a key since *before* which should have lived on for a while.
        """
        now, faults = self.world.estate.clock.now(), []
        for account in self.wanted.accounts:
            now_there = {key.uuid: key for key in self.ours(account.username)}
            known = {key.uuid: key for key in before if key.username == account.username} | now_there
            for key, successor in pairwise(sorted(known.values(), key=_born)):
                over = now - _born(successor) >= timedelta(days=self.wanted.grace_days)
                if key.uuid not in now_there and not over and not key.expired(now):
                    faults.append(f"an old key of {account.username} was ended in its grace")
        return faults

    # What the engine's commands do.

    def rename_stack(self, name: str) -> None:
        """
        The stack has another name from now on; the keys of before are known by their labels.
        """
        for username in USERNAMES:
            self._earlier_labels.setdefault(username, set()).add(f"zot-ci/{self.stack}/{username}")
        self.stack = name

    @property
    def earlier_labels(self) -> dict[str, set[str]]:
        """
        By account, the labels that our keys had before the stack was renamed and that the state knows; a copy.
        """
        return {username: set(labels) for username, labels in self._earlier_labels.items()}

    @earlier_labels.setter
    def earlier_labels(self, labels: dict[str, set[str]]) -> None:
        self._earlier_labels = labels

    def forget_labels(self, username: str) -> None:
        """
        The state does not know any more what the labels of an account's keys were before the stack was renamed.
        """
        self._earlier_labels.pop(username, None)

    def _what_is_not_ours(self) -> Mapping[str, Any]:
        estate = self.world.estate
        ours = {place[2] for place in EVERYWHERE}
        person = estate.authentik.users["person"]
        return {
            "fields": [
                [dict(entry) for entry in item.current["fields"] if entry["label"] not in ours]
                for item in estate.onepassword.vault(VAULT).items.values()
            ],
            "secrets": [estate.forgejo.repos[OWNER, repo].secrets["OTHER"] for repo in (REPOSITORY, "next")],
            "person": (person.type, person.is_active, set(person.groups), person.password_changes),
        }

    # What people do.

    def let_reads_catch_up(self) -> None:
        """
        Let pass what a Connect server's reads lag behind its writes: nobody does anything by hand within that moment,
        while a command can follow a killed one at once.
        """
        for vault in self.world.estate.onepassword.vaults.values():
            for item in vault.items.values():
                while item.seen() is not item.current:
                    pass

    def rename_account(self) -> None:
        """
        Somebody gives the account a name that nobody else has.
        """
        user = self.world.estate.authentik.users.pop(self.wanted.username, None)
        if user is not None:
            self._renamed += 1
            user.username = f"renamed-{self._renamed}"
            self.world.estate.authentik.users[user.username] = user

    def log_in_with(self, *groups: str) -> None:
        """
        Somebody logs in to the registry as the account while it is in these groups: they count for all of its keys.
        """
        self.world.estate.zot.groups[self.wanted.username] = frozenset(groups)

    def mint(self, label: str) -> str:
        """
        A key appears, and its uuid is returned.
        """
        text = self.world.estate.zot.mint(self.wanted.username, label)
        made = self.key(text)
        assert made is not None
        return made.uuid

    def set_field(self, value: str | None) -> None:
        """
        Somebody edits the field that is the store of record, or removes it.
        """
        item, label = self.wanted.fields[0]
        self.world.estate.onepassword.set_field(VAULT, item, label, value)

    def delete_secret(self) -> None:
        """
        Somebody deletes the first of the secrets.
        """
        self.world.estate.forgejo.delete_value(OWNER, *self.wanted.secrets[0])


def _born(key: Key) -> datetime:
    return datetime.fromisoformat(key.created_at)
