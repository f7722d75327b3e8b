"""
How an account differs from what the last run left, in words. Pure functions.
"""

from __future__ import annotations

from copy import copy

from ..dynamic.properties import is_known
from ..dynamic.trouble import is_trouble
from ..http.errors import NotFoundError
from ..rotation import CURRENT
from .model import Account
from .state import AccountState, AccountWanted


def perhaps_renamed(error: NotFoundError, account: Account, wanted: list[str]) -> NotFoundError:
    """
    Return the *error* about a group that is not there, with the groups that it may be called by now.
    """
    others = sorted(set(account.group_names) - set(wanted))
    return error.adding(f"or name {_in_words(others)} in its place, if it was renamed") if others else error


def drift_of(observed: AccountState, wanted: AccountWanted) -> list[str]:
    """
    Say what the last read found that is not as the last run left it. A change of the settings is no drift.
    """
    sentences = [] if observed.condition == CURRENT else [observed.condition]
    found, applied = set(observed.groups), set(observed.applied_groups)
    if is_known(wanted.groups):
        left = sorted(applied & set(wanted.groups) - found)
        joined = sorted(found - applied - set(wanted.groups))
        # By its own look at the account nobody can tell a renamed group from another one.
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
    Whether an earlier look has found something to do at the account, besides what the last one could not look at.
    """
    looked = copy(observed)
    if is_trouble(observed.condition):
        looked.condition = CURRENT
    return bool(drift_of(looked, wanted))


def _in_words(groups: list[str]) -> str:
    return " or ".join(groups)
