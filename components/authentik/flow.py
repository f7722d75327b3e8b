"""
A run through authentik's authentication flow for a service account, as a browser's page does it by the flow executor.

Measured on authentik 2026.2.1 and 2026.5.0-rc1: each challenge is JSON with a `component`; a POST of the answer is 302
to the same address, and the GET that follows holds the next challenge. A GET is 302 to the same address too, where a
stage has nothing to ask, as the vendor's default MFA stage of an account without a device.
"""

from __future__ import annotations

import secrets
import string
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec

from ..http.answers import origin
from ..http.api import Advice
from ..http.browser import Browser, location
from ..http.errors import UnexpectedAnswerError
from .errors import LoginBlockedError

_DEVICES = "/api/v3/authenticators/static/"
_CSRF_COOKIE = "authentik_csrf"
_CSRF_LETTERS = string.ascii_letters + string.digits

# A flow has some five stages; one with more challenges than this goes in a circle.
_MOST_CHALLENGES = 15
_MOST_REDIRECTS = 10

# Challenges that need a person or another setting of authentik.
_BLOCKED = {
    "ak-stage-access-denied": "access is denied: unlock the account, or its policies, in authentik",
    "ak-stage-captcha": "it asks for a captcha: exempt service accounts from that stage by a policy",
    "ak-stage-consent": "it asks for consent: give the provider an authorization flow with implicit consent",
    "ak-stage-authenticator-totp": "it wants a TOTP device enrolled: let the MFA stage offer static tokens as well",
    "ak-stage-authenticator-webauthn": "it wants a passkey enrolled: let the MFA stage offer static tokens as well",
}
# The path to which authentik sends a browser for an external source (`/source/oauth/login/…`). It does so at once if an
# identification stage has one source and no user fields.
_SOURCE = "/source/"
_EXTERNAL = (
    "this flow only offers an external source: give service accounts another way in, by Username among the user fields "
    "of its identification stage and a password stage"
)


class AbandonedDeviceError(LoginBlockedError):
    """
    The account has a static device, left by a killed login, and nobody knows its codes.
    """


class PasswordRefusedError(LoginBlockedError):
    """
    The flow refuses the password that was just set, or the user name.
    """


class BrokenOffError(UnexpectedAnswerError):
    """
    authentik answered with 5xx, since it recycles its workers amid requests. The flow can be started again.
    """


class _Stage(msgspec.Struct, frozen=True):
    pk: str
    meta_model_name: str


class _DeviceChallenge(msgspec.Struct, frozen=True):
    device_class: str


class Challenge(msgspec.Struct, frozen=True):
    """
    What the executor asks; only the fields that decide the answer.
    """

    component: str
    to: str = ""
    password_fields: bool = False
    user_fields: list[str] | None = None
    sources: list[Any] = []
    captcha_stage: dict[str, Any] | None = None
    device_challenges: list[_DeviceChallenge] = []
    configuration_stages: list[_Stage] = []
    response_errors: dict[str, Any] | None = None


class _Device(msgspec.Struct, frozen=True):
    pk: int


class _Devices(msgspec.Struct, frozen=True):
    results: list[_Device]


