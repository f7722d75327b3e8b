"""
When our own credentials end, as far as that can be known: asked at once, without the engine.

Of Forgejo's and Gitea's tokens there is nothing to know, since they have no end, and of a 1Password service account's
nothing can be read.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import UTC, datetime

from .authentik.api import authentik_at
from .authentik.own_tokens import expiry_of
from .http.errors import ReconcileError
from .http.token_expiry import lines
from .onepassword.connect_token import connect_expiry
from .settings.model import Settings


def warnings(settings: Settings) -> list[str]:
    """
    Return one sentence for each credential that ends within 30 days. Read-only. Silence and refusal say nothing here.
    """
    connect = connect_expiry(settings.onepassword.access)
    found = [connect.warning(datetime.now(UTC))] if connect else []
    # Its token may be in 1Password, and that may be away.
    with suppress(ReconcileError):
        known = (
            expiry_of(authentik_at(settings.authentik.url, settings.authentik_token)) if settings.authentik else None
        )
        found += [known[0].warning(known[1])] if known else []
    return [sentence for sentence in found if sentence]


def announce(settings: Settings, *, every_fact: bool) -> None:
    """
    Say to who reads the engine's output when the Connect token ends, for which nothing is asked. The provider says it
    of authentik's token, where it asks authentik.
    """
    import pulumi

    connect = connect_expiry(settings.onepassword.access)
    for level, line in lines(connect, datetime.now(UTC), every_fact=every_fact) if connect else []:
        say = pulumi.log.warn if level == logging.WARNING else pulumi.log.info
        say(line)
