"""
What a web browser would keep between the requests of a login: one cookie jar for one place.

A login touches two places, authentik and the registry. Each has a browser of its own, so that neither ever sees the
other's cookies, whatever host names they share.
"""

from __future__ import annotations

import ipaddress
from http.cookiejar import CookieJar

import httpx

from .answers import location as location
from .answers import origin
from .api import Advice, Api
from .own_answers import Voice


class Browser(Api):
    """
    A client with cookies, bound to the scheme, host and port of its URL.
    """

    def __init__(
        self,
        system: str,
        base_url: str,
        *,
        voice: Voice | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        super().__init__(system, base_url, voice=voice, transport=transport)
        if httpx.URL(base_url).scheme == "http" and _is_loopback(httpx.URL(base_url).host):
            self._http.event_hooks = {"response": [self._accept_secure_cookies]}

    @staticmethod
    def _cookie_jar() -> CookieJar:
        return CookieJar()

    def _accept_secure_cookies(self, _: httpx.Response) -> None:
        """
        Treat loopback as secure, as web browsers do: zot marks its state cookie `Secure` over plain http as well.
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
        The names of cookies that are marked `Secure` and so never sent, since this place is asked without TLS.
        """
        if httpx.URL(self.base_url).scheme != "http":
            return []
        return sorted(cookie.name for cookie in self._http.cookies.jar if cookie.secure)

    def set_cookie(self, name: str, value: str) -> None:
        """
        Add a cookie of one's own.
        """
        self._http.cookies.set(name, value)

    def is_at(self, url: httpx.URL) -> bool:
        """
        Whether *url* is in this browser's place.
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
        GET an address that a redirect named; the caller has asked `is_at`. Its query holds codes, so a message shows
        the path only. Sent once, unless *repeat* says that it may be sent again: a code is good for one use.
        """
        prefix = httpx.URL(self.base_url).path.rstrip("/")
        path = url.path.removeprefix(prefix)
        return self.call("GET", path, whose=whose, expect=expect, advice=advice, repeat=repeat, params=dict(url.params))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
