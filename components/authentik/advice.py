"""
What a person should change after a refusal by authentik. Pure functions; *token* is the token's name in messages.

A bad token is 403 like a missing permission (measured on 2026.2.1 and 2026.5.0-rc1), so one sentence covers both.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..http.errors import ReconcileError
from ..http.refusals import Advice
from .errors import LoginBlockedError


def needs(
    token: str,
    permission: str,
    on: str = "the account",
    *,
    but: Mapping[int, str] | None = None,
    kinds: Mapping[int, type[ReconcileError]] | None = None,
) -> Advice:
    """
    Advise on a call that needs a *permission*; *but* has other hints and *kinds* other errors, by status.
    """
    hint = f"check that {token} is right and has not expired, and its role has {permission} on {on}"
    hints = {403: hint, 404: f"it does not exist, or the role has no view permission; {hint}", 400: hint}
    return Advice(hints | dict(but or {}), kinds or {})


def to_create(token: str, username: str) -> Advice:
    """
    Advise on the call that creates an account.
    """
    return Advice(
        {
            400: f"an account {username} may exist that {token} cannot see: grant it view_user on it",
            403: f"check that {token} is right and has not expired, and may add users, "
            "or create the account and grant view_user",
        }
    )


def to_change(token: str, username: str | None) -> Advice:
    """
    Advise on the call that changes an account's properties, with *username* the name it is to have, None for its own.
    """
    hint = f"another account is named {username}, perhaps one that {token} cannot see: rename or delete one of the two"
    return needs(token, "change_user", but={400: hint} if username is not None else None)


def to_set_a_password(token: str) -> Advice:
    """
    Advise on the call that sets the one-use password.
    """
    hint = (
        "a password policy, or the directory that the account comes from, refuses the one-use password: exempt the "
        "account from the policy, or make it an account of authentik's own"
    )
    return needs(token, "reset_user_password", but={400: hint}, kinds={400: LoginBlockedError})


def to_impersonate(token: str) -> Advice:
    """
    Advise on the call that begins an impersonation.
    """
    hint = (
        "impersonation is switched off for the server or its brand: switch it on (System, Settings), or delete the "
        "account's static device by hand"
    )
    return needs(token, "impersonate", but={401: hint}, kinds={401: LoginBlockedError})
