"""
A zot web session for a service account, by zot's OpenID Connect login and an authentik session of that account.

Measured on zot v2.1.20 with authentik 2026.2.1 and 2026.5.0-rc1.
"""

from __future__ import annotations

import logging
import re
import urllib.parse
from datetime import datetime, timedelta

import httpx
import msgspec

from ..authentik.api import SERVICE_ACCOUNT, Account, Authentik
from ..authentik.errors import LoginBlockedError
from ..authentik.session import session
from ..http.answers import origin, server_time
from ..http.api import Advice
from ..http.browser import Browser, location
from ..http.errors import InterceptedError, NotFoundError, ReconcileError, UnexpectedAnswerError
from ..http.refusals import refused
from .api import SessionAuth, Zot
from .own_answers import CALLBACK, LOGIN, OWN_ANSWERS

_log = logging.getLogger(__name__)

_LET_THROUGH = OWN_ANSWERS.let_through("zot")
# authentik sends a browser that is not logged in to a login with the way back in this parameter: to the flow itself
# (2026.5.0-rc1), or to /flows/-/default/authentication/ (2026.2.1). A flow for consent gets none (2026.5.0-rc1; all
# measured).
_WAY_BACK = "next"
# zot's answer begins so if the login's cookies did not come back or were not its own (v2.1.20, measured).
_NO_STATE = "failed to get state"
# How far zot lets a token be ahead of its clock (read in the source of v2.1.20), and the second that headers round off.
_CLOCK_LEEWAY = timedelta(seconds=6)
# The shortest life of authentik's tokens, as it ships, is five minutes.
_CODE_LIVES = timedelta(minutes=5)
# A name that may be shown in a message: zot's cookie could hold anything.
_NAME = re.compile(r"[\w.@+-]{1,150}")

# Answers of the callback after which the login is tried once more: zot's own request to authentik can hit a worker that
# is being recycled, and zot then answers 401 as for any other failure.
_WORTH_ANOTHER_WALK = frozenset({401, 500, 502, 503, 504})


class ZotSession(msgspec.Struct, frozen=True):
    """
    A web session of the registry, and the registry's clock when it began.
    """

    auth: SessionAuth
    time: datetime


def zot_session(authentik: Authentik, zot: Zot, username: str, provider: str) -> ZotSession:
    """
    Log *username* in to the registry and return its web session.

    Changed outside, after checking that the registry's login leads to this authentik: the account's password, twice; a
    static device, made and deleted if the flow asks for one; the account's groups in zot, which reads them again for
    all keys of the account.

    Raises:
        LoginBlockedError: the account is not an active service account, the flow asks what cannot be answered, or zot
            has another name for the account.
        InterceptedError: a proxy in front of the registry wants a login of its own.
        ReconcileError: whatever a system answered.
    """
    account = fit_account(authentik, username)
    walk = _Walk(zot, account, provider)
    # Check the route first: it changes nothing, and a fault is found before the account is changed.
    insist_on_login_route(zot, username, provider, authentik.api.base_url)
    with session(authentik, account) as browser:
        return walk.through(browser)


