"""
The entries that the processes of one run share by its file: each is one fact. Pure.
"""

from __future__ import annotations

import hashlib
from typing import Any, get_args

import msgspec
from msgspec.structs import asdict

from .claims import Claim, Identity, ProgramClaim, Release


class Begun(msgspec.Struct, frozen=True):
    """
    The program runs, in a preview or not.
    """

    preview: bool


class SecretUnchanged(msgspec.Struct, frozen=True):
    """
    Whether a secret stays as it is in this run; the program publishes an unchanged one once more.
    """

    thing: Identity
    unchanged: bool


class OwnerSeen(msgspec.Struct, frozen=True):
    """
    The repository, organization or user of a secret in the state has that number. A name can be another one's later.
    """

    owner: Identity
    number: int


class KeySeen(msgspec.Struct, frozen=True):
    """
    The registry accepts or refuses a key.
    """

    uuid: str
    alive: bool


class OwnKey(msgspec.Struct, frozen=True):
    """
    The state has a key of a *lineage*: a key and its successors at one registry. The digest recognises the key and does
    not reveal it. Other keys with its *label* are ours, too.
    """

    lineage: Identity
    uuid: str
    digest: str
    label: str


class KeyDeferred(msgspec.Struct, frozen=True):
    """
    A place that another account has now still holds that old key, so the sweep has left it to the key's own deletion,
    which comes when all places are written.
    """

    uuid: str


class KeysLeft(msgspec.Struct, frozen=True):
    """
    The live keys, in words, that an account has left after all keys of a *lineage* were revoked. Without this evidence
    no account is deleted.
    """

    lineage: Identity
    keys: tuple[str, ...]


class VolatileFacts(msgspec.Struct, frozen=True):
    """
    The volatile properties of one instance, as a read found them. After a change of the settings the `diff` runs in
    another process than the read.
    """

    instance: Identity
    facts: dict[str, Any]


class Fault(msgspec.Struct, frozen=True):
    """
    *what* has a fault for which the run ends with exit code 1; an empty *sentence* takes the fault back.
    """

    what: str
    sentence: str


class Reported(msgspec.Struct, frozen=True):
    """
    A process of this run has logged the sentence.
    """

    sentence: str


Entry = (
    ProgramClaim
    | Claim
    | Release
    | Begun
    | SecretUnchanged
    | OwnerSeen
    | KeySeen
    | OwnKey
    | KeyDeferred
    | KeysLeft
    | VolatileFacts
    | Fault
    | Reported
)

_KINDS: dict[str, type[Entry]] = {kind.__name__: kind for kind in get_args(Entry)}
_KIND = "kind"


def as_line(entry: Entry) -> dict[str, Any]:
    """
    Return an entry as a line of the run's file.
    """
    return {_KIND: type(entry).__name__, **asdict(entry)}


def of_line(line: dict[str, Any]) -> Entry:
    """
    Return the entry that a line of the run's file holds.
    """
    values: Any = {name: _as_tuples(value) for name, value in line.items() if name != _KIND}
    return _KINDS[line[_KIND]](**values)


def _as_tuples(value: Any) -> Any:
    # JSON knows no tuples. The facts of an instance, a dict, have lists.
    return tuple(map(_as_tuples, value)) if isinstance(value, list) else value


def digest_of(key: str) -> str:
    """
    Return what identifies a key in an `OwnKey`.
    """
    return hashlib.sha256(key.encode()).hexdigest()
