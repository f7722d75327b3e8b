"""
What the embedded systems hold at one instant, divided into what is ours and what is somebody else's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import UTC, datetime
from functools import cached_property

from tests.estate import Estate
from tests.estate.authentik import model
from tests.world import FIELD, GROUP, ITEM, OWNER, REPOSITORY, SECRET, VAULT

# What our keys' labels begin with, whatever the stack.
_OUR_LABEL = "zot-ci/"
# What changes at an item with any of its fields.
_VOLATILE = ("fields", "version", "updatedAt", "lastEditedBy")


@dataclass(frozen=True, order=True)
class Place:
    """
    What holds a key.

    Args:
        kind: "field" or "secret".
        path: vault, item and label, or owner, repository and name.
    """

    kind: str
    path: tuple[str, str, str]

    def __str__(self) -> str:
        return f"the {self.kind} {'/'.join(self.path)}"


def field(vault: str, item: str, label: str) -> Place:
    """
    Return a field of a 1Password item.
    """
    return Place("field", (vault, item, label))


def secret(owner: str, repository: str, name: str) -> Place:
    """
    Return a repository's secret.
    """
    return Place("secret", (owner, repository, name))


@dataclass(frozen=True)
class Account:
    """
    An account as the settings want it.

    Args:
        places: which hold its key, the store of record first.
        groups: exactly these; None where the settings say nothing of the account itself.
        grace_days: how long a key may live on after the one that followed it.
        earlier_labels: which its keys had before the stack was renamed, as far as the state knows them.
        waits_while_used: whether an old key in use outlives a grace of a day or more, when our own use is long ago.
    """

    username: str
    places: tuple[Place, ...]
    groups: frozenset[str] | None = None
    grace_days: float = 0.0
    earlier_labels: frozenset[str] = frozenset()
    waits_while_used: bool = False


@dataclass(frozen=True)
class Ours:
    """
    All that the settings name.

    Args:
        stack: the stack's name, which is in the keys' labels.
        formerly: places that are no longer in the settings, or not yet.
        known_as: names that accounts of ours have, or had, beside those in the settings.
    """

    stack: str
    accounts: tuple[Account, ...]
    formerly: frozenset[Place] = frozenset()
    known_as: frozenset[str] = frozenset()

    def label(self, username: str) -> str:
        """
        Return the label of an account's keys.
        """
        return f"{_OUR_LABEL}{self.stack}/{username}"

    @cached_property
    def places(self) -> frozenset[Place]:
        """
        Every place, also those that the settings do not name.
        """
        return self.formerly.union(*(account.places for account in self.accounts))

    @cached_property
    def owners(self) -> Mapping[Place, str]:
        """
        Whose key belongs in each place of the settings.
        """
        return {place: account.username for account in self.accounts for place in account.places}

    @cached_property
    def usernames(self) -> frozenset[str]:
        """
        All names of our accounts.
        """
        return self.known_as | {account.username for account in self.accounts}


def reference(username: str, stack: str, grace_days: float = 0.0, *, waits_while_used: bool = False) -> Ours:
    """
    Return what is ours in the reference deployment: an account with one group, a field, a secret.
    """
    places = (field(VAULT, ITEM, FIELD), secret(OWNER, REPOSITORY, SECRET))
    account = Account(username, places, frozenset({GROUP}), grace_days, waits_while_used=waits_while_used)
    return Ours(stack, (account,))


@dataclass(frozen=True)
class Key:
    """
    A key that the registry lists.

    Args:
        is_alive: False for one that has expired. Another last use is no change.
    """

    uuid: str
    username: str
    text: str
    label: str
    born: datetime
    is_alive: bool
    used_at: datetime = dataclass_field(default=datetime.min.replace(tzinfo=UTC), compare=False)

    @property
    def is_ours(self) -> bool:
        """
        Whether this program made it, by its label.
        """
        return self.label.startswith(_OUR_LABEL)


@dataclass(frozen=True)
class User:
    """
    An account as authentik has it; *devices* and *sessions* are counted.
    """

    uuid: str
    kind: str
    is_active: bool
    groups: frozenset[str]
    devices: int
    sessions: int


@dataclass(frozen=True)
class Seen:
    """
    All systems at one instant.

    Args:
        at: by the registry's clock.
        held: what each place of ours holds; None where it does not exist.
        keys: of all users, oldest first.
        users: our accounts that exist, by name.
        others: what is somebody else's, by what it is called.
        items_written: how many 1Password items were written as a whole so far.
    """

    at: datetime
    held: Mapping[Place, str | None]
    keys: tuple[Key, ...]
    users: Mapping[str, User]
    others: Mapping[str, str]
    items_written: int

    def key_in(self, place: Place) -> Key | None:
        """
        Return the live key that a place holds.
        """
        text = self.held[place]
        return next((key for key in self.keys if key.text == text and key.is_alive), None)

    def key_of(self, uuid: str) -> Key | None:
        """
        Return the key with that uuid, alive or expired.
        """
        return next((key for key in self.keys if key.uuid == uuid), None)

    def keys_of(self, username: str) -> list[Key]:
        """
        Return the keys of ours of an account, expired ones too, oldest first.
        """
        return [key for key in self.keys if key.username == username and key.is_ours]

    def live(self, username: str, label: str) -> list[Key]:
        """
        Return the live keys of an account with that label, oldest first.
        """
        return [key for key in self.keys_of(username) if key.is_alive and key.label == label]

    def newest(self, username: str, label: str) -> Key | None:
        """
        Return the newest of them.
        """
        return next(reversed(self.live(username, label)), None)

    def what_is_held(self, place: Place) -> str:
        """
        Say what is in a place that holds no live key.
        """
        return "a dead key" if self.held[place] else "nothing"


def look(estate: Estate, ours: Ours) -> Seen:
    """
    Look at all systems by their back doors: nothing is asked, and nothing is changed.
    """
    now = estate.clock.now()
    keys = [
        Key(key.uuid, key.username, key.secret, key.label, born, not key.expired(now), used_at)
        for key in list(estate.zot.keys.values())
        for born, used_at in [(datetime.fromisoformat(key.created_at), datetime.fromisoformat(key.last_used))]
    ]
    users = {name: user for name, user in list(estate.authentik.users.items()) if name in ours.usernames}
    return Seen(
        at=now,
        held={place: _held(estate, place) for place in sorted(ours.places)},
        keys=tuple(sorted(keys, key=lambda key: key.born)),
        users={name: _user(estate, user) for name, user in users.items()},
        others=dict(_of_others(estate, ours)),
        items_written=estate.onepassword.puts,
    )


def _held(estate: Estate, place: Place) -> str | None:
    try:
        if place.kind == "field":
            return estate.onepassword.field(*place.path)
        return estate.forgejo.value(*place.path)
    except (KeyError, ValueError):
        # Its vault, item or repository is not there.
        return None


def _user(estate: Estate, user: model.User) -> User:
    return User(
        user.uuid,
        user.type,
        user.is_active,
        frozenset(user.groups),
        len(user.devices),
        len(estate.authentik.sessions_of(user.username)),
    )


def _of_others(estate: Estate, ours: Ours) -> Iterator[tuple[str, str]]:
    """
    Yield what is somebody else's, each with all that can be seen of it: the items but for our fields, the secrets but
    for ours, variables, all other accounts, and the keys that have not our label.
    """
    for vault in list(estate.onepassword.vaults.values()):
        for item in list(vault.items.values()):
            where = f"{vault.name}/{item.title}"
            current = item.current
            yield f"item {where}", _text({name: one for name, one in current.items() if name not in _VOLATILE})
            for entry in list(current["fields"]):
                if field(vault.name, item.title, entry["label"]) not in ours.places:
                    yield f"field {where}/{entry['label']} ({entry['id']})", _text(entry)
    for forgejo in list(estate.forgejos.values()):
        for repository in list(forgejo.repos.values()):
            where = f"{repository.owner}/{repository.name}"
            for stored in list(repository.secrets.values()):
                if secret(repository.owner, repository.name, stored.name) not in ours.places:
                    yield f"secret {where}/{stored.name} of {forgejo.name}", _text(vars(stored))
            yield f"variables of {where} of {forgejo.name}", _text(repository.variables)
    for user in list(estate.authentik.users.values()):
        if user.username not in ours.usernames:
            seen = (user.uuid, user.type, user.is_active, sorted(user.groups), user.password_changes, len(user.devices))
            yield f"account {user.username}", _text(seen)
    for key in list(estate.zot.keys.values()):
        if not key.label.startswith(_OUR_LABEL):
            yield f"key {key.label} ({key.uuid})", _text((key.username, key.secret))


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True, default=str)
