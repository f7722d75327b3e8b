"""
What a 1Password Connect token says of itself: it is a JWT, perhaps with an end. Nothing is asked, and no signature is
checked: that is the server's part.
"""

from __future__ import annotations

import base64
import json
import os
from datetime import UTC, datetime

from ..http.endings import Ending
from .access import connect_hosts

VARIABLE = "OP_CONNECT_TOKEN"
_HINT = f"make a new token for the Connect server, and put it into {VARIABLE}"


def ending(backend: str | None = None) -> Ending | None:
    """
    Return when the Connect token ends; None where it never does or does not say so, or where 1Password is reached in
    another way than by a Connect server.
    """
    hosts = connect_hosts(backend)
    ends_at = _ends_at(os.environ.get(VARIABLE, "").strip())
    if not hosts or ends_at is None:
        return None
    return Ending(VARIABLE, "1Password Connect", hosts[0], ends_at, _HINT)


def refused(now: datetime) -> str:
    """
    Say what may be wrong with a Connect token that the server has refused, as an order.
    """
    token = os.environ.get(VARIABLE, "").strip()
    ends_at = _ends_at(token)
    if ends_at is not None and ends_at <= now:
        return f"{VARIABLE} expired on {ends_at:%Y-%m-%d %H:%M} UTC: {_HINT}"
    if _claims(token) is None:
        return f"check {VARIABLE}: it is no JWT, which every token of a Connect server is"
    return f"check {VARIABLE}"


def _ends_at(token: str) -> datetime | None:
    ends = (_claims(token) or {}).get("exp")
    if isinstance(ends, bool) or not isinstance(ends, int | float):
        return None
    try:
        return datetime.fromtimestamp(ends, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _claims(token: str) -> dict[str, object] | None:
    """
    Return what a JWT claims; None for what is none.
    """
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        found = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
