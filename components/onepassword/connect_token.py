"""
When a 1Password Connect token expires: it is a JWT, perhaps with an expiry. No server is asked, and no signature is
checked, which is the server's task.
"""

from __future__ import annotations

import base64
import json
import os
from datetime import UTC, datetime

from ..http.token_expiry import TokenExpiry

VARIABLE = "OP_CONNECT_TOKEN"
_HINT = f"make a new token for the Connect server, and put it into {VARIABLE}"


def token_expiry(host: str) -> TokenExpiry | None:
    """
    Return when the token for the Connect server at *host* expires; None if it has no readable expiry.
    """
    expires_at = _expires_at(os.environ.get(VARIABLE, "").strip())
    return None if expires_at is None else TokenExpiry(VARIABLE, "1Password Connect", host, expires_at, _HINT)


def refused(now: datetime) -> str:
    """
    Return what to do about a Connect token that the server refused.
    """
    token = os.environ.get(VARIABLE, "").strip()
    expires_at = _expires_at(token)
    if expires_at is not None and expires_at <= now:
        return f"{VARIABLE} expired on {expires_at:%Y-%m-%d %H:%M} UTC: {_HINT}"
    if _claims(token) is None:
        return f"check {VARIABLE}: it is no JWT, which every token of a Connect server is"
    return f"check {VARIABLE}"


def _expires_at(token: str) -> datetime | None:
    ends = (_claims(token) or {}).get("exp")
    if isinstance(ends, bool) or not isinstance(ends, int | float):
        return None
    try:
        return datetime.fromtimestamp(ends, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _claims(token: str) -> dict[str, object] | None:
    """
    Return the claims of a JWT; None if it is no JWT.
    """
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        found = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
