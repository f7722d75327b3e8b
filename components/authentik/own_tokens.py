"""
When the token ends by which authentik is asked: a token sees its own user's tokens, with what an account of least
privilege may do (authentik 2026.5.0-rc1, measured). HTTP only.
"""

from __future__ import annotations

import logging
from datetime import datetime

from ..dynamic.run import RUN
from ..http.endings import Ending, lines
from ..http.errors import ReconcileError
from .api import Authentik

_log = logging.getLogger(__name__)

# Beside app passwords and others, which are no tokens for the API.
_API = "api"


def ending_of(authentik: Authentik) -> tuple[Ending, datetime] | None:
    """
    Return when the token of *authentik* ends, and the server's clock; None where it never ends, or where that cannot be
    known. Read-only; one request in a process.

    The list does not say which of its tokens the request came with. So it is the first end of any API token of that
    user, and where the list has several users' tokens, as an administrator's has, nothing is known.
    """
    try:
        tokens, now = authentik.own_tokens()
    except ReconcileError:
        # Whoever needs the token is told what is wrong with it.
        return None
    live = [token for token in tokens if token.intent == _API and (token.ends_at is None or token.ends_at > now)]
    ends = [token.ends_at for token in live if token.ends_at is not None]
    if not ends or len({token.user for token in live}) > 1:
        return None
    hint = f"make a new token in authentik, as an API token of the same account, and put it into {authentik.token_name}"
    return Ending(authentik.token_name, "authentik", authentik.api.base_url, min(ends), hint, len(live) - 1), now


def tell_ending(authentik: Authentik, *, every_fact: bool) -> None:
    """
    Tell, once in a run, when the token of *authentik* ends, if that is near. A look wants *every_fact*: when, always.
    """
    found = ending_of(authentik)
    for level, line in lines(*found, every_fact=every_fact) if found else []:
        if RUN.is_new(line):
            _log.log(level, "%s", line)
