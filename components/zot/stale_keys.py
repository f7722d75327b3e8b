"""
Which keys of an account are stale, and what is said of them. Pure functions: no network, no Pulumi.

A stale key is one with our label that has a successor, or, where the account is *exclusive*, any key that is not ours.
Both wait for their grace. It counts from the birth of the first key of ours that came after them or, where a sweep has
seen it, from when the last place let go of them, whichever is later: a successor may never have reached a place. A key
that is not ours and is younger than all of ours has no successor and no grace.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from ..rotation import CURRENT, age_days
from .api import ListedKey, Listing
from .key_facts import described

# The run that replaces a key still uses it for a moment after its successor was made.
_OWN_USE = timedelta(hours=1)
# For how many days a key has had a successor.
_AGO = "succeeded_days_ago"


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
        return bool(used and self.succeeded_at and used > self.succeeded_at + _OWN_USE)

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
    ours = dated(stale_keys(listing, current_uuid, labels), known or {})
    others = dated(other_keys(listing, current_uuid, labels), known or {})
    return {
        "stale": [_fact(str(one), one, listing.time, kept or {}) for one in ours],
        "others": [_fact(described(one.key), one, listing.time, kept or {}) for one in others],
        "still_used": [
            f"{one.key.uuid} was used on {one.key.last_used:%Y-%m-%d}, after its successor was published"
            for one in ours
            if one.still_used
        ],
    }


def condition(found: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    """
    Judge the keys that were *found* by today's *settings*: `retire_after_days` and `exclusive`.
    """
    grace_days = float(settings.get("retire_after_days") or 0)
    sentences = []
    ours = _over(found["stale"], grace_days)
    if ours:
        sentences.append(f"{len(ours)} more with our label: {', '.join(ours)}")
    others = _over(found.get("others") or [], grace_days) if settings.get("exclusive") else []
    if others:
        sentences.append(f"{len(others)} of others, and the account is exclusive: {'; '.join(others)}")
    return "; ".join(sentences) or CURRENT


def without_age(found: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """
    Return what *facts* recorded of some keys, without what moves by itself.
    """
    return [{name: value for name, value in one.items() if name != _AGO} for one in found]


def of_another_stack(labels: Collection[str], ours: Collection[str], username: str) -> list[str]:
    """
    Return the names of other stacks of this program whose keys are among *labels*. Two stacks that share an exclusive
    account would end each other's keys, in every run.
    """
    parts = [label.split("/") for label in labels if label not in ours]
    return sorted({part[1] for part in parts if len(part) == 3 and (part[0], part[2]) == ("zot-ci", username)})


def _fact(words: str, stale: StaleKey, now: datetime, kept: Mapping[str, float]) -> dict[str, Any]:
    # The engine keeps no property that is None.
    since = {} if stale.succeeded_at is None else {_AGO: age_days(stale.succeeded_at, now)}
    keep = {"keep_days": kept[stale.key.uuid]} if stale.key.uuid in kept else {}
    return {"key": words, "label": stale.key.label, **since, **keep}


def _over(found: list[dict[str, Any]], grace_days: float) -> list[str]:
    # What an order kept goes before the settings; one without a successor has no grace.
    over = [one for one in found if _AGO not in one or _is_over(one, grace_days)]
    return [str(one["key"]) for one in over]


def _is_over(fact: Mapping[str, Any], grace_days: float) -> bool:
    return bool(fact[_AGO] >= fact.get("keep_days", grace_days))
