"""
The status document: what is known of a stack after one look at it. No secret is in it.

`status --json` prints it; summary, metrics, report and notices are made of it and of nothing else. Its JSON Schema is
`docs/status.schema.json`, with the texts below as descriptions. *None* always means: not known, or there is none.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from typing import Any, ClassVar

from .proofs import Proof, Verified

# Raised when a field changes its meaning or goes; not when one is added.
SCHEMA_VERSION = 1

# Makes the texts below the fields the descriptions in the schema.
_DESCRIBED = {"use_attribute_docstrings": True}


@dataclass(frozen=True)
class Run:
    """
    One `up`, as the state's history has it. Times are by the clock of the machine that ran it.
    """

    __pydantic_config__: ClassVar = _DESCRIBED

    started_at: datetime
    ended_at: datetime | None
    result: str
    """The engine's word: `succeeded` or `failed`."""
    replaced: int
    """How many resources it replaced; a rotation is one."""


@dataclass(frozen=True)
class System:
    """
    One outside system of the stack.
    """

    __pydantic_config__: ClassVar = _DESCRIBED

    name: str
    """`authentik`, `zot`, `1Password` or `Forgejo`."""
    address: str
    """Its URL; for 1Password the backend that reaches it."""
    asked: bool
    """Whether this look asked it."""
    answered: bool | None
    """Whether every question got an answer that can be used."""
    why: list[str]
    """What it said instead."""


@dataclass(frozen=True)
class Credential:
    """
    One of the program's own credentials whose expiry is known.
    """

    __pydantic_config__: ClassVar = _DESCRIBED

    name: str
    """The variable or the 1Password reference that has it."""
    system: str
    """`authentik` or `1Password Connect`."""
    address: str
    expires_at: datetime
    is_certain: bool
    """False where it may be another token of the same user, which expires later or never."""
    warning: str
    """What to do; empty where it expires in more than 30 days, or has expired."""


@dataclass(frozen=True)
class StaleKey:
    """
    An older key with our label that the registry still lists.
    """

    __pydantic_config__: ClassVar = _DESCRIBED

    uuid: str
    created_on: date | None
    replaced_at: datetime | None
    """When its successor was made, to about a second."""
    ends_at: datetime | None
    """The first `up` after this revokes it; a later one if it *waits* and is used again."""
    still_used: bool
    """Something used it after its successor was published."""
    used_at: datetime | None
    """When something used it last; within an hour of its replacement that can be the run that replaced it."""
    waits: bool
    """Its grace is over, and it stays since it was used within 24 hours (`retireWhenUnused`)."""
    ends_at_the_latest: datetime | None
    """Of one that *waits*: the first `up` after this revokes it, whatever uses it; null for never."""


@dataclass(frozen=True)
class Key:
    """
    The current key of an account. Times are by the registry's clock.
    """

    __pydantic_config__: ClassVar = _DESCRIBED

    uuid: str
    label: str
    created_at: datetime
    rotates_at: datetime | None
    """From then on an `up` replaces it; null while rotation is paused."""
    expires_at: datetime | None
    """null for never."""
    last_used: date | None
    """The day of the last use that the registry reports; each look counts as a use."""
    age_days: float
    """By the registry's clock where *checked*, else by this machine's."""
    checked: bool
    """This look asked the registry; otherwise what follows is what the last `up` recorded."""
    accepted: bool | None
    """The registry accepts it."""
    rights: str
    """What it can do, in words."""
    rights_fit: bool | None
    """It has exactly the expected rights."""
    stale: list[StaleKey]
    other_keys: list[str]
    """Keys of the account with another label, in words; an `up` revokes them only where the account is *exclusive*."""


@dataclass(frozen=True)
class Part:
    """
    One resource of an account that is no place: its account in authentik, its key, or the sweep of its older keys.
    """

    __pydantic_config__: ClassVar = _DESCRIBED

    in_sync: bool | None
    change: str
    """What an `up` would do to it: `create`, `update`, `replace`, `delete`, or nothing."""
    condition: str
    """The sentence that the look recorded; `current` if there is none."""
    why: list[str]
    """Every sentence about it; empty where it is in sync."""


@dataclass(frozen=True)
class PlaceStatus(Part):
    """
    One place that holds the key.
    """

    __pydantic_config__: ClassVar = _DESCRIBED

    system: str
    """`1Password` or `Forgejo`."""
    address: str
    name: str
    """The names that lead there, joined by slashes."""
    key_uuid: str | None
    """The key that the last run wrote to it."""
    holds_current_key: bool
    """As far as was written; what cannot be read cannot be compared."""
    written_at: datetime | None
    """When a run changed it last, by the clock of the machine that ran it. In sync since then, if it is in sync."""
    proven_by_up: Proof | None
    """The last canary that succeeded when an `up` had published to it; null without one."""
    verified: Verified | None
    """What `verify` found of it, where its file is given."""


@dataclass(frozen=True)
class AccountStatus:
    """
    One account with its key and places.
    """

    __pydantic_config__: ClassVar = _DESCRIBED

    username: str
    in_sync: bool | None
    """All of its parts are; null if one is not known and no other is out of sync."""
    changes: int
    """How many of its parts an `up` would change."""
    identity: Part | None
    """The account in authentik; null where it is somebody else's."""
    key_status: Part | None
    sweep: Part | None
    """The sweep that revokes older keys."""
    key: Key | None
    places: list[PlaceStatus]
    retire_after_days: float
    """How long an old key works after the run that gave the last place a newer one."""
    retire_when_unused: bool
    """After that one that is in use lives on."""
    exclusive: bool
    """Keys with another label are revoked like older ones."""

    @property
    def parts(self) -> list[Part]:
        """
        All of its parts, in the order in which an `up` goes through them.
        """
        return [part for part in (self.identity, self.key_status, *self.places, self.sweep) if part is not None]

    @property
    def why(self) -> list[str]:
        """
        Every sentence about any part of it, each once.
        """
        return list(dict.fromkeys(line for part in self.parts for line in part.why))


@dataclass(frozen=True)
class Status:
    """
    What is known of a stack after one look at it.
    """

    __pydantic_config__: ClassVar = _DESCRIBED

    stack: str
    looked_at: datetime
    """When the look began, by this machine's clock."""
    succeeded: bool
    """The preview ended without an error. What one left unknown is null, and the *errors* say why."""
    errors: list[str]
    sentences: list[str]
    """All that the preview said, in its order."""
    last_up: Run | None
    last_successful_up: Run | None
    ups: list[Run]
    """The newest ones, newest first; at most 100."""
    systems: list[System]
    accounts: list[AccountStatus]
    credentials: list[Credential] = field(default_factory=list)
    """Those whose expiry a look could read; the others never expire, or nothing is known of them."""
    verified_at: datetime | None = None
    """When the last `verify` ended, where its file is given."""
    schema_version: int = field(default=SCHEMA_VERSION)

    @property
    def in_sync(self) -> bool | None:
        """
        Whether every account is; None if that is not known.
        """
        return all_in_sync([account.in_sync for account in self.accounts])

    def as_json(self) -> str:
        """
        Return it as JSON. Times are ISO 8601 in UTC, to the second.
        """
        return json.dumps(asdict(self), default=_text, indent=2, ensure_ascii=False)


def all_in_sync(states: list[bool | None]) -> bool | None:
    """
    Return False if one is out of sync, else None if one is not known, else True.
    """
    if False in states:
        return False
    return None if None in states else True


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    msg = f"no JSON for {type(value).__name__}"
    raise TypeError(msg)
