"""
What earlier versions of the page saw: keys that have ended since. Neither the state nor the registry knows them any
more, so the page carries them on itself, as data that is read when it is written anew. Pure.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from .document import AccountStatus, Status

_BLOCK = re.compile(r'<script type="application/json" id="seen">(.*?)</script>', re.DOTALL)
# What is older, or more than that, is forgotten.
_KEPT_FOR = timedelta(days=400)
_KEPT = 50


@dataclass(frozen=True)
class SeenKey:
    """
    A key with our label that a look saw.

    Args:
        last_seen: the last look that saw it alive.
        first_missed: the first look that did not; None while it is alive.
    """

    uuid: str
    created_on: date
    last_seen: datetime
    first_missed: datetime | None = None


Seen = dict[str, list[SeenKey]]


def seen_by(status: Status, before: Seen) -> Seen:
    """
    Return what is to be remembered after a look, by account; *before* is what was remembered so far.
    """
    found = {
        account.username: _of(account, status.looked_at, before.get(account.username, []))
        for account in status.accounts
    }
    return {name: keys for name, keys in found.items() if keys}


def _of(account: AccountStatus, now: datetime, before: list[SeenKey]) -> list[SeenKey]:
    key = account.key
    if key is None or not key.checked:
        # Nobody asked: nothing is known to have ended.
        return before
    alive = {key.uuid: key.created_at.date()}
    alive |= {stale.uuid: stale.created_on for stale in key.stale if stale.created_on}
    known = {one.uuid: one for one in before}
    for uuid, created_on in alive.items():
        known[uuid] = SeenKey(uuid, created_on, now)
    for uuid, one in known.items():
        if uuid not in alive and one.first_missed is None:
            known[uuid] = SeenKey(uuid, one.created_on, one.last_seen, now)
    kept = [one for one in known.values() if now - one.last_seen < _KEPT_FOR]
    return sorted(kept, key=lambda one: (one.created_on, one.last_seen))[-_KEPT:]


def written(seen: Seen) -> str:
    """
    Return the block of the page that holds it.
    """
    plain = {
        name: [
            [
                one.uuid,
                one.created_on.isoformat(),
                _text(one.last_seen),
                _text(one.first_missed) if one.first_missed else None,
            ]
            for one in keys
        ]
        for name, keys in seen.items()
    }
    # A name may hold what would end the block.
    text = json.dumps(plain).replace("<", "\\u003c")
    return f'<script type="application/json" id="seen">{text}</script>'


def read(page: str) -> Seen:
    """
    Return what an earlier version of the page remembered; nothing where it is no such page, or was edited.
    """
    block = _BLOCK.search(page)
    try:
        plain: dict[str, list[Any]] = json.loads(block[1]) if block else {}
        return {
            str(name): [
                SeenKey(str(uuid), date.fromisoformat(born), _time(last), _time(gone) if gone else None)
                for uuid, born, last, gone in keys
            ]
            for name, keys in plain.items()
        }
    except (ValueError, TypeError, AttributeError):
        return {}


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
