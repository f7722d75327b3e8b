"""
The settings that a sequence changes, and the places that they name.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.oracle.evidence import Place
from tests.oracle.evidence import field as field_at
from tests.oracle.evidence import secret as secret_at
from tests.world import FIELD, GROUP, ITEM, OWNER, REPOSITORY, SECRET, VAULT, World
from zot_ci import Settings, load

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
