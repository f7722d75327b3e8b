"""
The estate under a sequence: the settings of today, what people do by hand, and what the oracle is asked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.estate.authentik.model import User
from tests.estate.zot.keys import Key
from tests.oracle.evidence import Account as WantedAccount
from tests.oracle.evidence import Ours, Place, Seen, look
from tests.oracle.instant import Watch
from tests.oracle.rest import History, in_sync, no_session_is_left
from tests.oracle.shown import no_secret_is_shown
from tests.sequences.told import MayGo, log_of_ours
from tests.sequences.wanted import EVERYWHERE, USERNAMES, Wanted, place_of_field, place_of_secret
from tests.world import GROUP, OWNER, REPOSITORY, VAULT, World
from zot_ci.http.errors import ReconcileError

STACK = "test"


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
