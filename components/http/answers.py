"""
What an answer says beside its body.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from .errors import UnexpectedAnswerError


def server_time(response: httpx.Response) -> datetime:
    """
    Return the server's clock, from the `Date` header.

    Raises:
        UnexpectedAnswerError: no such header. This machine's clock is no substitute: it would decide when a key dies.
    """
    try:
        return parsedate_to_datetime(response.headers["date"]).astimezone(UTC)
    except (KeyError, ValueError, OverflowError):
        place = f"{response.request.url.host} answered {response.status_code} without a readable Date header"
        msg = f"{place}; let the proxy in front of it pass that header"
        raise UnexpectedAnswerError(msg) from None


def origin(url: httpx.URL) -> tuple[str, str, int | None]:
    """
    Return what decides whether two URLs are the same place: scheme, host and port.
    """
    default = {"http": 80, "https": 443}.get(url.scheme)
    return url.scheme, url.host, url.port or default
