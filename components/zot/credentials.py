"""
How a request to zot signs in: with a key, or with a web session.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping

import httpx


class KeyAuth(httpx.BasicAuth):
    """
    A key as basic auth.
    """

    def __init__(self, username: str, key: str) -> None:
        super().__init__(username.encode(), key.encode())


class SessionAuth(httpx.Auth):
    """
    A web session's cookies, and the header without which zot treats the request as anonymous.
    """

    def __init__(self, cookies: Mapping[str, str]) -> None:
        self._cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """
        Add both headers to *request*.
        """
        request.headers["Cookie"] = self._cookie
        request.headers["X-ZOT-API-CLIENT"] = "zot-ui"
        yield request
