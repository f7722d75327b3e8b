"""
Old keys that something still uses: whether such a key may stay, and what messages say. Pure functions: no network, no
Pulumi.

zot shows when a key was last used, and the current key can list an old key without using it. So an old key can stay
until nothing has used it for a day (`retireWhenUnused`), but no longer than `retireAtMostDays`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from ..rotation import to_the_minute
from .state import OldKey, SweepWanted

# A key is unused after so many days without a use.
_QUIET_DAYS = 1.0
# For so long after its successor was made, the run that replaces a key may itself use it.
OWN_USE = timedelta(hours=1)


class InUseRule(msgspec.Struct, frozen=True):
    """
    The rule whether a key stays after its grace while it is in use.

    Args:
        is_wanted: `retireWhenUnused`.
        at_most_days: `retireAtMostDays`, counted from the same moment as the grace; None for no limit.
    """

    is_wanted: bool = False
    at_most_days: float | None = None

    @classmethod
    def by(cls, wanted: SweepWanted) -> InUseRule:
        """
        Return the rule in the inputs of the sweep.
        """
        return cls(wanted.retire_when_unused, wanted.retire_at_most_days)

    def keeps(self, key: OldKey) -> KeyInUse | None:
        """
        Return the *key*, its use and its limit if it stays after its grace; None if it is to be revoked.
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


class KeyInUse(msgspec.Struct, frozen=True):
    """
    A key that stays after its grace, since it is in use.

    Args:
        used_after: the time from its successor's birth to its last use.
        latest: when it is revoked or expires even if it is in use; None for never.
    """

    key: OldKey
    used_at: datetime
    used_after: timedelta
    latest: datetime | None

    def __str__(self) -> str:
        """
        Return the sentence: which key stays, when it was used, and when an `up` revokes it.
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
    Return one sentence if something uses keys that this program did not make; else an empty list.
    """
    used = [one for one in others if one.used_by_hand_at]
    if not used:
        return []
    last = max(one.used_by_hand_at for one in used if one.used_by_hand_at)
    what = "another key" if len(used) == 1 else f"{len(used)} other keys"
    keys = "; ".join(one.key for one in used)
    hint = "a consumer was forgotten, or a secret was overwritten: give it the key in 1Password, then revoke the other"
    return [f"something uses {what} of {username}, by hand, last on {to_the_minute(last)}: {keys}; {hint}"]
