"""
Whether the days in the settings fit each other and the schedule of `up`.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..rotation import A_WEEK
from .account import AccountSettings
from .named import NO_GRACE, is_polled


def unfit(accounts: Sequence[AccountSettings], up_every_days: float | None) -> list[str]:
    """
    Return a fault for each account whose key can expire between two runs of `up`, if *up_every_days* is known.
    """
    if up_every_days is None:
        return []
    rule = "expireAfterDays must be more than rotateAfterDays and upEveryDays together"
    why = "its key can come due just after one up and expire before the next"
    return [
        f"{rule}, and {account.username} has {_days(account.expire_after_days)}: {why}"
        for account in accounts
        if account.rotate_after_days and _margin(account) <= up_every_days
    ]


def doubts(accounts: Sequence[AccountSettings], up_every_days: float | None) -> list[str]:
    """
    Return a warning for each combination of valid settings that will not work as intended.
    """
    lines = []
    for account in accounts:
        if not account.rotate_after_days:
            continue
        if up_every_days is None and _margin(account) <= A_WEEK:
            late = f"a key expires {_days(_margin(account))} after it is due, and an up once a week can come too late"
            hint = "raise expireAfterDays, or say in upEveryDays how often up runs"
            lines.append(f"{account.username}: {late}; {hint}")
        grace = account.retire_after_days
        lives = account.rotate_after_days + (up_every_days or 0) + grace
        if grace and lives > account.expire_after_days:
            short = f"a replaced key can expire before its {_days(grace)} of grace are over"
            lines.append(f"{account.username}: {short}; make expireAfterDays {_days(lives)} or more")
    return lines


def without_grace(accounts: Sequence[AccountSettings]) -> list[str]:
    """
    Return a line for each account that may have consumers that poll 1Password and has no grace in its settings: what a
    rotation does to them.
    """
    return [f"{account.username}: {NO_GRACE}" for account in accounts if _lacks_grace(account)]


def _lacks_grace(account: AccountSettings) -> bool:
    return is_polled(len(account.onepassword), len(account.forgejo)) and (
        "retire_after_days" not in account.model_fields_set and not account.retire_when_unused
    )


def _margin(account: AccountSettings) -> float:
    return account.expire_after_days - account.rotate_after_days


def _days(days: float) -> str:
    return "1 day" if days == 1 else f"{days:.4g} days"