class Flow:
    """
    One run through the authentication flow.

    *enrolled* becomes true just before the account's static device is made, so that the caller can delete the device
    even if the answer was lost.
    """

    def __init__(self, browser: Browser, slug: str, username: str, password: str) -> None:
        self.enrolled = False
        self._browser = browser
        self._slug = slug
        self._username = username
        self._password = password
        self._sent_password = False

    def run(self) -> None:
        """
        Answer challenges until the flow ends; the browser then has a session with a login event.

        Raises:
            AbandonedDeviceError: there is a static device; delete it and start again.
            LoginBlockedError: a challenge that this program cannot, or must not, answer.
        """
        challenge = fetch(self._browser, self._slug, self._username)
        for _ in range(_MOST_CHALLENGES):
            if challenge.component == "xak-flow-redirect":
                self._insist_on_a_login(challenge)
                return
            challenge = self._post(self._answer(challenge))
        msg = f"it asks more than {_MOST_CHALLENGES} questions: look at the flow in authentik"
        raise self._blocked(msg)

    def _insist_on_a_login(self, end: Challenge) -> None:
        """
        Refuse a flow that ended without asking for a password, and so logged nobody in.
        """
        if self._sent_password:
            return
        path = urlsplit(end.to).path
        if _SOURCE in path:
            raise self._blocked(_EXTERNAL, end.component)
        why = f"it ends at {path or 'nothing'} before it has asked for a password: look at the stages of the flow"
        raise self._blocked(why, end.component)

    def _post(self, answer: dict[str, Any]) -> Challenge:
        path = _executor(self._slug)
        advice = Advice(kinds=dict.fromkeys((500, 502, 503, 504), BrokenOffError))
        response = self._browser.call(
            "POST", path, whose=self._username, params={"query": ""}, json=answer, advice=advice, expect=(200, 302)
        )
        if response.status_code == 302:
            _check_leads_to_itself(response, self._slug, self._username)
            return fetch(self._browser, self._slug, self._username)
        return self._browser.parse(response, path, self._username, Challenge)

    def _answer(self, challenge: Challenge) -> dict[str, Any]:
        if challenge.response_errors:
            raise self._refused(challenge, sorted(challenge.response_errors))
        answer: dict[str, Any] = {"component": challenge.component}
        match challenge.component:
            case "ak-stage-identification":
                if challenge.captcha_stage:
                    raise self._blocked(_BLOCKED["ak-stage-captcha"])
                if challenge.user_fields == [] and challenge.sources:
                    raise self._blocked(_EXTERNAL, challenge.component)
                if challenge.user_fields is not None and "username" not in challenge.user_fields:
                    taken = " and ".join(sorted(challenge.user_fields)) or "nothing"
                    why = f"it takes no user name, only {taken}: add Username to that stage's user fields"
                    raise self._blocked(why, challenge.component)
                password = {"password": self._password} if challenge.password_fields else {}
                self._sent_password = challenge.password_fields
                return answer | {"uid_field": self._username} | password
            case "ak-stage-password":
                self._sent_password = True
                return answer | {"password": self._password}
            case "ak-stage-authenticator-validate":
                return answer | {"selected_stage": self._static_stage(challenge)}
            case "ak-stage-authenticator-static":
                self.enrolled = True
                return answer
            case "ak-stage-user-login":
                # Otherwise the session would outlive this run.
                return answer | {"remember_me": False}
            case component if component.startswith("ak-source-"):
                raise self._blocked(_EXTERNAL, component)
            case component:
                raise self._blocked(_BLOCKED.get(component, "no headless answer to that is known"), component)

    def _refused(self, challenge: Challenge, fields: list[str]) -> LoginBlockedError:
        """
        Return the error for an answer that a stage refused.
        """
        named = ", ".join(fields)
        if challenge.component == "ak-stage-password" or challenge.password_fields:
            why = f"it refuses the one-use password that was set a moment ago ({named})"
            return PasswordRefusedError(self._stopped(why, challenge.component))
        what = "user name" if challenge.component == "ak-stage-identification" else "answer"
        return self._blocked(f"it refuses the {what} ({named}): see authentik's event log", challenge.component)

    def _static_stage(self, challenge: Challenge) -> str:
        """
        Return the stage that enrols a static device.
        """
        devices = sorted({device.device_class for device in challenge.device_challenges})
        if devices == ["static"]:
            msg = "an interrupted login left a static device"
            raise AbandonedDeviceError(msg)
        if devices:
            kinds = " and ".join(devices)
            msg = f"the account has a device of somebody's ({kinds}): remove it, or log in by hand"
            raise self._blocked(msg)
        for stage in challenge.configuration_stages:
            if stage.meta_model_name.endswith("authenticatorstaticstage"):
                return stage.pk
        msg = "it demands MFA and lets no static tokens be enrolled: allow them, or exempt the account"
        raise self._blocked(msg)

    def _blocked(self, why: str, component: str = "") -> LoginBlockedError:
        return LoginBlockedError(self._stopped(why, component))

    def _stopped(self, why: str, component: str) -> str:
        at = f" at {component}" if component else ""
        return f"authentik flow {self._slug} stops the login of {self._username}{at}; {why}"


def fetch(browser: Browser, slug: str, username: str) -> Challenge:
    """
    Return what the flow *slug* asks now. For an invalidation flow this request logs out.

    Raises:
        LoginBlockedError: the flow redirects away from its executor, or in a circle.
    """
    path = _executor(slug)
    advice = Advice({404: "there is no such flow"})
    for _ in range(_MOST_REDIRECTS):
        response = browser.call("GET", path, whose=username, params={"query": ""}, advice=advice, expect=(200, 302))
        if response.status_code == 200:
            return browser.parse(response, path, username, Challenge)
        _check_leads_to_itself(response, slug, username)
    why = f"it sends a browser to itself more than {_MOST_REDIRECTS} times: look at the flow in authentik"
    msg = f"authentik flow {slug} stops the login of {username}; {why}"
    raise LoginBlockedError(msg)


def _check_leads_to_itself(response: httpx.Response, slug: str, username: str) -> None:
    """
    Check that a redirect leads to the executor that sent it; no other redirect is followed.
    """
    here, there = response.request.url, location(response)
    if (origin(there), there.path) == (origin(here), here.path):
        return
    why = "it leads away to another address: look at the flow in authentik, and at what stands in front of authentik"
    if there.scheme != here.scheme and (there.host, there.path) == (here.host, here.path):
        # Seen in the vendor's release notes of 2026.8: forwarded headers count only from trusted proxies.
        why = (
            f"it leads from {here.scheme} to {there.scheme}: let authentik trust the proxy in front of it "
            "(AUTHENTIK_LISTEN__TRUSTED_PROXY_CIDRS), and that proxy send X-Forwarded-Proto"
        )
    msg = f"authentik flow {slug} stops the login of {username}; {why}"
    raise LoginBlockedError(msg)


def remove_static_devices(browser: Browser, username: str) -> None:
    """
    Delete every static device of the account whose session *browser* holds.

    Only an interrupted login like this one leaves a static device on a service account. A session by impersonation has
    no CSRF cookie, and no page sets one; authentik accepts a self-made pair of cookie and header (2026.2.1 and
    2026.5.0-rc1).
    """
    token = browser.cookies.get(_CSRF_COOKIE)
    if token is None:
        token = "".join(secrets.choice(_CSRF_LETTERS) for _ in range(32))
        browser.set_cookie(_CSRF_COOKIE, token)
    response = browser.call("GET", _DEVICES, whose=username)
    for device in browser.parse(response, _DEVICES, username, _Devices).results:
        path = f"{_DEVICES}{device.pk}/"
        headers = {"X-authentik-CSRF": token}
        browser.call("DELETE", path, whose=username, headers=headers, repeat=True, expect=(204, 404))


def _executor(slug: str) -> str:
    return f"/api/v3/flows/executor/{slug}/"
