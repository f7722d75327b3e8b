"""
What is recorded of a key: from the registry's answers to the state, and from there to the facts that are judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ..rotation import CI_RIGHTS, KeyFacts, Policy, age_days
from .api import Access, ListedKey, Listing


def observed(listing: Listing, key: ListedKey, access: Access) -> dict[str, Any]:
    """
    Return what is recorded of a key that the registry accepts. Of the last use only the day: zot counts the very
    request that asks.
    """
    return {
        "created_at": _in_utc(key.created_at),
        "expires_at": _in_utc(key.expires_at) if key.expires_at else "",
        "last_used": key.last_used.date().isoformat() if key.last_used else "",
        "age_days": age_days(key.created_at, listing.time),
        "refused": "",
        "access": str(access),
        "may": access.may,
        "other_keys": [described(other) for other in listing.keys if other.label != key.label],
        "newer": ", ".join(described(other) for other in newer_than(key, listing)),
    }


def _in_utc(time: datetime) -> str:
    # A registry that changes its time zone must not change what is recorded, nor the days that are shown.
    return time.astimezone(UTC).isoformat()


def newer_than(key: ListedKey, listing: Listing) -> list[ListedKey]:
    """
    Return the live keys of the same label that were made after *key*.
    """
    return [
        other
        for other in listing.keys
        if other.label == key.label and other.created_at > key.created_at and not other.is_expired
    ]


def facts_of(props: Mapping[str, Any]) -> KeyFacts:
    """
    Return the facts that the last read recorded.
    """
    return KeyFacts(
        created_at=datetime.fromisoformat(props["created_at"]),
        expires_at=moment(props["expires_at"]),
        age_days=float(props["age_days"]),
        refused=props["refused"],
        may=_may(props),
        newer=props["newer"],
    )


def _may(props: Mapping[str, Any]) -> dict[str, bool]:
    """
    Return the rights that were asked about. A state from before they were recorded one by one has the sentence alone.
    """
    if "may" in props:
        return {right: bool(has) for right, has in props["may"].items()}
    said = [part.rpartition(" ") for part in str(props["access"]).split(", ")]
    return {right: how == "can" for how, _, right in said}


def policy_of(props: Mapping[str, Any]) -> Policy:
    """
    Return when a key with these inputs is replaced, and what it should be allowed.
    """
    rights = frozenset(props.get("rights", CI_RIGHTS))
    return Policy(float(props["rotate_after_days"]), float(props["expire_after_days"]), rights)


def not_watched(olds: Mapping[str, Any], news: Mapping[str, Any]) -> list[str]:
    """
    Say that the tag which the last read asked by was not there: what exists alone can be updated.
    """
    tag = news.get("probe_tag")
    same = all(olds.get(name) == news.get(name) for name in ("probe_repository", "probe_tag"))
    if not tag or not same or olds["refused"] or "update" in facts_of(olds).may:
        return []
    where = f"{news['probe_repository']}:{tag}"
    return [f"whether it can update is not watched, since the registry shows it no {where}; correct probeTag"]


def moment(text: str) -> datetime | None:
    """
    Read a time of the state, where an empty one is never.
    """
    return datetime.fromisoformat(text) if text else None


def described(key: ListedKey) -> str:
    """
    Name a key of somebody else's; it is only ever reported.
    """
    ends = f"expires {key.expires_at:%Y-%m-%d}" if key.expires_at else "never expires"
    return f"{key.label or 'no label'} ({key.uuid}), created {key.created_at:%Y-%m-%d}, {ends}"
