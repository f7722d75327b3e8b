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


def moved_to(response: httpx.Response, path: str, base_url: str) -> str:
    """
    Return the URL under which the whole system answers by now, as a redirect to the same *path* at another host, port
    or scheme says; empty where it does not say that.

    From https to http is no move: a proxy that does not tell the server of its https makes such redirects.
    """
    if not response.is_redirect:
        return ""
    base, there = httpx.URL(base_url), location(response)
    below = base.path.rstrip("/")
    is_downgrade = base.scheme == "https" and there.scheme == "http"
    if there.scheme not in ("http", "https") or not there.host or is_downgrade:
        return ""
    if origin(there) == origin(base) or there.path not in (path, below + path):
        return ""
    # Of its path only what the settings have is told: the rest could hold a code.
    return f"{there.scheme}://{there.netloc.decode('ascii')}{below if there.path == below + path else ''}"


def location(response: httpx.Response) -> httpx.URL:
    """
    Return where a redirect leads, relative to where it came from.
    """
    return response.request.url.join(response.headers.get("location", ""))


def origin(url: httpx.URL) -> tuple[str, str, int | None]:
    """
    Return what decides whether two URLs are the same place: scheme, host and port.
    """
    default = {"http": 80, "https": 443}.get(url.scheme)
    return url.scheme, url.host, url.port or default
