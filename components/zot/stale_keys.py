"""
Which keys of an account are stale, and what is said of them. Pure functions: no network, no Pulumi.

A stale key is one with our label that has a successor, or, where the account is *exclusive*, any key that is not ours.
Both wait for their grace, and after it, where the settings say so, until nothing uses them (`in_use.py`). The grace
counts from the birth of the first key of ours that came after them or, where a sweep has seen it, from when the last
place let go of them, whichever is later: a successor may never have reached a place. A key that is not ours and is
younger than all of ours has no successor and no grace.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ..rotation import CURRENT, age_days
from .api import ListedKey, Listing
from .in_use import AGO, BY_HAND, OWN_USE, USE, Waiting, use_of, used_by_hand
from .key_facts import described

# What moves by itself, or is absent in older states.
_MOVES = (AGO, BY_HAND, *USE)


@dataclass(frozen=True)
class StaleKey:
    """
    A key that is to be ended, and when its successor was made, or took its place; None where it has none and ends at
    once.
    """

    key: ListedKey
    succeeded_at: datetime | None

    def __str__(self) -> str:
        return f"{self.key.uuid} created {self.key.created_at:%Y-%m-%d}"

    @property
    def still_used(self) -> bool:
        """
        Whether something other than the run that replaced it has used it since.
        """
        used = self.key.last_used
        return bool(used and self.succeeded_at and used > self.succeeded_at + OWN_USE)

    def used_at(self, now: datetime) -> datetime | None:
        """
        Return when it was used last, if that may have been by something other than the run that replaced it: within the
        hour after that run nobody can tell. None as well for a key that has expired or has no successor.
        """
        key = self.key
        is_dead = key.is_expired or (key.expires_at is not None and key.expires_at <= now)
        if is_dead or self.succeeded_at is None:
            return None
        return key.last_used if self.still_used or now <= self.succeeded_at + OWN_USE else None

    def waits(self, now: datetime, waiting: Waiting) -> bool:
        """
        Whether it stays after its grace, since it is in use, by the registry's clock.
        """
        return waiting.keeps(_since(self, now))

    def is_over(self, now: datetime, grace_days: float) -> bool:
        """
        Whether its grace is over, by the registry's clock.
        """
        return self.succeeded_at is None or age_days(self.succeeded_at, now) >= grace_days


def stale_keys(listing: Listing, current_uuid: str, labels: Collection[str]) -> list[StaleKey]:
    """
    Return the keys of *labels* that are older than the current one, oldest first, and those that have expired.
    """
    current = listing.find(current_uuid)
    if current is None:
        return []
    ours = [key for key in listing.keys if key.label in labels and key is not current]
    older = [key for key in ours if key.created_at < current.created_at]
    births = [*(key.created_at for key in older[1:]), current.created_at]
    stale = [StaleKey(key, succeeded_at) for key, succeeded_at in zip(older, births, strict=False)]
    return stale + [StaleKey(key, key.created_at) for key in ours if key not in older and key.is_expired]


def other_keys(listing: Listing, current_uuid: str, labels: Collection[str]) -> list[StaleKey]:
    """
    Return the keys that have none of *labels*, oldest first: those that an exclusive account must not have.
    """
    current = listing.find(current_uuid)
    if current is None:
        return []
    births = [key.created_at for key in listing.keys if key.label in labels or key is current]
    others = [key for key in listing.keys if key.label not in labels and key is not current]
    return [StaleKey(key, min((born for born in births if born > key.created_at), default=None)) for key in others]


def let_go(
    stale: Collection[StaleKey], listing: Listing, known: Mapping[str, datetime], swept_uuid: str | None
) -> dict[str, datetime]:
    """
    Return when the last place let go of each stale key, by uuid, as far as that is known; for a sweep, which comes when
    every place holds the current key.

    A place may have held, up to this run, the key of the sweep before and any that came after it: a run that died, or
    that a place gave no answer, has left it there. Those are let go now.

    Args:
        known: from earlier sweeps.
        swept_uuid: the key of the sweep before; None for the first one, before which a place may have held any key.
    """
    swept = listing.find(swept_uuid) if swept_uuid else None
    since = None if swept is None else swept.created_at
    now = {
        one.key.uuid: listing.time
        for one in stale
        if one.succeeded_at is not None and (swept_uuid is None or (since is not None and one.key.created_at >= since))
    }
    return {one.key.uuid: at for one in stale if (at := known.get(one.key.uuid, now.get(one.key.uuid))) is not None}


def dated(stale: Collection[StaleKey], known: Mapping[str, datetime]) -> list[StaleKey]:
    """
    Return the same keys, each succeeded at the earliest when it was let go, where that is *known* by its uuid.
    """
    return [
        replace(one, succeeded_at=max(one.succeeded_at, known[one.key.uuid]))
        if one.succeeded_at is not None and one.key.uuid in known
        else one
        for one in stale
    ]


def facts(
    listing: Listing,
    current_uuid: str,
    labels: Collection[str],
    kept: Mapping[str, float] | None = None,
    known: Mapping[str, datetime] | None = None,
) -> dict[str, Any]:
    """
    Return what is recorded of the keys that are or may be stale, for *condition* to judge by any settings; and of each
    for how many days an order of an earlier run *kept* it, by uuid. *known* says when places let go of them.
    """
    current = listing.find(current_uuid)
    ours = dated(stale_keys(listing, current_uuid, labels), known or {})
    others = dated(other_keys(listing, current_uuid, labels), known or {})
    published_at = None if current is None else current.created_at + OWN_USE
    return {
        "stale": [_fact(str(one), one, listing.time, kept or {}) for one in ours],
        "others": [
            {**_fact(described(one.key), one, listing.time, kept or {}), **_by_hand(one.key, published_at)}
            for one in others
        ],
        "still_used": [
            f"{one.key.uuid} was used on {one.key.last_used:%Y-%m-%d}, after its successor was published"
            for one in ours
            if one.still_used
        ],
    }


def condition(found: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    """
    Judge the keys that were *found* by today's *settings*: `retire_after_days`, `exclusive`, and whether one waits that
    is in use.
    """
    sentences = []
    ours = _over(found["stale"], settings)
    if ours:
        sentences.append(f"{len(ours)} more with our label: {', '.join(ours)}")
    others = _over(found.get("others") or [], settings) if settings.get("exclusive") else []
    if others:
        sentences.append(f"{len(others)} of others, and the account is exclusive: {'; '.join(others)}")
    return "; ".join(sentences) or CURRENT


def without_age(found: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """
    Return what *facts* recorded of some keys, without what moves by itself.
    """
    return [{name: value for name, value in one.items() if name not in _MOVES} for one in found]


def waiting(found: Mapping[str, Any], settings: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """
    Return of the facts that were *found* those of the keys that stay after their grace, since they are in use.
    """
    rule = Waiting.by(settings)
    ended = [*found["stale"], *((found.get("others") or []) if settings.get("exclusive") else [])]
    return [one for one in ended if AGO in one and _is_past_grace(one, settings) and rule.keeps(one)]


def of_another_stack(labels: Collection[str], ours: Collection[str], username: str) -> list[str]:
    """
    Return the names of other stacks of this program whose keys are among *labels*. Two stacks that share an exclusive
    account would end each other's keys, in every run.
    """
    parts = [label.split("/") for label in labels if label not in ours]
    return sorted({part[1] for part in parts if len(part) == 3 and (part[0], part[2]) == ("zot-ci", username)})


def rivals(found: Mapping[str, Any], settings: Mapping[str, Any], ours: Collection[str]) -> list[str]:
    """
    Warn of other stacks of this program that have the same account, where it is exclusive. *ours* are our labels.
    """
    labels = [str(one["label"]) for one in found.get("others") or []] if settings.get("exclusive") else []
    return [
        f"the stack {stack} has made a key of this exclusive account, and would end ours: have it in one stack only"
        for stack in of_another_stack(labels, ours, settings["username"])
    ]


def uses(
    found: Mapping[str, Any], settings: Mapping[str, Any], ours: Collection[str], *, is_ordered: bool
) -> list[str]:
    """
    Say which keys that are not the current one something uses, and which of them stay for it.

    Args:
        found: what *facts* recorded; a state from before uses were recorded has none.
        ours: our labels.
        is_ordered: an order decides in this run how long older keys live, so that none stays.
    """
    rule = Waiting.by(settings)
    stay = [] if is_ordered else waiting(found, settings)
    named = {str(one["key"]).partition(" ")[0] for one in stay}
    # Of those the first sentence is enough.
    held = [line for line in found.get("still_used") or [] if line.partition(" ")[0] not in named]
    username = settings["username"]
    by_hand = [one for one in found.get("others") or [] if not of_another_stack([one["label"]], ours, username)]
    return [
        *(rule.sentence(one) for one in stay),
        *(f"something still holds it: {line}" for line in held),
        *used_by_hand(by_hand, username),
    ]


def _fact(words: str, stale: StaleKey, now: datetime, kept: Mapping[str, float]) -> dict[str, Any]:
    keep = {"keep_days": kept[stale.key.uuid]} if stale.key.uuid in kept else {}
    return {"key": words, "label": stale.key.label, **_since(stale, now), **keep}


def _since(stale: StaleKey, now: datetime) -> dict[str, Any]:
    """
    Return what moves by itself: for how long a key has had a successor, and its use.
    """
    # The engine keeps no property that is None.
    since = {} if stale.succeeded_at is None else {AGO: age_days(stale.succeeded_at, now)}
    return {**since, **use_of(stale.key, stale.used_at(now), now)}


def _by_hand(key: ListedKey, published_at: datetime | None) -> dict[str, str]:
    used = key.last_used
    return {BY_HAND: used.isoformat()} if used and published_at and used > published_at else {}


def _over(found: list[dict[str, Any]], settings: Mapping[str, Any]) -> list[str]:
    # One without a successor has no grace.
    rule = Waiting.by(settings)
    over = [one for one in found if AGO not in one or (_is_past_grace(one, settings) and not rule.keeps(one))]
    return [str(one["key"]) for one in over]


def _is_past_grace(fact: Mapping[str, Any], settings: Mapping[str, Any]) -> bool:
    # What an order kept goes before the settings.
    return bool(fact[AGO] >= fact.get("keep_days", float(settings.get("retire_after_days") or 0)))
