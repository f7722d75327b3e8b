"""
What a key looks like, when it is due, and the sentence that says why. Pure functions: no clock, no network, no Pulumi.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta

import msgspec

# What every resource's `condition` should be. Anything else is a sentence about what is out of sync.
CURRENT = "current"

_DAY = timedelta(days=1)
# What a key may be allowed beside reading: new tags, another image under a tag that exists, the end of a tag.
RIGHTS = ("create", "update", "delete")
# What a key is expected to be allowed unless the settings say otherwise: new tags, and nothing to what is there.
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
    When a key is replaced, when it would end by itself, and what it is expected to be allowed.

    Args:
        rotate_after_days: fractions are allowed; 0 pauses rotation: a key that works stays, whatever its age.
        expire_after_days: counted from its birth, too.
        rights: of create, update and delete those that it should have, no more and no less.
    """

    rotate_after_days: float
    expire_after_days: float
    rights: frozenset[str] = CI_RIGHTS

    def rotates_at(self, created_at: datetime) -> datetime | None:
        """
        Return when a key of that birth is due; None while rotation is paused.
        """
        return created_at + self.rotate_after_days * _DAY if self.rotate_after_days else None

    def expires_at(self, now: datetime) -> datetime:
        """
        Return the expiry to give to a key that is minted now.
        """
        return now + self.expire_after_days * _DAY


class KeyFacts(msgspec.Struct, frozen=True):
    """
    What the registry said about a key when it was last asked.

    Args:
        created_at: by the registry's clock.
        expires_at: None for never.
        age_days: by the registry's clock.
        refused: the registry does not accept it, with the reason as far as it can be known; empty if accepted.
        may: whether it has a right, for each right that was asked about.
        newer: the keys of its label that were made after it, in words; empty if there is none.
    """

    created_at: datetime
    expires_at: datetime | None
    age_days: float
    refused: str = ""
    may: Mapping[str, bool] = msgspec.field(default_factory=dict)
    newer: str = ""


def to_the_minute(moment: datetime) -> str:
    """
    Return a time as every message writes it: in UTC, to the minute. A day alone is `2027-03-29` everywhere.
    """
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}"


def age_days(created_at: datetime, now: datetime) -> float:
    """
    Return an age in days, to about a second; never negative, whatever two clocks say.
    """
    return max(0.0, round((now - created_at) / _DAY, 5))


def why_refused(expires_at: datetime | None, now: datetime | None) -> str:
    """
    Say why the registry refuses a key that it once made.
    """
    if expires_at is not None and now is not None and expires_at <= now:
        return f"refused by the registry: expired on {expires_at:%Y-%m-%d}"
    return "refused by the registry: revoked"


def misfits(may: Mapping[str, bool], expected: Collection[str]) -> list[str]:
    """
    Say of each right that was asked about whether it is one too many or is missing.
    """
    return [
        f"can {right}, which the settings do not expect" if has else f"cannot {right}, which the settings expect"
        for right, has in may.items()
        if has is not (right in expected)
    ]


def due(facts: KeyFacts, policy: Policy) -> list[str]:
    """
    Return every reason why the key must be replaced, in words; empty for a key that may stay.
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
        # An interrupted run made it and lost it, or this state is older than the last rotation. Which of the two cannot
        # be told; a key that is newer than both ends it once every place holds that one.
        reasons.append(f"a newer key has our label: {facts.newer}")
    return reasons


def condition(facts: KeyFacts, policy: Policy) -> str:
    """
    Return all reasons as one sentence, or `CURRENT`.
    """
    return "; ".join(due(facts, policy)) or CURRENT


def _days(days: float) -> str:
    if days < 1:
        return f"{days:.2g} days"
    return "1 day" if int(days) == 1 else f"{int(days)} days"
