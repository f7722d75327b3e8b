"""
A browser for the estate's own tests: one cookie jar, and the login as a person would click through it.

It sends ``Secure`` cookies over plain http, as browsers do to a loopback. The program under test has a client of its
own; this one shares nothing with it.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any

import httpx

from tests.estate import Estate

PASSWORD = "correct horse battery staple"


class Browser:
    """A jar of cookies and the requests made with it; redirects are shown, not followed."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self.cookies: dict[str, str] = {}
        self.http = httpx.Client(trust_env=False)

    def __enter__(self) -> Browser:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()

    def ask(self, method: str, url: str, headers: dict[str, str] | None = None, **rest: Any) -> httpx.Response:
        """Send one request with the jar, and put what the answer sets into it."""
        jar = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        self.http.cookies.clear()
        answer = self.http.request(method, url, headers={**(headers or {}), **({"cookie": jar} if jar else {})}, **rest)
        for cookie in answer.headers.get_list("set-cookie"):
            name, _, value = cookie.partition(";")[0].partition("=")
            if "max-age=0" in cookie.lower():
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return answer

    def flow(self, body: dict[str, Any] | None = None, slug: str = "default-authentication-flow") -> dict[str, Any]:
        """Show the flow's challenge, or answer it and show the next one."""
        authentik = self.estate.authentik.url
        url = f"{authentik}/api/v3/flows/executor/{slug}/?query="
        if body is not None:
            answer = self.ask("POST", url, headers=self.csrf(), json=body)
            if answer.status_code != 302:
                return dict(answer.json())
            url = str(httpx.URL(url).join(answer.headers["location"]))
        shown = self.ask("GET", url)
        # A stage that asks nothing is a 302 to the same address; there are not many in any flow.
        for _ in range(4):
            if shown.status_code != 302:
                break
            shown = self.ask("GET", str(httpx.URL(url).join(shown.headers["location"])))
        return dict(shown.json())

    def csrf(self) -> dict[str, str]:
        """Return the header that goes with the jar's CSRF cookie, if it has one."""
        return {"x-authentik-csrf": self.cookies["authentik_csrf"]} if "authentik_csrf" in self.cookies else {}

    def log_in(self, username: str) -> dict[str, Any]:
        """Log an account into authentik, enrolling a static device if the flow asks; return the last challenge."""
        self.estate.authentik.set_password(username, PASSWORD)
        self.flow()
        self.flow({"uid_field": username})
        challenge = self.flow({"password": PASSWORD})
        if challenge.get("configuration_stages"):
            self.flow({"selected_stage": self.estate.authentik.enrolments["static"]})
            challenge = self.flow({})
        return challenge

    def to_zot(self, callback_ui: bool = True) -> httpx.Response:
        """Log into zot with the session at authentik; return the callback's answer."""
        return self.ask("GET", self.authorize(callback_ui).headers["location"])

    def authorize(self, callback_ui: bool = True) -> httpx.Response:
        """Begin a login at zot; return what authentik's authorize says to it."""
        zot = self.estate.zot.url
        query = "provider=oidc" + (f"&callback_ui={zot}/home" if callback_ui else "")
        begun = self.ask("GET", f"{zot}/zot/auth/login?{query}")
        return self.ask("GET", begun.headers["location"])
