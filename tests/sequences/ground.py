"""
The estate under a sequence: the settings of today, what people do by hand, and what must be true at every instant.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
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
DAYS = ((90, 120), (30, 45), (200, 300), (7, 8))

# A field or a secret: which of the two, and its two names.
Place = tuple[str, str, str]


@dataclass(frozen=True)
class Wanted:
    """
    The settings that a sequence changes.
    """

    username: str = USERNAMES[0]
    groups: tuple[str, ...] = GROUPS[0]
    days: tuple[int, int] = DAYS[0]
    fields: tuple[tuple[str, str], ...] = FIELDS[:1]
    secrets: tuple[tuple[str, str], ...] = SECRETS[:1]
    registry_by_alias: bool = False

    def config(self, world: World) -> dict[str, Any]:
        """
        The same as a stack file's `config`.
        """
        config = world.config(
            username=self.username,
            groups=list(self.groups),
            rotateAfterDays=self.days[0],
            expireAfterDays=self.days[1],
            onepassword=[{"vault": VAULT, "item": item, "field": label} for item, label in self.fields],
            forgejo=[{"repository": f"{OWNER}/{repo}", "secret": name} for repo, name in self.secrets],
        )
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
        Where the key should be.
        """
        return {("field", *one) for one in self.fields} | {("secret", *one) for one in self.secrets}


EVERYWHERE = Wanted(fields=FIELDS, secrets=SECRETS).places


@dataclass
class Ground:
    """
    Four systems, and people with access to them.
    """

    world: World
    wanted: Wanted = field(default_factory=Wanted)
    strangers: set[str] = field(default_factory=set)
    violations: list[str] = field(default_factory=list)
    _good: set[Place] = field(default_factory=set)
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

    def ours(self) -> list[Key]:
        """
        The keys with our label for today's account, dead ones too, oldest first.
        """
        label = f"zot-ci/{STACK}/{self.wanted.username}"
        return [key for key in self.world.estate.zot.of(self.wanted.username) if key.label == label]

    def user(self) -> User | None:
        """
        Today's account.
        """
        return self.world.estate.authentik.users.get(self.wanted.username)

    # What must be true.

    def look(self) -> None:
        """
        Invariant 1: a place that held a live key holds one, unless it is one of yesterday's settings and today's are
        good: the store of record before an old field goes, every place before an old secret does. And nothing of
        somebody else's is changed, at any instant.
        """
        live = {place for place in EVERYWHERE if self.key(self.value(place))}
        served = {"field": ("field", *self.wanted.fields[0]) in live, "secret": self.wanted.places <= live}
        for place in sorted(self._good - live):
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
        key, user = self.ours()[-1:], self.user()
        faults = [f"{len(self.ours())} keys with our label"] if len(self.ours()) != 1 else []
        for place in sorted(self.wanted.places):
            if not key or self.value(place) != key[0].secret or self.key(self.value(place)) is None:
                faults.append(f"{place} does not hold the one live key with our label")
        if user is None:
            return [*faults, "there is no account"]
        if (user.groups, user.is_active, user.type) != (set(self.wanted.groups), True, "service_account"):
            faults.append("the account is not as it should be")
        if user.devices:
            faults.append("an MFA device is left")
        return faults

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
