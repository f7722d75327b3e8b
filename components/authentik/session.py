"""
A logged-in authentik session for a service account, without a browser. It leaves nothing behind.

The login uses a one-use random password and authentik's own authentication flow. A device that the login made is
deleted before the session is used, and the session and the password at the end. Impersonation cannot replace the login:
zot needs a session with a login event (authentik 2026.2.1 and 2026.5.0-rc1, measured).
"""

from __future__ import annotations

import contextlib
import logging
import secrets
from collections.abc import Callable, Iterator

import msgspec

from ..http.browser import Browser
from ..http.errors import InterceptedError, ReconcileError, UnreachableError
from .api import Account, Authentik
from .errors import LoginBlockedError
from .flow import AbandonedDeviceError, BrokenOffError, Flow, PasswordRefusedError, fetch, remove_static_devices
from .own_answers import OWN_ANSWERS

_log = logging.getLogger(__name__)


class Flows(msgspec.Struct, frozen=True):
    """
    The names of the flows by which the brand logs in and out.
    """

    log_in: str
    log_out: str


def flows_of(authentik: Authentik, username: str) -> Flows:
    """
    Return the flows by which the brand logs *username* in and out. Read-only.

    Raises:
        LoginBlockedError: the brand has no flow to log in by.
    """
    brand = authentik.brand()
    if brand.flow_authentication is None:
        hint = "choose one under System, Brands: the default is default-authentication-flow"
        msg = f"authentik's brand has no authentication flow to log {username} in by; {hint}"
        raise LoginBlockedError(msg)
    return Flows(brand.flow_authentication, brand.flow_invalidation or "default-invalidation-flow")


@contextlib.contextmanager
def session(authentik: Authentik, account: Account) -> Iterator[Browser]:
    """
    Yield a browser that is logged in as *account*, an active service account. It is logged out at the end in any case.

    Changed outside: the account's password, twice; a static device, made and deleted if the flow asks for one.

    Raises:
        LoginBlockedError: the brand has no such flow, or the flow asks what this program cannot, or must not, answer.
        ReconcileError: whatever authentik answered.
    """
    flows = flows_of(authentik, account.username)
    password = _unknown_password()
    authentik.set_password(account, password)
    with contextlib.ExitStack() as cleanup:
        cleanup.callback(_tidy, "reset the password", authentik.set_password, account, _unknown_password())
        yield _logged_in(authentik, account, flows, password, cleanup)


def _logged_in(
    authentik: Authentik, account: Account, flows: Flows, password: str, cleanup: contextlib.ExitStack
) -> Browser:
    """
    Run the flow. Run it again with the same password, each once, after deleting an abandoned device and after a request
    that authentik lost.
    """
    forgiven: list[type[ReconcileError]] = [AbandonedDeviceError, BrokenOffError, UnreachableError]
    while True:
        try:
            return _run_flow(authentik, account, flows, password, cleanup)
        except PasswordRefusedError as exc:
            raise exc.adding(_why_refused(authentik, account)) from None
        except InterceptedError:
            # What stands in front of authentik would answer the same again.
            raise
        except tuple(forgiven) as exc:
            if isinstance(exc, AbandonedDeviceError):
                forgiven.remove(AbandonedDeviceError)
                _remove_device_by_impersonation(authentik, account)
            else:
                forgiven = [one for one in forgiven if one is AbandonedDeviceError]
                _log.info("authentik: began the login of %s anew; %s", account.username, exc)


def _why_refused(authentik: Authentik, account: Account) -> str:
    """
    Return why the flow may refuse a password that authentik has just accepted for the account.
    """
    others: list[Account] = []
    # A look that fails must not hide the refusal.
    with contextlib.suppress(ReconcileError):
        others = authentik.namesakes(account)
    if others:
        found = " and ".join(f"{other.username} (number {other.pk})" for other in others)
        return f"the flow may have found {found}, whose name differs in upper and lower case only: rename one of them"
    return (
        "another account may have this name in upper or lower case, which the flow does not tell apart: rename one of "
        "them; or the password stage does not take authentik's own passwords: add that backend to it"
    )


def _tidy(what: str, step: Callable[..., object], *arguments: object) -> None:
    """
    Do a last step, and only log its failure, which must not hide the result or an earlier error. A password or session
    that stays is harmless, since only this process knows it.
    """
    try:
        step(*arguments)
    except ReconcileError as exc:
        _log.warning("could not %s after the login: %s", what, exc)


def _run_flow(
    authentik: Authentik, account: Account, flows: Flows, password: str, cleanup: contextlib.ExitStack
) -> Browser:
    """
    Run the flow in a new browser, and delete the device that it made.
    """
    browser = cleanup.enter_context(Browser("authentik", authentik.api.base_url, own_answers=OWN_ANSWERS))
    flow = Flow(browser, flows.log_in, account.username, password)
    try:
        flow.run()
        cleanup.callback(_tidy, "log out", fetch, browser, flows.log_out, account.username)
        if flow.enrolled:
            remove_static_devices(browser, account.username)
    except ReconcileError:
        if flow.enrolled:
            # A session whose login failed cannot delete the device.
            _tidy("remove the device", _remove_device_by_impersonation, authentik, account)
        raise
    return browser


def _remove_device_by_impersonation(authentik: Authentik, account: Account) -> None:
    """
    Delete, by impersonation, the static device of a login that was interrupted.
    """
    with Browser("authentik", authentik.api.base_url, own_answers=OWN_ANSWERS) as browser:
        authentik.impersonate(account, browser)
        with contextlib.ExitStack() as cleanup:
            cleanup.callback(_tidy, "end the impersonation", _end_impersonation, browser, account.username)
            remove_static_devices(browser, account.username)
    _log.info("authentik: removed the static device that an interrupted login of %s left", account.username)


def _end_impersonation(browser: Browser, username: str) -> None:
    browser.call("GET", "/api/v3/core/users/impersonate_end/", whose=username, expect=(204,))


def _unknown_password() -> str:
    """
    Return a password that is used at most once and stored nowhere. It has a character of each class that password
    policies count.
    """
    return f"{secrets.token_urlsafe(48)}-aZ9"
