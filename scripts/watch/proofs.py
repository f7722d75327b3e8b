"""
The results of `verify` for each place, and their file. No secret is in it.

The proofs of an `up` are in the state. This file has those of `verify`, and nothing else writes it.
Its JSON Schema is `docs/verified.schema.json`, with the texts below as descriptions. *None* always means: not known, or
there is none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from .engine import CALLED, StackError

# Raised when a field changes its meaning or is removed; not when one is added.
SCHEMA_VERSION = 1
# One failed nightly run is no reason for a warning.
_OLD = timedelta(days=3)
_DESCRIBED = {"use_attribute_docstrings": True}


@dataclass(frozen=True)
class Proof:
    """
    A canary that succeeded in a place.
    """

    __pydantic_config__: ClassVar = _DESCRIBED

    at: datetime
    """When, by the clock of the machine that ran the command."""
    key_uuid: str | None
    """The key that the place had; null where the canary does not compare it, or nobody could say which key that is."""


@dataclass(frozen=True)
class Verified:
    """
    What `verify` found of one place.
    """

    __pydantic_config__: ClassVar = _DESCRIBED

    account: str
    address: str
    """The URL of the forge."""
    place: str
    """The names that lead there, joined by slashes."""
    result: str
    """`works`, `refused`, `another key`, `no answer`, `no canary` or `fault`."""
    why: str
    """The rest of the sentence; empty where there is nothing to add."""
    is_ours: bool | None
    """CI has the key of the store of record."""
    asked_at: datetime | None
    """When its canary was started."""
    proven: Proof | None
    """The last time that it worked, in this run or an earlier one."""

    @property
    def where(self) -> tuple[str, str, str]:
        """
        The identity of its place.
        """
        return self.account, self.address, self.place


@dataclass(frozen=True)
class Round:
    """
    What `verify` found of a stack. A place that a run left out has what an earlier one found.
    """

    __pydantic_config__: ClassVar = _DESCRIBED

    stack: str
    began_at: datetime
    ended_at: datetime
    places: list[Verified]
    schema_version: int = field(default=SCHEMA_VERSION)

    def as_json(self) -> str:
        """
        Return it as JSON. Times are ISO 8601 in UTC, to the second.
        """
        return json.dumps(asdict(self), default=_text, indent=2, ensure_ascii=False)

    def of(self, account: str, address: str, place: str) -> Verified | None:
        """
        Return what was found of one place.
        """
        return next((one for one in self.places if one.where == (account, address, place)), None)

    def after(self, earlier: Round | None, wanted: list[tuple[str, str, str]]) -> Round:
        """
        Return this round for the places *wanted*, with the *earlier* round's proof where this one has none, and with
        its result for a place that was not asked now.
        """
        found = []
        for where in wanted:
            now, before = self.of(*where), earlier.of(*where) if earlier else None
            if now and not now.proven and before:
                now = replace(now, proven=before.proven)
            found += [one for one in [now or before] if one]
        return replace(self, places=found)


def read(path: Path, stack: str) -> Round:
    """
    Read the file of an earlier `verify`.

    Raises:
        StackError: it cannot be read, is incomplete, or belongs to another stack.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        places = [_verified(one) for one in found["places"]]
        read = Round(
            str(found["stack"]), _time(found["began_at"]), _time(found["ended_at"]), places, found["schema_version"]
        )
    except OSError as exc:
        msg = f"{path} cannot be read: {exc.strerror or type(exc).__name__}"
        raise StackError(msg) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        msg = f"{path} is no whole file of `verify --json`; run `{CALLED} --stack {stack} verify --json {path}`"
        raise StackError(msg) from None
    if read.schema_version != SCHEMA_VERSION:
        msg = f"{path} is of another version of this program (form {read.schema_version}); write it anew"
        raise StackError(msg)
    if read.stack != stack:
        msg = f"{path} is about the stack {read.stack}, not {stack}; name that one's file"
        raise StackError(msg)
    return read


def is_old(found: Round, now: datetime) -> str:
    """
    Return a warning if the file is so old that a scheduled `verify` must have failed; else an empty text.
    """
    age = now - found.ended_at
    if age < _OLD:
        return ""
    return f"what `verify` found is {age.days} days old, of {found.ended_at:%Y-%m-%d}; see why it does not run"


def _verified(given: Mapping[str, Any]) -> Verified:
    proven = given["proven"]
    return Verified(
        account=str(given["account"]),
        address=str(given["address"]),
        place=str(given["place"]),
        result=str(given["result"]),
        why=str(given["why"]),
        is_ours=given["is_ours"],
        asked_at=_time(given["asked_at"]) if given["asked_at"] else None,
        proven=Proof(_time(proven["at"]), proven["key_uuid"]) if proven else None,
    )


def _time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds")
    msg = f"no JSON for {type(value).__name__}"
    raise TypeError(msg)
