"""
A new key, compared with the order: a registry may cap a key's life or cut its label, and still answer 201. Pure
functions.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from ..rotation import A_WEEK, Policy, age_days
from .api import ListedKey

_DAY = timedelta(days=1)
# An expiry may be rounded by this much without a warning.
_ROUNDED = _DAY
# The requested expiry has whole seconds and is counted from just before the mint.
_A_MOMENT = timedelta(minutes=1)


def label_fault(label: str, key: ListedKey) -> str:
    """
    Return the fault of a *key* with another label than the ordered one; empty for the ordered label. With another label
    no sweep would find the key, and an exclusive account's sweep would revoke it.
    """
    if key.label == label:
        return ""
    if label.startswith(key.label):
        how = f"cut to {len(key.label)} of its {len(label)} characters"
    elif key.label.casefold() == label.casefold():
        how = "put into other letters"
    else:
        how = "changed"
    return f"its label {label} was {how}, by which nobody would know it again; choose another name for the stack"


def life_fault(policy: Policy, key: ListedKey, asked: datetime, now: datetime) -> str:
    """
    Return the fault of a *key* that would be replaced again and again: it expires before it rotates, or so soon after
    that an `up` can come too late, or the registry says that it is old already. Empty if it lives long enough.

    Args:
        asked: the ordered expiry.
        now: the registry's clock.
    """
    rotates_at = policy.rotates_at(key.created_at)
    if rotates_at is None:
        return ""
    if age_days(key.created_at, now) > max(policy.rotate_after_days, 1.0):
        hint = "set the registry's clock"
        return f"the registry says that it was made on {key.created_at:%Y-%m-%d}, so that it is due at once; {hint}"
    needed = min(A_WEEK, (policy.expire_after_days - policy.rotate_after_days) / 2) * _DAY
    if key.expires_at is None or key.expires_at >= min(asked, rotates_at + needed) - _A_MOMENT:
        return ""
    days = (key.expires_at - key.created_at) / _DAY
    given = f"the registry gave it {days:.4g} days to live, not the {policy.expire_after_days:g} that were asked for"
    why = f"which is too few for a key that rotates after {policy.rotate_after_days:g}"
    hint = (
        f"set expireAfterDays to {days:.4g} or less and rotateAfterDays to two thirds of that, or raise the registry's "
        "own limit"
    )
    return f"{given}, {why}; {hint}"


def doubts(policy: Policy, key: ListedKey, asked: datetime) -> list[str]:
    """
    Return what else differs from the order, though the *key* can be used.
    """
    lines = []
    wanted = f"not on {asked:%Y-%m-%d}, as expireAfterDays: {policy.expire_after_days:g} asks"
    if key.expires_at is None:
        lines.append(f"never expires, {wanted}")
    elif abs(asked - key.expires_at) > _ROUNDED:
        lines.append(f"expires on {key.expires_at:%Y-%m-%d}, {wanted}")
    if key.scopes:
        lines.append("has scopes of the registry's choice, and none were asked for")
    return lines
