"""
The keys that earlier versions of the page saw and that are revoked or expired now. Neither the state nor the registry
knows them, so the page contains them as data, which is read when the page is written again. Pure.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from .document import AccountStatus, Status

_BLOCK = re.compile(r'<script type="application/json" id="seen">(.*?)</script>', re.DOTALL)
# Older keys, and more keys than this, are forgotten.
_KEPT_FOR = timedelta(days=400)
_KEPT = 50


@dataclass(frozen=True)
class SeenKey:
    """
    A key with our label that a look saw.

    Args:
        last_seen: the time of the last look that saw it alive.
        first_missed: the time of the first look that did not see it; None while it is alive.
    """

    uuid: str
    created_on: date
    last_seen: datetime
    first_missed: datetime | None = None


Seen = dict[str, list[SeenKey]]


def seen_by(status: Status, before: Seen) -> Seen:
    """
    Return the keys to remember after a look, by account; *before* are those remembered so far.
    """
    found = {
        account.username: _of(account, status.looked_at, before.get(account.username, []))
        for account in status.accounts
    }
    return {name: keys for name, keys in found.items() if keys}


def _of(account: AccountStatus, now: datetime, before: list[SeenKey]) -> list[SeenKey]:
    key = account.key
    if key is None or not key.checked:
        # The registry was not asked, so no key is known to be missing.
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
    Return the block of the page with the remembered keys.
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
    # A name could contain the text that ends the block.
    text = json.dumps(plain).replace("<", "\\u003c")
    return f'<script type="application/json" id="seen">{text}</script>'


def read(page: str) -> Seen:
    """
    Return the keys that an earlier version of the page remembers; none if it is another page, or was edited.
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
