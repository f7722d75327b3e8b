"""
In words, how an account differs from what the last run left. Pure functions.
"""

from __future__ import annotations

from copy import copy

from ..dynamic.conditions import is_unchecked
from ..dynamic.properties import is_known
from ..http.errors import NotFoundError
from ..rotation import CURRENT
from .model import Account
from .state import AccountState, AccountWanted


def perhaps_renamed(error: NotFoundError, account: Account, wanted: list[str]) -> NotFoundError:
    """
    Return the *error* about a missing group, with the names that the group may have now.
    """
    others = sorted(set(account.group_names) - set(wanted))
    return error.adding(f"or name {_in_words(others)} in its place, if it was renamed") if others else error


def drift_of(observed: AccountState, wanted: AccountWanted) -> list[str]:
    """
    Return each difference between what the last read found and what the last run left. Changed settings are no drift.
    """
    sentences = [] if observed.condition == CURRENT else [observed.condition]
    found, applied = set(observed.groups), set(observed.applied_groups)
    if is_known(wanted.groups):
        left = sorted(applied & set(wanted.groups) - found)
        joined = sorted(found - applied - set(wanted.groups))
        # An account does not show whether a group was renamed or is another one.
        renamed = f"; if it was renamed, name {_in_words(joined)} in its place" if joined else ""
        sentences += [f"left group {name}{renamed}" for name in left]
        sentences += [f"is also in group {name}" for name in joined]
    if observed.type != wanted.type:
        sentences.append(f"is of type {observed.type}, not {wanted.type}")
    if not observed.is_active:
        sentences.append("is deactivated")
    return sentences


def drift_known(observed: AccountState, wanted: AccountWanted) -> bool:
    """
    Whether an earlier look found drift, apart from what the last look could not check.
    """
    looked = copy(observed)
    if is_unchecked(observed.condition):
        looked.condition = CURRENT
    return bool(drift_of(looked, wanted))


def _in_words(groups: list[str]) -> str:
    return " or ".join(groups)
