"""
When the token expires that authentik is asked with. A token of an account with least privilege may list the tokens of
its own user (authentik 2026.5.0-rc1, measured). HTTP only.
"""

from __future__ import annotations

import logging
from datetime import datetime

from ..dynamic.run import RUN
from ..http.errors import ReconcileError
from ..http.token_expiry import TokenExpiry, lines
from .api import Authentik

_log = logging.getLogger(__name__)

# The intent of API tokens; app passwords and others have another one.
_API = "api"


def expiry_of(authentik: Authentik) -> tuple[TokenExpiry, datetime] | None:
    """
    Return when the token of *authentik* expires, and the server's clock; None if it never expires, or if that cannot be
    known. Read-only; one request in a process.

    The list does not say which of its tokens made the request. So the earliest expiry of the user's API tokens counts,
    and a list with tokens of several users, as an administrator gets it, says nothing.
    """
    try:
        tokens, now = authentik.own_tokens()
    except ReconcileError:
        # The request that needs the token reports what is wrong with it.
        return None
    live = [token for token in tokens if token.intent == _API and (token.expires_at is None or token.expires_at > now)]
    moments = [token.expires_at for token in live if token.expires_at is not None]
    if not moments or len({token.user for token in live}) > 1:
        return None
    hint = f"make a new token in authentik, as an API token of the same account, and put it into {authentik.token_name}"
    return TokenExpiry(
        authentik.token_name, "authentik", authentik.api.base_url, min(moments), hint, len(live) - 1
    ), now


def log_expiry(authentik: Authentik, *, every_fact: bool) -> None:
    """
    Log once in a run when the token of *authentik* expires: if that is soon, or always with *every_fact*.
    """
    found = expiry_of(authentik)
    for level, line in lines(*found, every_fact=every_fact) if found else []:
        if RUN.note_report(line):
            _log.log(level, "%s", line)
