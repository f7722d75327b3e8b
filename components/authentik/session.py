"""
A logged-in authentik session for a service account, without a browser and without leaving anything behind.

A one-use random password and authentik's own authentication flow. Before the session is used for anything else, no
device that the login made is left, and at the end neither session nor known password. Impersonation cannot replace
this: zot's login needs a session with a login event (authentik 2026.2.1 and 2026.5.0-rc1, measured).
"""

from __future__ import annotations

import contextlib
import logging
import secrets
from collections.abc import Callable, Iterator

from ..http.browser import Browser
from ..http.errors import ReconcileError
from .api import Account, Authentik, Brand
from .flow import AbandonedDeviceError, Flow, fetch, remove_static_devices

_log = logging.getLogger(__name__)


@contextlib.contextmanager
def session(authentik: Authentik, account: Account) -> Iterator[Browser]:
    """
    Give a browser that is logged in as *account*, an active service account. At the end the session is logged out,
    whatever happened.

    Changed outside: the account's password, twice; a static device, made and removed again if the flow asks for one.

    Raises:
        LoginBlockedError: the flow met a challenge that this program cannot, or must not, answer.
        ReconcileError: whatever authentik answered.
    """
    brand = authentik.brand()
    password = _unknown_password()
    authentik.set_password(account, password)
    with contextlib.ExitStack() as cleanup:
        cleanup.callback(_tidy, "reset the password", authentik.set_password, account, _unknown_password())
        try:
            browser = _run_flow(authentik, account, brand, password, cleanup)
        except AbandonedDeviceError:
            _remove_device_by_impersonation(authentik, account)
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
            _tidy("remove the device", _remove_device_by_impersonation, authentik, account)
        raise
    return browser


def _remove_device_by_impersonation(authentik: Authentik, account: Account) -> None:
    """
    Remove the static device of a login that never got to remove it itself, by impersonation.
    """
    with Browser("authentik", authentik.api.base_url) as browser:
        authentik.impersonate(account, browser)
        remove_static_devices(browser, account.username)
        browser.call("GET", "/api/v3/core/users/impersonate_end/", whose=account.username, expect=(204,))
    _log.info("authentik: removed the static device that an interrupted login of %s left", account.username)


def _unknown_password() -> str:
    """
    Return a password that is used at most once and remembered nowhere.
    """
    return secrets.token_urlsafe(48)
