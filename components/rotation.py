"""
The form of a key, when it is due, and the reasons in words. Pure functions: no clock, no network, no Pulumi.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta

import msgspec

# The wanted `condition` of every resource. Any other condition is a sentence about what is out of sync.
CURRENT = "current"

_DAY = timedelta(days=1)
# The rights besides reading: make new tags, replace the image under an existing tag, delete a tag.
RIGHTS = ("create", "update", "delete")
# The expected rights by default: only new tags.
CI_RIGHTS = frozenset({"create"})
# How many days pass between two runs of `examples/workflows/up.yaml`.
A_WEEK = 7.0
# The form of a zot API key (v2.1.20).
_KEY = re.compile(r"zak_[0-9a-f]{32}")


def looks_like_a_key(value: str | None) -> bool:
    """
    Whether *value* has the form of a zot API key.
    """
    return bool(value and _KEY.fullmatch(value))


class Policy(msgspec.Struct, frozen=True):
    """
    When a key is replaced, when it expires, and its expected rights.

    Args:
        rotate_after_days: fractions are allowed; 0 pauses rotation: a key that works stays, whatever its age.
        expire_after_days: counted from the key's birth, as *rotate_after_days* is.
        rights: exactly those of create, update and delete that it should have.
    """

    rotate_after_days: float
    expire_after_days: float
    rights: frozenset[str] = CI_RIGHTS

    def rotates_at(self, created_at: datetime) -> datetime | None:
        """
        Return when a key that was created at *created_at* is due; None while rotation is paused.
        """
        return created_at + self.rotate_after_days * _DAY if self.rotate_after_days else None

    def expires_at(self, now: datetime) -> datetime:
        """
        Return the expiry for a key that is minted now.
        """
        return now + self.expire_after_days * _DAY


class KeyFacts(msgspec.Struct, frozen=True):
    """
    The registry's last answers about a key.

    Args:
        created_at: by the registry's clock.
        expires_at: None for never.
        age_days: by the registry's clock.
        refused: why the registry does not accept it, if it can be known; empty if it does.
        may: for each probed right, whether the key has it.
        newer: the keys with its label that were made after it, in words; empty if there is none.
    """

    created_at: datetime
    expires_at: datetime | None
    age_days: float
    refused: str = ""
    may: Mapping[str, bool] = msgspec.field(default_factory=dict)
    newer: str = ""


def to_the_minute(moment: datetime) -> str:
    """
    Return a time in the form of all messages: in UTC, to the minute. A day alone is `2027-03-29`.
    """
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}"


def age_days(created_at: datetime, now: datetime) -> float:
    """
    Return an age in days, to about a second; never negative, even if two clocks differ.
    """
    return max(0.0, round((now - created_at) / _DAY, 5))


def why_refused(expires_at: datetime | None, now: datetime | None) -> str:
    """
    Return why the registry refuses a key that it made.
    """
    if expires_at is not None and now is not None and expires_at <= now:
        return f"refused by the registry: expired on {expires_at:%Y-%m-%d}"
    return "refused by the registry: revoked"


def misfits(may: Mapping[str, bool], expected: Collection[str]) -> list[str]:
    """
    Return a sentence for each probed right that is missing or not expected.
    """
    return [
        f"can {right}, which the settings do not expect" if has else f"cannot {right}, which the settings expect"
        for right, has in may.items()
        if has is not (right in expected)
    ]


def due(facts: KeyFacts, policy: Policy) -> list[str]:
    """
    Return every reason why the key must be replaced, in words; empty if it may stay.
    """
    if facts.refused:
        return [facts.refused]
    reasons = []
    rotates_at = policy.rotates_at(facts.created_at)
    if rotates_at is not None and facts.age_days > policy.rotate_after_days:
        reasons.append(f"{_days(facts.age_days)} old, rotates after {policy.rotate_after_days:g}")
    if rotates_at is not None and facts.expires_at is not None and facts.expires_at <= rotates_at:
        reasons.append(f"expires on {facts.expires_at:%Y-%m-%d}, before it rotates on {rotates_at:%Y-%m-%d}")
    reasons += misfits(facts.may, policy.rights)
    if facts.newer:
        # An interrupted run minted the newer key and lost it, or this state is older than the last rotation; nobody can
        # know which. The next key is newer than both, and both are revoked once every place holds it.
        reasons.append(f"a newer key has our label: {facts.newer}")
    return reasons


def expires_unrotated(facts: KeyFacts, policy: Policy) -> list[str]:
    """
    Return a sentence if rotation is paused and the key has a week left at most, or half of its life if that is less.
    """
    if policy.rotate_after_days or facts.refused or facts.expires_at is None:
        return []
    left = (facts.expires_at - facts.created_at) / _DAY - facts.age_days
    if left > min(A_WEEK, policy.expire_after_days / 2):
        return []
    until = f"{facts.expires_at:%Y-%m-%d}"
    return [f"expires on {until}, and rotation is paused: `rotate` it, or set rotateAfterDays"]


def condition(facts: KeyFacts, policy: Policy) -> str:
    """
    Return all reasons as one sentence, or `CURRENT`.
    """
    return "; ".join(due(facts, policy)) or CURRENT


def _days(days: float) -> str:
    if days < 1:
        return f"{days:.2g} days"
    return "1 day" if int(days) == 1 else f"{int(days)} days"
