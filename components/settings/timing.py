"""
Whether the days in the settings can work together, and with how often `up` runs.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..rotation import A_WEEK
from .account import AccountSettings
from .named import NO_GRACE, is_polled


def unfit(accounts: Sequence[AccountSettings], up_every_days: float | None) -> list[str]:
    """
    Say which accounts' keys can expire between two runs of `up`, where it is known how often it runs.
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
    Say of each account what will not go as its settings look, though nothing in them is wrong.
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
    Say of each account that may have consumers which poll 1Password, and whose settings do not mention a grace, what a
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
