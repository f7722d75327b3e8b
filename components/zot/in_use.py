"""
Old keys that something still uses: whether one may stay for it, and what is said. Pure functions: no network, no
Pulumi.

zot shows when a key was used last, and the current key can list an old one without using it. So a key that is to end
can wait until nothing has used it for a day (`retireWhenUnused`), until `retireAtMostDays` at the longest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ..rotation import age_days, to_the_minute
from .api import ListedKey

# In a fact about a key: for how many days it has had a successor, and its use.
AGO = "succeeded_days_ago"
_USED_AT, _USED_AGO, _EXPIRES_AT = USE = ("used_at", "used_days_ago", "expires_at")
# When a key of another label was used last, if that was after the current key was published.
BY_HAND = "used_by_hand_at"
# How long nothing must use a key, in days.
_QUIET_DAYS = 1.0
# The run that replaces a key still uses it for a moment after its successor was made.
OWN_USE = timedelta(hours=1)


@dataclass(frozen=True)
class Waiting:
    """
    Whether a key whose grace is over stays as long as it is in use.

    Args:
        is_wanted: `retireWhenUnused`.
        at_most_days: `retireAtMostDays`, counted as the grace is; None for as long as the key lives.
    """

    is_wanted: bool = False
    at_most_days: float | None = None

    @classmethod
    def by(cls, settings: Mapping[str, Any]) -> Waiting:
        """
        Return what the inputs of the sweep say.
        """
        at_most = settings.get("retire_at_most_days")
        return cls(bool(settings.get("retire_when_unused")), None if at_most is None else float(at_most))

    def keeps(self, fact: Mapping[str, Any]) -> bool:
        """
        Whether it keeps the key of a *fact*, whose grace is over.
        """
        is_used = self.is_wanted and _USED_AGO in fact and fact[_USED_AGO] < _QUIET_DAYS
        return bool(is_used and (self.at_most_days is None or fact[AGO] < self.at_most_days))

    def sentence(self, fact: Mapping[str, Any]) -> str:
        """
        Say which key stays, used when, and when it ends, of a key that this keeps.
        """
        used_at = datetime.fromisoformat(fact[_USED_AT])
        is_ours = timedelta(days=fact[AGO] - fact[_USED_AGO]) <= OWN_USE
        who = ", perhaps by the run that replaced it" if is_ours else ""
        latest = self.latest_end(fact)
        limit = f"at the latest by the first up after {to_the_minute(latest)}" if latest else "and it never expires"
        return (
            f"{fact['key']} stays, since it was used on {to_the_minute(used_at)}{who}; "
            f"an up ends it when nothing has used it for 24 hours, {limit}"
        )

    def latest_end(self, fact: Mapping[str, Any]) -> datetime | None:
        """
        Return from when on this keeps the key no more, whatever uses it; None for never.
        """
        now = datetime.fromisoformat(fact[_USED_AT]) + timedelta(days=fact[_USED_AGO])
        limits = [datetime.fromisoformat(fact[_EXPIRES_AT])] if fact.get(_EXPIRES_AT) else []
        if self.at_most_days is not None:
            limits.append(now + timedelta(days=self.at_most_days - fact[AGO]))
        return min(limits, default=None)


def use_of(key: ListedKey, used_at: datetime | None, now: datetime) -> dict[str, Any]:
    """
    Return what is recorded of the use of a *key*; nothing where nobody uses it.
    """
    if used_at is None:
        return {}
    ends = {_EXPIRES_AT: key.expires_at.isoformat()} if key.expires_at else {}
    return {_USED_AT: used_at.isoformat(), _USED_AGO: age_days(used_at, now), **ends}


def used_by_hand(others: Sequence[Mapping[str, Any]], username: str) -> list[str]:
    """
    Say in one sentence that something uses keys which this program has not made, by the facts of these; nothing where
    nobody does.
    """
    used = [one for one in others if BY_HAND in one]
    if not used:
        return []
    last = max(datetime.fromisoformat(one[BY_HAND]) for one in used)
    what = "another key" if len(used) == 1 else f"{len(used)} other keys"
    keys = "; ".join(str(one["key"]) for one in used)
    hint = (
        "a consumer was forgotten, or a secret has been overwritten: give it the key in 1Password, then end the other"
    )
    return [f"something uses {what} of {username}, by hand, last on {to_the_minute(last)}: {keys}; {hint}"]
