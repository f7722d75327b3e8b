"""
A client that keeps cookies between the requests of a login, as a web browser does, for one system.

A login visits two systems, authentik and the registry. Each has its own browser and cookie jar, so neither sees the
other's cookies, even if they share a host name.
"""

from __future__ import annotations

import ipaddress
from http.cookiejar import CookieJar

import httpx

from .answers import location as location
from .answers import origin
from .api import Advice, Api
from .own_answers import OwnAnswers


class Browser(Api):
    """
    A client with cookies, bound to the scheme, host and port of its URL.
    """

    def __init__(
        self,
        system: str,
        base_url: str,
        *,
        own_answers: OwnAnswers | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        super().__init__(system, base_url, own_answers=own_answers, transport=transport)
        if httpx.URL(base_url).scheme == "http" and _is_loopback(httpx.URL(base_url).host):
            self._http.event_hooks = {"response": [self._accept_secure_cookies]}

    @staticmethod
    def _cookie_jar() -> CookieJar:
        return CookieJar()

    def _accept_secure_cookies(self, _: httpx.Response) -> None:
        """
        Treat loopback as secure, as web browsers do: zot marks its state cookie `Secure` over plain http, too.
        """
        for cookie in self._http.cookies.jar:
            cookie.secure = False

    @property
    def cookies(self) -> dict[str, str]:
        """
        The cookies by name. They are secrets.
        """
        return {cookie.name: cookie.value or "" for cookie in self._http.cookies.jar}

    @property
    def withheld(self) -> list[str]:
        """
        The names of cookies that are never sent, since they are marked `Secure` and this system is asked without TLS.
        """
        if httpx.URL(self.base_url).scheme != "http":
            return []
        return sorted(cookie.name for cookie in self._http.cookies.jar if cookie.secure)

    def set_cookie(self, name: str, value: str) -> None:
        """
        Add a cookie that no server set.
        """
        self._http.cookies.set(name, value)

    def is_at(self, url: httpx.URL) -> bool:
        """
        Whether *url* is at this browser's system.
        """
        return origin(url) == origin(httpx.URL(self.base_url))

    def visit(
        self,
        url: httpx.URL,
        *,
        whose: str,
        expect: tuple[int, ...],
        advice: Advice | None = None,
        repeat: bool = False,
    ) -> httpx.Response:
        """
        GET the address of a redirect, for which the caller has checked `is_at`. Its query holds codes, so messages show
        only the path. It is sent once unless *repeat* is true, since a code can be used once.
        """
        prefix = httpx.URL(self.base_url).path.rstrip("/")
        path = url.path.removeprefix(prefix)
        return self.call("GET", path, whose=whose, expect=expect, advice=advice, repeat=repeat, params=dict(url.params))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
