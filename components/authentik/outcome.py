"""
What authentik did, compared with what was asked: a server may change the letters of a name or ignore a property, and
still answer with success.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..http.errors import ReconcileError, UnexpectedAnswerError
from .model import Account


def taken_otherwise(account: Account, username: str, delete: Callable[[], bool]) -> UnexpectedAnswerError:
    """
    Delete the new *account*, which should have the name *username* and has another one, and return the error for it.
    """
    hint = "delete it by hand"
    try:
        hint = "it was deleted again" if delete() else f"{hint} (number {account.pk}), since the token may not see it"
    except ReconcileError as exc:
        hint = f"{hint}, since that failed: {exc.brief}"
    folded = account.username.casefold() == username.casefold()
    called = f"{account.username}, in other letters" if folded else "by another name"
    way = f"name the account {account.username} in the settings" if folded else "choose a name that authentik keeps"
    return UnexpectedAnswerError(f"authentik made account {username} and called it {called}: {hint}; {way}")


def insist_on(properties: Mapping[str, Any], account: Account, path: str) -> None:
    """
    Check that the *account* in the answer to a change has the *properties* that were sent.

    Raises:
        UnexpectedAnswerError: a property has another value.
    """
    kept = [name for name, value in properties.items() if getattr(account, name) != value]
    if kept:
        what = f"authentik PATCH {path} answered 200 for {account.username} and left {' and '.join(kept)} as it was"
        msg = f"{what}; look in its event log for what stands against it, such as a policy or a blueprint"
        raise UnexpectedAnswerError(msg)
