"""
Old keys that something still uses: whether one may stay for it, and what is said. Pure functions: no network, no
Pulumi.

zot shows when a key was used last, and the current key can list an old one without using it. So a key that is to end
can wait until nothing has used it for a day (`retireWhenUnused`), until `retireAtMostDays` at the longest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..rotation import to_the_minute
from .state import OldKey, SweepWanted

# How long nothing must use a key, in days.
_QUIET_DAYS = 1.0
# The run that replaces a key still uses it for a moment after its successor was made.
OWN_USE = timedelta(hours=1)


@dataclass(frozen=True)
class InUseRule:
    """
    Whether a key whose grace is over stays as long as it is in use.

    Args:
        is_wanted: `retireWhenUnused`.
        at_most_days: `retireAtMostDays`, counted as the grace is; None for as long as the key lives.
    """

    is_wanted: bool = False
    at_most_days: float | None = None

    @classmethod
    def by(cls, wanted: SweepWanted) -> InUseRule:
        """
        Return what the inputs of the sweep say.
        """
        return cls(wanted.retire_when_unused, wanted.retire_at_most_days)

    def keeps(self, key: OldKey) -> KeyInUse | None:
        """
        Return for what use, and until when, a *key* stays whose grace is over; None if it ends.
        """
        at, ago, succeeded = key.used_at, key.used_days_ago, key.succeeded_days_ago
        if not self.is_wanted or at is None or ago is None or succeeded is None or ago >= _QUIET_DAYS:
            return None
        if self.at_most_days is None:
            return KeyInUse(key, at, timedelta(days=succeeded - ago), key.expires_at)
        if succeeded >= self.at_most_days:
            return None
        latest = at + timedelta(days=ago) + timedelta(days=self.at_most_days - succeeded)
        return KeyInUse(key, at, timedelta(days=succeeded - ago), min(latest, key.expires_at or latest))


@dataclass(frozen=True)
class KeyInUse:
    """
    A key that stays after its grace, since it is in use.

    Args:
        used_after: how long after it had a successor.
        latest: when it ends whatever uses it; None for never.
    """

    key: OldKey
    used_at: datetime
    used_after: timedelta
    latest: datetime | None

    def __str__(self) -> str:
        """
        Say which key stays, used when, and when it ends.
        """
        who = ", perhaps by the run that replaced it" if self.used_after <= OWN_USE else ""
        latest = self.latest
        limit = f"at the latest by the first up after {to_the_minute(latest)}" if latest else "and it never expires"
        return (
            f"{self.key.key} stays, since it was used on {to_the_minute(self.used_at)}{who}; "
            f"an up revokes it once nothing has used it for 24 hours, {limit}"
        )


def used_by_hand(others: Sequence[OldKey], username: str) -> list[str]:
    """
    Say in one sentence that something uses keys which this program has not made, by what is known of these; nothing
    where nobody does.
    """
    used = [one for one in others if one.used_by_hand_at]
    if not used:
        return []
    last = max(one.used_by_hand_at for one in used if one.used_by_hand_at)
    what = "another key" if len(used) == 1 else f"{len(used)} other keys"
    keys = "; ".join(one.key for one in used)
    hint = "a consumer was forgotten, or a secret was overwritten: give it the key in 1Password, then revoke the other"
    return [f"something uses {what} of {username}, by hand, last on {to_the_minute(last)}: {keys}; {hint}"]
