"""
A zot session for a service account, without a browser and without leaving anything behind.

A one-use random password, authentik's authentication flow, zot's OpenID Connect login; then, before zot is asked for
anything, no device, no session and no known password are left in authentik. Impersonation cannot do this: zot's login
wants a session with a login event (authentik 2026.2.1 and 2026.5.0-rc1, zot v2.1.20, measured).
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

import httpx

from components.clients.authentik import SERVICE_ACCOUNT, Account, Authentik, Brand
from components.clients.browser import Browser, location
from components.clients.errors import LoginBlockedError, NotFoundError, ReconcileError, UnexpectedAnswerError
from components.clients.flow import Flow, LeftoverDeviceError, fetch, remove_static_devices
from components.clients.http import Advice, server_time
from components.clients.zot import SessionAuth, Zot

_log = logging.getLogger(__name__)


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
        hint = "create it, or grant AUTHENTIK_TOKEN view_user on it"
        msg = f"authentik has no account {username} to log in as; {hint}"
        raise NotFoundError(msg)
    if account.type != SERVICE_ACCOUNT or not account.is_active:
        state = account.type if account.is_active else "inactive"
        hint = "only an active service account gets a new password"
        msg = f"authentik account {username} is {state}, so its login was not tried; {hint}"
        raise LoginBlockedError(msg)
    with _authentik_session(authentik, account) as browser:
        return _sign_in(browser, zot, username, provider)


@contextlib.contextmanager
def _authentik_session(authentik: Authentik, account: Account) -> Iterator[Browser]:
    """
    Give a browser that is logged in as *account*. At the end the session is logged out, whatever happened.
    """
    brand = authentik.brand()
    password = _unknown_password()
    authentik.set_password(account, password)
    with contextlib.ExitStack() as cleanup:
        cleanup.callback(_tidy, "reset the password", authentik.set_password, account, _unknown_password())
        try:
            browser = _run_flow(authentik, account, brand, password, cleanup)
        except LeftoverDeviceError:
            _clear_leftover(authentik, account)
            browser = _run_flow(authentik, account, brand, password, cleanup)
        yield browser


def _tidy(what: str, step: Callable[..., object], *arguments: object) -> None:
    """
    Take a last step whose failure must hide neither the result nor an earlier error: what it would leave behind is
    known to nobody, since password and session exist in this process only.
    """
    try:
        step(*arguments)
    except ReconcileError as exc:
        _log.warning("could not %s after the login: %s", what, exc)


def _run_flow(
    authentik: Authentik, account: Account, brand: Brand, password: str, cleanup: contextlib.ExitStack
) -> Browser:
    """
    Drive the flow in a fresh browser. The device that it made is gone when this returns.
    """
    browser = cleanup.enter_context(Browser("authentik", authentik.api.base_url))
    flow = Flow(browser, brand.flow_authentication, account.username, password)
    try:
        flow.run()
        log_out = brand.flow_invalidation or "default-invalidation-flow"
        cleanup.callback(_tidy, "log out", fetch, browser, log_out, account.username)
        if flow.enrolled:
            remove_static_devices(browser, account.username)
    except ReconcileError:
        if flow.enrolled:
            # A session whose login is not finished, or that was refused, cannot delete it.
            _tidy("remove the device", _clear_leftover, authentik, account)
        raise
    return browser


def _clear_leftover(authentik: Authentik, account: Account) -> None:
    """
    Remove the static device of a login that never got to remove it itself, by impersonation.
    """
    with Browser("authentik", authentik.api.base_url) as browser:
        authentik.impersonate(account, browser)
        remove_static_devices(browser, account.username)
        browser.call("GET", "/api/v3/core/users/impersonate_end/", whose=account.username, expect=(204,))
    _log.info("authentik: removed the static device that an interrupted login of %s left", account.username)


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


def _unknown_password() -> str:
    """
    Return a password that is used at most once and remembered nowhere.
    """
    return secrets.token_urlsafe(48)