def fit_account(authentik: Authentik, username: str) -> Account:
    """
    Return the account if a login with it may be tried. Read-only.

    Raises:
        NotFoundError: there is none, or the token may not see it.
        LoginBlockedError: it is not an active service account.
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
    return account


def insist_on_login_route(zot: Zot, username: str, provider: str, authentik_url: str) -> None:
    """
    Check that the registry's login leads to this authentik. Nothing is changed there.

    Raises:
        InterceptedError, UnexpectedAnswerError: it leads elsewhere.
        LoginBlockedError: the registry's cookies would not come back to it.
        ReconcileError: whatever the registry answered.
    """
    with Browser("zot", zot.api.base_url, own_answers=OWN_ANSWERS) as registry:
        _begin(zot, registry, username, provider, authentik_url)


def _begin(zot: Zot, registry: Browser, username: str, provider: str, authentik_url: str) -> httpx.URL:
    """
    Ask zot where its login leads, and return the address if it is this authentik's.
    """
    response = _asked(zot, registry, username, provider)
    moved = registry.moved(response, LOGIN, username)
    if moved:
        raise moved
    authorize = location(response)
    where = f"{authorize.scheme}://{authorize.netloc.decode()}"
    is_elsewhere = origin(authorize) != origin(httpx.URL(authentik_url))
    if CALLBACK not in authorize.params.get("redirect_uri", ""):
        back = "correct zot's URL" if authorize.host == httpx.URL(registry.base_url).host else _LET_THROUGH
        msg = f"zot GET {LOGIN} sends {username} to {where}, for something else than zot's login; {back}"
        raise InterceptedError(msg)
    if is_elsewhere:
        hint = "correct authentik's URL, or the issuer in zot's configuration"
        msg = f"zot GET {LOGIN} sends {username} to {where}, not to {authentik_url}; {hint}"
        raise UnexpectedAnswerError(msg)
    if registry.withheld:
        cookies = " and ".join(registry.withheld)
        hint = "give zot's URL with https, if need be that of a proxy in front of it"
        msg = (
            f"zot GET {LOGIN} sets {username} the cookie {cookies} for https only (Secure), so that no login can end "
            f"at {registry.base_url}, over plain http; {hint}"
        )
        raise LoginBlockedError(msg)
    return authorize


def _asked(zot: Zot, registry: Browser, username: str, provider: str) -> httpx.Response:
    """
    Return zot's redirect to its identity provider.

    Raises:
        NotFoundError: OpenID is off. A proxy sends the same 404, so it counts only if zot itself answers another
            request.
    """
    hint = f"check oidcProvider: zot's configuration has no OpenID provider {provider}"
    off = "OpenID is not configured in zot: add a provider for authentik there; or let what stands in front of it pass"
    advice = Advice({400: hint, 404: f"{off} {LOGIN}", 200: _LET_THROUGH}, {200: InterceptedError})
    response = registry.call(
        "GET",
        LOGIN,
        whose=username,
        params={"provider": provider, "callback_ui": f"{registry.base_url}/home"},
        expect=(302, 404),
        judged_by_caller=frozenset({404}),
        advice=advice,
    )
    if response.status_code == httpx.codes.FOUND:
        return response
    if zot.has_switched_off(response):
        raise refused(response, "zot", registry.base_url, LOGIN, username, advice)
    raise registry.refusal(response, LOGIN, username, advice)


class _Walk(msgspec.Struct, frozen=True):
    """
    zot's OpenID Connect login of one account: zot, authentik, and back.
    """

    zot: Zot
    account: Account
    provider: str

    def through(self, authentik: Browser) -> ZotSession:
        """
        Log in with a browser that is logged in to *authentik*; once more if zot failed to reach authentik.
        """
        with Browser("zot", self.zot.api.base_url, own_answers=OWN_ANSWERS) as registry:
            callback, _ = self._code(authentik, registry)
            landed = registry.visit(callback, whose=self.account.username, expect=(201, 302, *_WORTH_ANOTHER_WALK))
            if landed.status_code not in _WORTH_ANOTHER_WALK:
                return self._session(registry, landed)
        with Browser("zot", self.zot.api.base_url, own_answers=OWN_ANSWERS) as registry:
            callback, issued = self._code(authentik, registry)
            return self._session(registry, self._land(registry, callback, issued))

    def _code(self, authentik: Browser, registry: Browser) -> tuple[httpx.URL, datetime]:
        """
        Get a code from authentik; return zot's callback address with the code, and authentik's clock.
        """
        whose = self.account.username
        authorize = _begin(self.zot, registry, whose, self.provider, authentik.base_url)
        advice = Advice({400: "the provider's redirect URI or client ID does not fit zot's configuration"})
        response = authentik.visit(authorize, whose=whose, expect=(200, 302), advice=advice, repeat=True)
        if response.status_code == 200:
            hint = "bind one of its groups to the registry's application, or correct the application's policies"
            msg = f"authentik GET {authorize.path} denied {whose} the application; {hint}"
            raise LoginBlockedError(msg)
        callback = location(response)
        if registry.is_at(callback) and CALLBACK in callback.path:
            return callback, server_time(response)
        # authentik may share the registry's address, under a path: any address but zot's callback is authentik's.
        if authentik.is_at(callback) or registry.is_at(callback):
            if _WAY_BACK in callback.params:
                hint = (
                    "look at the login stage of the flow: it may bind sessions to a network or a place, and this "
                    "machine may go out by several addresses"
                )
                msg = f"authentik GET {authorize.path} wants {whose} to log in once more, right after a login; {hint}"
                raise LoginBlockedError(msg)
            slug = urllib.parse.unquote(callback.path.rstrip("/").rpartition("/")[2])
            hint = "give the provider an authorization flow with implicit consent"
            msg = f"authentik asks {whose} for consent, or more, in flow {slug}; {hint}"
            raise LoginBlockedError(msg)
        where = f"{callback.scheme}://{callback.netloc.decode()}, not to {registry.base_url}"
        hint = "correct zot's URL, or let whatever stands in front of authentik pass /application/o/ without a login"
        msg = f"authentik GET {authorize.path} sends {whose} to {where}; {hint}"
        raise UnexpectedAnswerError(msg)

    def _land(self, registry: Browser, callback: httpx.URL, issued: datetime) -> httpx.Response:
        """
        Visit zot's *callback* with the code, which authentik *issued* at that time by its clock.
        """
        whose = self.account.username
        landed = registry.visit(callback, whose=whose, expect=(201, 302, 401))
        if landed.status_code != httpx.codes.UNAUTHORIZED:
            return landed
        raise registry.refusal(landed, callback.path, whose, Advice({401: self._why_refused(landed, issued)}))

    def _why_refused(self, landed: httpx.Response, issued: datetime) -> str:
        """
        Return what may be wrong between the two systems; first what can be seen from here.
        """
        if landed.text.startswith(_NO_STATE):
            return (
                "zot did not get back the cookies of the login that it began: a proxy drops them, or several nodes of "
                "zot share no sessions (sessionDriver, sessionKeysFile), so that another one answered"
            )
        apart = issued - server_time(landed)
        # authentik answered first, so with equal clocks its time is a moment earlier.
        if apart > _CLOCK_LEEWAY or apart < -_CODE_LIVES:
            way = "ahead of" if apart > timedelta(0) else "behind"
            seconds = round(abs(apart) / timedelta(seconds=1))
            return (
                f"authentik's clock is {seconds} s {way} zot's, and zot takes no token from the future or the past: "
                "set the one that is wrong, and see zot's log if that does not help"
            )
        reasons = [
            "client secret",
            "signing key",
            "an issuer that is another application's",
            "authentik out of its reach",
        ]
        if not self.account.email:
            reasons.append(
                "the account has no e-mail address, by which zot names people unless the provider's "
                "claimMapping.username is preferred_username"
            )
        return f"see zot's log for the reason: {', '.join(reasons[:-1])}, or {reasons[-1]}"

    def _session(self, registry: Browser, landed: httpx.Response) -> ZotSession:
        """
        Return zot's session if zot has the same name for the account, since keys belong to that name.
        """
        whose = self.account.username
        cookies = {name: value for name, value in registry.cookies.items() if name in ("session", "user")}
        if "session" not in cookies:
            msg = f"zot GET {landed.request.url.path} gave {whose} no session; see zot's log"
            raise UnexpectedAnswerError(msg)
        found = ZotSession(SessionAuth(cookies), server_time(landed))
        called = cookies.get("user", whose).strip('"')
        if called == whose:
            return found
        log_out(self.zot, found, whose)
        name = called if _NAME.fullmatch(called) else "something else"
        where = f"http.auth.openid.providers.{self.provider}"
        mapped = f"set claimMapping.username to preferred_username below {where} in zot's configuration"
        hint = f"{mapped} (zot 2.1.11 or newer)"
        if called.casefold() == whose.casefold():
            hint = "zot, or the claim that it goes by, changes its letters: give the account a name in those letters"
        msg = f"zot calls this account {name}, not {whose}, and keys belong to that name; {hint}"
        raise LoginBlockedError(msg)


def log_out(zot: Zot, session_: ZotSession, username: str) -> None:
    """
    Log out of a session of the registry. A failure is only logged, since the session expires.
    """
    try:
        zot.log_out(session_.auth, username)
    except ReconcileError as exc:
        _log.warning("zot: a session of %s stays until it expires: %s", username, exc)
