"""
The state of a key, made from the registry's answers.
"""

from __future__ import annotations

from datetime import UTC, datetime

from ..dynamic.properties import inherited
from ..rotation import age_days
from .api import Access, ListedKey, Listing
from .state import KeyState, KeyWanted


def observed(
    wanted: KeyWanted, listing: Listing, key: ListedKey, access: Access, *, api_key: str, mark: str
) -> KeyState:
    """
    Return the state of a key that the registry accepts. Only the day of its last use is recorded, since zot counts this
    request as a use.
    """
    return KeyState(
        **inherited(KeyWanted, wanted),
        uuid=key.uuid,
        api_key=api_key,
        created_at=_in_utc(key.created_at),
        expires_at=_in_utc(key.expires_at) if key.expires_at else None,
        last_used=key.last_used.date().isoformat() if key.last_used else "",
        age_days=age_days(key.created_at, listing.time),
        refused="",
        access=str(access),
        may=access.may,
        other_keys=[described(other) for other in listing.keys if other.label != key.label],
        newer=", ".join(described(other) for other in newer_than(key, listing)),
        mark=mark,
    )


def _in_utc(time: datetime) -> datetime:
    # A registry's new time zone must change neither the state nor the days in messages.
    return time.astimezone(UTC)


def newer_than(key: ListedKey, listing: Listing) -> list[ListedKey]:
    """
    Return the live keys of the same label that were made after *key*.
    """
    return [
        other
        for other in listing.keys
        if other.label == key.label and other.created_at > key.created_at and not other.is_expired
    ]


def not_watched(olds: KeyState, news: KeyWanted) -> list[str]:
    """
    Return a sentence if the right to update could not be probed, since the probe tag does not exist.
    """
    same = olds.probe_repository == news.probe_repository and olds.probe_tag == news.probe_tag
    if not same or not news.probe_tag or olds.refused or "update" in olds.may:
        return []
    where = f"{news.probe_repository}:{news.probe_tag}"
    return [f"whether it can update is not watched, since the registry shows it no {where}; correct probeTag"]


def described(key: ListedKey) -> str:
    """
    Return a key that is not ours in words; such a key is only reported.
    """
    ends = f"expires {key.expires_at:%Y-%m-%d}" if key.expires_at else "never expires"
    return f"{key.label or 'no label'} ({key.uuid}), created {key.created_at:%Y-%m-%d}, {ends}"
