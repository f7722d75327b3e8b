"""
Which keys of an account are stale, and what is said of them. Pure functions: no network, no Pulumi.

A stale key is one with our label that has a successor, or, where the account is *exclusive*, any key that is not ours.
Both wait for their grace, and after it, where the settings say so, until nothing uses them (`in_use.py`). The grace
counts from the birth of the first key of ours that came after them or, where a sweep has seen it, from when the last
place let go of them, whichever is later: a successor may never have reached a place. A key that is not ours and is
younger than all of ours has no successor and no grace.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from ..rotation import CURRENT, age_days
from .api import ListedKey, Listing
from .in_use import OWN_USE, InUseRule, KeyInUse, used_by_hand
from .key_facts import described
from .state import OldKey, SweepState, SweepWanted


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

    def waits(self, now: datetime, rule: InUseRule) -> bool:
        """
        Whether it stays after its grace, since it is in use, by the registry's clock.
        """
        return rule.keeps(self.recorded(str(self), now)) is not None

    def recorded(self, words: str, now: datetime, keep_days: float | None = None) -> OldKey:
        """
        Return what is recorded of it, named in *words*.
        """
        used_at = self.used_at(now)
        return OldKey(
            words,
            self.key.label,
            keep_days,
            succeeded_days_ago=None if self.succeeded_at is None else age_days(self.succeeded_at, now),
            used_at=used_at,
            used_days_ago=None if used_at is None else age_days(used_at, now),
            expires_at=None if used_at is None else self.key.expires_at,
        )

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
    stale: Collection[StaleKey], listing: Listing, known: Mapping[str, datetime], swept_uuid: str
) -> dict[str, datetime]:
    """
    Return when the last place let go of each stale key, by uuid, as far as that is known; for a sweep, which comes when
    every place holds the current key.

    A place may have held, up to this run, the key of the sweep before and any that came after it: a run that died, or
    that a place gave no answer, has left it there. Those are let go now.

    Args:
        known: from earlier sweeps.
        swept_uuid: the key of the sweep before; empty for the first one, before which a place may have held any key.
    """
    swept = listing.find(swept_uuid) if swept_uuid else None
    since = None if swept is None else swept.created_at
    now = {
        one.key.uuid: listing.time
        for one in stale
        if one.succeeded_at is not None and (not swept_uuid or (since is not None and one.key.created_at >= since))
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


def look_for_old_keys(state: SweepState, listing: Listing) -> None:
    """
    Record in *state* what is known of the keys that are or may be stale, for *condition* to judge by any settings.
    """
    current = listing.find(state.key_uuid)
    ours = dated(stale_keys(listing, state.key_uuid, state.labels), state.let_go)
    others = dated(other_keys(listing, state.key_uuid, state.labels), state.let_go)
    published_at = None if current is None else current.created_at + OWN_USE
    now, kept = listing.time, state.kept
    state.stale = [one.recorded(str(one), now, kept.get(one.key.uuid)) for one in ours]
    state.others = [one.recorded(described(one.key), now, kept.get(one.key.uuid)) for one in others]
    for one, known in zip(others, state.others, strict=True):
        used = one.key.last_used
        known.used_by_hand_at = used if used and published_at and used > published_at else None
    state.still_used = [
        f"{one.key.uuid} was used on {one.key.last_used:%Y-%m-%d}, after its successor was published"
        for one in ours
        if one.still_used
    ]


def condition(found: SweepState, wanted: SweepWanted) -> str:
    """
    Judge the keys that were *found* by what is *wanted* today.
    """
    sentences = []
    ours = _over(found.stale, wanted)
    if ours:
        sentences.append(f"{len(ours)} stale {'key' if len(ours) == 1 else 'keys'} with our label: {', '.join(ours)}")
    others = _over(found.others, wanted) if wanted.exclusive else []
    if others:
        which = "1 key with another label" if len(others) == 1 else f"{len(others)} keys with other labels"
        sentences.append(f"{which}, and the account is exclusive: {'; '.join(others)}")
    return "; ".join(sentences) or CURRENT


def waiting(found: SweepState, wanted: SweepWanted) -> list[KeyInUse]:
    """
    Return of the keys that were *found* those that stay after their grace, since they are in use.
    """
    rule = InUseRule.by(wanted)
    stale = [*found.stale, *(found.others if wanted.exclusive else [])]
    kept = [rule.keeps(one) for one in stale if _is_past_grace(one, wanted)]
    return [one for one in kept if one is not None]


def of_another_stack(labels: Collection[str], ours: Collection[str], username: str) -> list[str]:
    """
    Return the names of other stacks of this program whose keys are among *labels*. Two stacks that share an exclusive
    account would end each other's keys, in every run.
    """
    parts = [label.split("/") for label in labels if label not in ours]
    return sorted({part[1] for part in parts if len(part) == 3 and (part[0], part[2]) == ("zot-ci", username)})


def rivals(found: SweepState, wanted: SweepWanted) -> list[str]:
    """
    Warn of other stacks of this program that have the same account, where it is exclusive.
    """
    labels = [one.label for one in found.others] if wanted.exclusive else []
    return [
        f"the stack {stack} has made a key of this exclusive account, and would revoke ours: "
        "keep the account in one stack only"
        for stack in of_another_stack(labels, found.labels, wanted.username)
    ]


def uses(found: SweepState, wanted: SweepWanted, *, is_ordered: bool) -> list[str]:
    """
    Say which keys that are not the current one something uses, and which of them stay for it.

    Args:
        is_ordered: an order decides in this run how long older keys live, so that none stays.
    """
    stay = [] if is_ordered else waiting(found, wanted)
    named = {one.key.key.partition(" ")[0] for one in stay}
    # Of those the first sentence is enough.
    held = [line for line in found.still_used if line.partition(" ")[0] not in named]
    by_hand = [one for one in found.others if not of_another_stack([one.label], found.labels, wanted.username)]
    return [
        *map(str, stay),
        *(f"something still uses an older key: {line}" for line in held),
        *used_by_hand(by_hand, wanted.username),
    ]


def _over(found: list[OldKey], wanted: SweepWanted) -> list[str]:
    rule = InUseRule.by(wanted)
    # One without a successor has no grace.
    return [
        one.key
        for one in found
        if one.succeeded_days_ago is None or (_is_past_grace(one, wanted) and rule.keeps(one) is None)
    ]


def _is_past_grace(key: OldKey, wanted: SweepWanted) -> bool:
    # What an order kept goes before the settings.
    grace = wanted.retire_after_days if key.keep_days is None else key.keep_days
    return key.succeeded_days_ago is not None and key.succeeded_days_ago >= grace
