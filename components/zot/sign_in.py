"""
A zot web session for a service account: zot's OpenID Connect login, walked with an authentik session of that account.

Measured on zot v2.1.20 with authentik 2026.2.1 and 2026.5.0-rc1.
"""

from __future__ import annotations

import urllib.parse
from dataclasses import dataclass
from datetime import datetime

import httpx

from ..authentik.api import SERVICE_ACCOUNT, Authentik
from ..authentik.session import session
from ..http.api import Advice, server_time
from ..http.browser import Browser, location
from ..http.errors import LoginBlockedError, NotFoundError, UnexpectedAnswerError
from .api import SessionAuth, Zot


@dataclass(frozen=True)
class ZotSession:
    """
    A web session of the registry, and the registry's clock when it began.
    """

    auth: SessionAuth
    time: datetime


def zot_session(authentik: Authentik, zot: Zot, username: str, provider: str) -> ZotSession:
    """
    Log *username* in to the registry and return its web session.

    Changed outside: the account's password, twice; a static device, made and removed if the flow asks for one; zot
    reads the account's groups again, for all of its keys.

    Raises:
        LoginBlockedError: the account is not an active service account, or the login met what it cannot answer.
        ReconcileError: whatever a system answered.
    """
    account = authentik.find(username)
    if account is None:
        hint = f"create it, or grant {authentik.token_name} view_user on it"
        msg = f"authentik has no account {username} to log in as; {hint}"
        raise NotFoundError(msg)
    if account.type != SERVICE_ACCOUNT or not account.is_active:
        state = account.type if account.is_active else "inactive"
        hint = "only an active service account gets a new password"
        msg = f"authentik account {username} is {state}, so its login was not tried; {hint}"
        raise LoginBlockedError(msg)
    with session(authentik, account) as browser:
        return _sign_in(browser, zot, username, provider)


def _sign_in(authentik: Browser, zot: Zot, username: str, provider: str) -> ZotSession:
    """
    Walk zot's OpenID Connect login: zot, authentik, and back.
    """
    with Browser("zot", zot.api.base_url) as registry:
        path = "/zot/auth/login"
        hint = f"check oidcProvider: zot's configuration has no OpenID provider {provider}"
        response = registry.call(
            "GET",
            path,
            whose=username,
            params={"provider": provider, "callback_ui": f"{zot.api.base_url}/home"},
            expect=(302,),
            advice=Advice({400: hint, 404: "OpenID is not configured in zot"}),
        )
        authorize = location(response)
        if not authentik.is_at(authorize):
            where = f"{authorize.scheme}://{authorize.netloc.decode()}, not to {authentik.base_url}"
            msg = f"zot GET {path} sends {username} to {where}; correct authentik's URL"
            raise UnexpectedAnswerError(msg)
        callback = _authorize(authentik, authorize, registry, username)
        hint = "see zot's log for the reason: client secret, signing key, clock, or authentik out of its reach"
        landed = registry.visit(callback, whose=username, expect=(201, 302), advice=Advice({401: hint}))
        cookies = {name: value for name, value in registry.cookies.items() if name in ("session", "user")}
        if "session" not in cookies:
            msg = f"zot GET {callback.path} gave {username} no session; see zot's log"
            raise UnexpectedAnswerError(msg)
        return ZotSession(SessionAuth(cookies), server_time(landed))


def _authorize(authentik: Browser, authorize: httpx.URL, registry: Browser, username: str) -> httpx.URL:
    """
    Ask authentik for a code and return zot's address to bring it to.
    """
    advice = Advice({400: "the provider's redirect URI or client ID does not fit zot's configuration"})
    response = authentik.visit(authorize, whose=username, expect=(200, 302), advice=advice)
    if response.status_code == 200:
        hint = "bind one of its groups to the registry's application, or correct the application's policies"
        msg = f"authentik GET {authorize.path} denied {username} the application; {hint}"
        raise LoginBlockedError(msg)
    callback = location(response)
    if registry.is_at(callback):
        return callback
    if authentik.is_at(callback):
        slug = urllib.parse.unquote(callback.path.rstrip("/").rpartition("/")[2])
        hint = "give the provider an authorization flow with implicit consent"
        msg = f"authentik asks {username} for consent, or more, in flow {slug}; {hint}"
        raise LoginBlockedError(msg)
    where = f"{callback.scheme}://{callback.netloc.decode()}, not to {registry.base_url}"
    msg = f"authentik GET {authorize.path} sends {username} to {where}; correct zot's URL"
    raise UnexpectedAnswerError(msg)
