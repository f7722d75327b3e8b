"""
When the program's own credentials expire, if that can be known, without the engine.

Tokens of Forgejo and Gitea never expire, and the expiry of a 1Password service account's token cannot be read.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import UTC, datetime

from .authentik.api import authentik_at
from .authentik.own_tokens import expiry_of
from .http.errors import ReconcileError
from .http.token_expiry import lines
from .onepassword.access import connect_expiry
from .settings.model import Settings


def warnings(settings: Settings) -> list[str]:
    """
    Return one sentence for each credential that expires within 30 days. Read-only. A system that gives no answer, or
    refuses, adds no sentence.
    """
    connect = connect_expiry(settings.onepassword.access)
    found = [connect.warning(datetime.now(UTC))] if connect else []
    # authentik's token may be in 1Password, which may not answer.
    with suppress(ReconcileError):
        known = (
            expiry_of(authentik_at(settings.authentik.url, settings.authentik_token)) if settings.authentik else None
        )
        found += [known[0].warning(known[1])] if known else []
    return [sentence for sentence in found if sentence]


def announce(settings: Settings, *, every_fact: bool) -> None:
    """
    Log in the engine's output when the Connect token expires, without asking any system. For authentik's token the
    provider does so when it asks authentik.
    """
    import pulumi

    connect = connect_expiry(settings.onepassword.access)
    for level, line in lines(connect, datetime.now(UTC), every_fact=every_fact) if connect else []:
        say = pulumi.log.warn if level == logging.WARNING else pulumi.log.info
        say(line)
