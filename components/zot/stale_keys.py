"""
Which keys of an account are stale, and the sentences about them. Pure functions: no network, no Pulumi.

A stale key has our label and a successor; if the account is *exclusive*, every key that is not ours is stale, too. A
stale key lives for its grace and then, if the settings say so, until nothing uses it (`in_use.py`). The grace counts
from the birth of our first key after it, or from when a sweep saw that the last place had released it, whichever is
later: a successor may never have reached a place. A key of others that is younger than all of ours has no successor and
no grace.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

import msgspec
from msgspec.structs import replace

from ..rotation import CURRENT, age_days
from .api import ListedKey, Listing
from .in_use import OWN_USE, InUseRule, KeyInUse, used_by_hand
from .key_facts import described
from .state import OldKey, SweepState, SweepWanted


class StaleKey(msgspec.Struct, frozen=True):
    """
    A key that is to be revoked, and when its successor was made or took its place. Without a successor the time is
    None, and the key is revoked at once.
    """

    key: ListedKey
    succeeded_at: datetime | None

    def __str__(self) -> str:
        return f"{self.key.uuid} created {self.key.created_at:%Y-%m-%d}"

    @property
    def still_used(self) -> bool:
        """
        Whether something else than the run that replaced it has used it since.
        """
        used = self.key.last_used
        return bool(used and self.succeeded_at and used > self.succeeded_at + OWN_USE)

    def used_at(self, now: datetime) -> datetime | None:
        """
        Return its last use, unless only the run that replaced it used it; within an hour after that run this cannot be
        known. None for a key that has expired or has no successor.
        """
        key = self.key
        is_dead = key.is_expired or (key.expires_at is not None and key.expires_at <= now)
        if is_dead or self.succeeded_at is None:
            return None
        return key.last_used if self.still_used or now <= self.succeeded_at + OWN_USE else None

    def waits(self, now: datetime, rule: InUseRule) -> bool:
        """
        Whether it stays after its grace, since it is in use by the registry's clock.
        """
        return rule.keeps(self.recorded(str(self), now)) is not None

    def recorded(self, words: str, now: datetime, keep_days: float | None = None) -> OldKey:
        """
        Return its record for the state, with the key in *words*.
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
    Return the keys with one of *labels* that are older than the current one, oldest first, and those that have expired.
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
    Return the keys without one of *labels*, oldest first, which an exclusive account must not have.
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
    Return by uuid when the last place released each stale key, if that is known. A sweep calls it, when every place
    holds the current key.

    Up to this run a place may have held the key of the last sweep or any key made after it, because a run died or the
    place did not answer. Those keys are released now.

    Args:
        known: the times from earlier sweeps.
        swept_uuid: the current key of the last sweep; empty for the first sweep, before which a place may have held any
            key.
    """
    swept = listing.find(swept_uuid)
    since = None if swept is None else swept.created_at
    now = {
        one.key.uuid: listing.time
        for one in stale
        if one.succeeded_at is not None and (not swept_uuid or (since is not None and one.key.created_at >= since))
    }
    return {one.key.uuid: at for one in stale if (at := known.get(one.key.uuid, now.get(one.key.uuid))) is not None}


def dated(stale: Collection[StaleKey], known: Mapping[str, datetime]) -> list[StaleKey]:
    """
    Return the same keys, where no successor's time is earlier than the release of the key, if that is *known* by uuid.
    """
    return [
        replace(one, succeeded_at=max(one.succeeded_at, known[one.key.uuid]))
        if one.succeeded_at is not None and one.key.uuid in known
        else one
        for one in stale
    ]


def look_for_old_keys(state: SweepState, listing: Listing) -> None:
    """
    Record in *state* the facts about keys that are or may be stale, which *condition* judges by any settings.
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
    Return the condition of the keys that were *found*, by the settings in *wanted*.
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
    Return the *found* keys that stay after their grace, since they are in use.
    """
    rule = InUseRule.by(wanted)
    stale = [*found.stale, *(found.others if wanted.exclusive else [])]
    kept = [rule.keeps(one) for one in stale if _is_past_grace(one, wanted)]
    return [one for one in kept if one is not None]


def of_another_stack(labels: Collection[str], ours: Collection[str], username: str) -> list[str]:
    """
    Return the names of other stacks of this program whose keys are among *labels*. Two stacks that share an exclusive
    account would revoke each other's keys in every run.
    """
    parts = [label.split("/") for label in labels if label not in ours]
    return sorted({part[1] for part in parts if len(part) == 3 and (part[0], part[2]) == ("zot-ci", username)})


def rivals(found: SweepState, wanted: SweepWanted) -> list[str]:
    """
    Return a warning for each other stack of this program that has the same exclusive account.
    """
    labels = [one.label for one in found.others] if wanted.exclusive else []
    return [
        f"the stack {stack} has made a key of this exclusive account, and would revoke ours: "
        "keep the account in one stack only"
        for stack in of_another_stack(labels, found.labels, wanted.username)
    ]


def uses(found: SweepState, wanted: SweepWanted, *, is_ordered: bool) -> list[str]:
    """
    Return a sentence for each key in use that is not the current one, and whether it stays.

    Args:
        is_ordered: this run's order decides how long older keys live, so none stays for its use.
    """
    stay = [] if is_ordered else waiting(found, wanted)
    named = {one.key.key.partition(" ")[0] for one in stay}
    # The sentence above names these keys already.
    held = [line for line in found.still_used if line.partition(" ")[0] not in named]
    by_hand = [one for one in found.others if not of_another_stack([one.label], found.labels, wanted.username)]
    return [
        *map(str, stay),
        *(f"something still uses an older key: {line}" for line in held),
        *used_by_hand(by_hand, wanted.username),
    ]


def _over(found: list[OldKey], wanted: SweepWanted) -> list[str]:
    rule = InUseRule.by(wanted)
    # A key without a successor has no grace.
    return [
        one.key
        for one in found
        if one.succeeded_days_ago is None or (_is_past_grace(one, wanted) and rule.keeps(one) is None)
    ]


def _is_past_grace(key: OldKey, wanted: SweepWanted) -> bool:
    # An order overrides the settings.
    grace = wanted.retire_after_days if key.keep_days is None else key.keep_days
    return key.succeeded_days_ago is not None and key.succeeded_days_ago >= grace
