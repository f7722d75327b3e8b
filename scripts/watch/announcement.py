"""
What a rotation will revoke, printed before it begins. Pure.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from .document import AccountStatus, StaleKey, Status
from .engine import CALLED

_DAY = timedelta(days=1)


def announcement(status: Status, account: AccountStatus, keep_days: float | None) -> list[str]:
    """
    Return what a rotation of the account's key does now to each known key.

    Args:
        keep_days: how long older keys live; None for the settings' grace.
    """
    key, name = account.key, account.username
    if key is None:
        return [f"{name} has no key yet; the run makes one"]
    grace = account.retire_after_days if keep_days is None else keep_days
    said = "" if keep_days is not None else " (retireAfterDays)"
    lines = [f"rotating the key of {name}: {key.uuid}, {_age(key.age_days)} old, gets a successor now"]
    places = ", ".join(f"{place.system} {place.name}" for place in account.places)
    lines.append(f"the new key goes to {places}")
    longer = account.retire_when_unused and keep_days != 0
    if grace:
        unless = ", unless something used it within 24 hours (retireWhenUnused)" if longer else ""
        lines.append(f"then {key.uuid} lives {_days(grace)} more{said}; the first up after that revokes it{unless}")
    elif longer:
        unless = "the first up after an hour revokes it, unless something used it within 24 hours"
        lines.append(f"then {key.uuid} stays (retireWhenUnused); {unless}")
    else:
        lines.append(f"then this run revokes {key.uuid}: a job that still holds it is refused")
    if not key.checked:
        lines.append("whether there are older keys is not known, since the registry was not asked; the run finds them")
    now = key.created_at + timedelta(days=key.age_days)
    lines += [_of_stale(stale, now, grace, ordered=keep_days is not None) for stale in key.stale]
    if key.other_keys:
        count = f"{len(key.other_keys)} of other labels" if len(key.other_keys) > 1 else "1 of another label"
        if account.exclusive:
            lines.append(
                f"the account is exclusive: {count} are revoked like older ones; `{CALLED} status --json` names them"
            )
        else:
            lines.append(f"left alone: {count}; `{CALLED} status --json` names them")
    if not status.succeeded:
        lines += [f"the preview before it reported: {line}" for line in status.errors]
    return lines


def _of_stale(stale: StaleKey, now: datetime, grace: float, *, ordered: bool) -> str:
    if stale.waits and stale.used_at and not ordered:
        latest = stale.ends_at_the_latest
        limit = f", until {latest:%Y-%m-%d %H:%M} at the latest" if latest else ""
        return f"the older key {stale.uuid}, used on {stale.used_at:%Y-%m-%d %H:%M}, stays while it is used{limit}"
    used = ", which something still uses," if stale.still_used else ""
    ends_at = stale.ends_at
    if ordered and stale.replaced_at:
        ends_at = stale.replaced_at + timedelta(days=grace)
    if ends_at is None or ends_at <= now:
        return f"the older key {stale.uuid}{used} is revoked in this run"
    return f"the older key {stale.uuid}{used} stays until {ends_at:%Y-%m-%d %H:%M}"


def _age(days: float) -> str:
    return _days(int(days)) if days >= 1 else "less than a day"


def _days(days: float) -> str:
    return "1 day" if days == 1 else f"{days:g} days"
