"""
What an answer says outside its body.
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
        UnexpectedAnswerError: there is no such header. This machine's clock must not decide when a key is revoked.
    """
    try:
        return parsedate_to_datetime(response.headers["date"]).astimezone(UTC)
    except (KeyError, ValueError, OverflowError):
        place = f"{response.request.url.host} answered {response.status_code} without a readable Date header"
        msg = f"{place}; let the proxy in front of it pass that header"
        raise UnexpectedAnswerError(msg) from None


def moved_to(response: httpx.Response, path: str, base_url: str) -> str:
    """
    Return the URL to which the whole system moved, if the response redirects to the same *path* at another host, port
    or scheme; empty otherwise.

    A redirect from https to http is no move: it comes from a server that does not know of the https of its proxy.
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
    # Only the part of the path that the settings have is shown: the rest could hold a code.
    return f"{there.scheme}://{there.netloc.decode('ascii')}{below if there.path == below + path else ''}"


def location(response: httpx.Response) -> httpx.URL:
    """
    Return the URL to which a response redirects.
    """
    return response.request.url.join(response.headers.get("location", ""))


def origin(url: httpx.URL) -> tuple[str, str, int | None]:
    """
    Return scheme, host and port, with the scheme's default port.
    """
    default = {"http": 80, "https": 443}.get(url.scheme)
    return url.scheme, url.host, url.port or default
