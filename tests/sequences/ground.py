"""
The estate under a sequence: the settings of today, what people do by hand, and what the oracle is asked.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.estate.authentik.model import User
from tests.estate.zot.keys import Key
from tests.oracle.evidence import Account as WantedAccount
from tests.oracle.evidence import Ours, Place, Seen, look
from tests.oracle.evidence import field as field_at
from tests.oracle.evidence import secret as secret_at
from tests.oracle.instant import Watch
from tests.oracle.rest import History, in_sync, no_session_is_left
from tests.oracle.shown import no_secret_is_shown
from tests.sequences.told import MayGo, log_of_ours
from tests.world import FIELD, GROUP, ITEM, OWNER, REPOSITORY, SECRET, VAULT, World
from zot_ci import Settings, load
from zot_ci.http.errors import ReconcileError

STACK = "test"
USERNAMES = ("zot-ci", "zot-next")
FIELDS = ((ITEM, FIELD), (ITEM, "zot-ci-next"), ("CI Secrets", "api-key"))
SECRETS = ((REPOSITORY, SECRET), (REPOSITORY, "NEXT_KEY"), ("next", SECRET))
GROUPS = ((GROUP,), (GROUP, "readers"))
# An account beside the first: in the same item and the same repository.
NEIGHBOUR_FIELDS, NEIGHBOUR_SECRETS = ((ITEM, "neighbour"),), ((REPOSITORY, "NEIGHBOUR_KEY"),)
DAYS = ((90, 120), (30, 45), (200, 300), (7, 8))
SPELLINGS = ("names", "ids", "capitals", "another server's name")


def place_of_field(one: tuple[str, str]) -> Place:
    """
    Return a field, given by item and label.
    """
    return field_at(VAULT, *one)


def place_of_secret(one: tuple[str, str]) -> Place:
    """
    Return a secret, given by repository and name.
    """
    return secret_at(OWNER, *one)


@dataclass(frozen=True)
class Account:
    """
    One account of the settings, and where its key goes: fields and secrets.
    """

    username: str
    fields: tuple[tuple[str, str], ...]
    secrets: tuple[tuple[str, str], ...]

    @property
    def places(self) -> tuple[Place, ...]:
        """
        The same places, as the oracle knows them; the store of record first.
        """
        return (*map(place_of_field, self.fields), *map(place_of_secret, self.secrets))


@dataclass(frozen=True)
class Wanted:
    """
    The settings that a sequence changes: those of one account, and whether there is another one beside it. That one has
    the name that the first has not, and so changes its places with it when the first changes its name. *spelling* is
    what the settings call the same places.
    """

    username: str = USERNAMES[0]
    groups: tuple[str, ...] = GROUPS[0]
    days: tuple[int, int] = DAYS[0]
    fields: tuple[tuple[str, str], ...] = FIELDS[:1]
    secrets: tuple[tuple[str, str], ...] = SECRETS[:1]
    registry_by_alias: bool = False
    grace_days: int = 0
    neighbour: bool = False
    spelling: str = SPELLINGS[0]

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
                "onepassword": [self._field(world, *one) for one in account.fields],
                "forgejo": [self._secret(*one) for one in account.secrets],
            }
            for account in self.accounts
        ]
        if self.registry_by_alias:
            config["zot-ci:zot"] = {"url": world.zot_url.replace("127.0.0.1", "localhost")}
        if self.spelling == "another server's name":
            config["zot-ci:forgejoServers"] = {"main": config.pop("zot-ci:forgejo")}
        return config

    def _field(self, world: World, item: str, label: str) -> dict[str, str]:
        vaults = world.estate.onepassword
        if self.spelling == "ids":
            return {"vault": vaults.vault(VAULT).id, "item": vaults.item(VAULT, item).id, "field": label}
        return {"vault": VAULT, "item": item, "field": label}

    def _secret(self, repository: str, name: str) -> dict[str, str]:
        found = {"repository": f"{OWNER}/{repository}", "secret": name}
        if self.spelling == "capitals":
            found["repository"] = found["repository"].upper()
        return found | ({"server": "main"} if self.spelling == "another server's name" else {})

    def settings(self, world: World) -> Settings:
        """
        The same as the program gets them.
        """
        return load({name: json.dumps(value) for name, value in self.config(world).items()})

    @property
    def places(self) -> frozenset[Place]:
        """
        Where a key should be.
        """
        return frozenset().union(*(account.places for account in self.accounts))


EVERYWHERE = Wanted(fields=FIELDS, secrets=SECRETS, neighbour=True).places


@dataclass
class Ground:
    """
    Four systems, and people with access to them.

    *violations* is what the oracle has found so far.
    """

    world: World
    wanted: Wanted = field(default_factory=Wanted)
    stack: str = STACK
    violations: list[str] = field(default_factory=list)
    _earlier_labels: dict[str, set[str]] = field(default_factory=dict)
    _replaced_at: dict[str, datetime] = field(default_factory=dict)
    _renamed: int = 0

    def __post_init__(self) -> None:
        estate = self.world.estate
        estate.authentik.add_group("readers")
        estate.authentik.add_user("person", groups=[GROUP], type="internal")
        estate.onepassword.add_item(VAULT, "CI Secrets", [("other", estate.secrets.new(32))])
        estate.forgejo.add_repo(OWNER, "next")
        for repo in (REPOSITORY, "next"):
            estate.forgejo.set_value(OWNER, repo, "OTHER", "somebody's value")

    # What is.

    def value(self, place: Place) -> str | None:
        """
        What a place holds; None where it does not exist.
        """
        if place.kind == "field":
            return self.world.estate.onepassword.field(*place.path)
        return self.world.estate.forgejo.value(*place.path)

    def place_of(self, inputs: Mapping[str, Any]) -> Place:
        """
        The place of a field's or a secret's *inputs* in the state, whatever they call it.
        """
        if "item" in inputs:
            items = self.world.estate.onepassword.vault(VAULT).items
            return place_of_field(
                (items[inputs["item"]].title if inputs["item"] in items else inputs["item"], inputs["field"])
            )
        return place_of_secret((inputs["repository"].partition("/")[2].lower(), inputs["secret"]))

    def key(self, text: str | None) -> Key | None:
        """
        The live key of that text.
        """
        now = self.world.estate.clock.now()
        found = self.world.estate.zot.key(text) if text else None
        return None if found is None or found.expired(now) else found

    def held_by(self) -> dict[Place, str]:
        """
        By place, the name of the account whose live key it holds.
        """
        found = {place: self.key(self.value(place)) for place in EVERYWHERE}
        return {place: key.username for place, key in found.items() if key}

    def our_keys(self, username: str = "") -> list[Key]:
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

    # What the oracle is asked.

    @property
    def ours(self) -> Ours:
        """
        What today's settings name, and what other settings of a sequence do.
        """
        accounts = tuple(
            WantedAccount(
                account.username,
                account.places,
                frozenset(self.wanted.groups),
                self.wanted.grace_days,
                frozenset(self._earlier_labels.get(account.username, ())),
            )
            for account in self.wanted.accounts
        )
        names = {*USERNAMES, *(f"renamed-{number}" for number in range(1, self._renamed + 1))}
        return Ours(self.stack, accounts, formerly=EVERYWHERE, known_as=frozenset(names))

    @contextmanager
    def watched(
        self,
        told: Iterable[Place] = (),
        left_out: Iterable[Place] = (),
        keys: Iterable[str] = (),
        accounts: Iterable[str] = (),
    ) -> Iterator[Watch]:
        """
        Look at one command, from its begin to its end.

        Args:
            told: the places that it is told to take away.
            left_out: those that it is not to look at.
            keys, accounts: the accounts whose keys it is told to take away, and those that it is to take away itself.
        """
        self.let_reads_catch_up()
        may_go = MayGo(
            accounts=self.ours.accounts,
            told=frozenset(told),
            left_out=frozenset(left_out),
            held=self.held_by(),
            of_keys=frozenset(keys),
            of_accounts=frozenset(accounts),
        )
        watch = Watch(self.world.estate, self.ours, may_go)
        with log_of_ours() as said:
            try:
                yield watch
            except ReconcileError as exc:
                said.write(str(exc))
                raise
            finally:
                watch.look("its end")
                self.violations += [
                    *watch.findings,
                    *no_secret_is_shown(self.world.estate.secrets, said.getvalue()),
                ]

    def out_of_sync(self, before: Seen, *, moved: bool) -> list[str]:
        """
        What is not as it should be after an `up`; the engine's own view of it is another matter. If the registry has
        *moved*, the keys at its old URL have no grace.
        """
        now, ours = look(self.world.estate, self.ours), self.ours
        for key in now.keys:
            if key.text not in now.held.values():
                self._replaced_at.setdefault(key.uuid, now.at)
        sessions = [broken for account in ours.accounts for broken in no_session_is_left(account, before, now)]
        return in_sync(ours, now, History(before, self._replaced_at, told_to_end=moved)) + sessions

    # What the engine's commands do.

    def rename_stack(self, name: str, in_state: Collection[str]) -> None:
        """
        The stack has another name from now on; the keys of before are known by their labels, if those are *in_state*: a
        name under which nothing was run is in none.
        """
        for username in USERNAMES:
            label = f"zot-ci/{self.stack}/{username}"
            if label in in_state:
                self._earlier_labels.setdefault(username, set()).add(label)
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

    def forget_labels(self, username: str, known: Collection[str] = ()) -> None:
        """
        Of the labels that an account's keys had before the stack was renamed, the state knows only these any more.
        """
        self._earlier_labels[username] = self._earlier_labels.get(username, set()) & set(known)

    def forget_sweeps(self, username: str) -> None:
        """
        The state does not know any more since when no place holds an old key of an account: its grace begins anew.
        """
        for key in self.world.estate.zot.of(username):
            self._replaced_at.pop(key.uuid, None)

    # What people do.

    def let_reads_catch_up(self) -> None:
        """
        Let pass what a Connect server's reads lag behind its writes: neither a person nor the next command comes within
        that moment. What is not promised of it is in docs/promises.md.
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
