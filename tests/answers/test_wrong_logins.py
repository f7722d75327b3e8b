"""
Logins that cannot succeed: the line says where the login stopped, what to change, and how to do without one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.answers.bent import answers, bend
from tests.answers.life import Life, lose_every_key, snapshot
from tests.answers.said import assert_clean_log, in_one_line
from tests.answers.spoiling import authentik_token
from tests.world import World
from zot_ci.authentik.errors import LoginBlockedError
from zot_ci.http.errors import (
    NotFoundError,
    PermissionMissingError,
    ReconcileError,
    SignInRefusedError,
    UnexpectedAnswerError,
)

pytestmark = pytest.mark.embedded

BY_HAND = "or generate a key in the registry's web page, paste it into the 1Password field, and run again"
EXECUTOR = "/flows/executor/default-authentication-flow/"


@dataclass(frozen=True)
class Blocked:
    """
    What stands in the login's way, and how the line names it. *spoil* returns variables for the environment.
    """

    spoil: Callable[[World], Any]
    kind: type[ReconcileError]
    words: str
    inputs: tuple[tuple[str, str], ...] = ()


def _switch(name: str, value: object) -> Callable[[World], None]:
    return lambda world: setattr(world.estate.authentik, name, value)


def _application(name: str, value: object) -> Callable[[World], None]:
    return lambda world: setattr(world.estate.authentik.applications["zot"], name, value)


def _device(kind: str) -> Callable[[World], None]:
    def spoil(world: World) -> None:
        world.estate.authentik.add_device(world.username, kind)

    return spoil


def _abandoned_device_without_impersonate(world: World) -> dict[str, str]:
    _device("static")(world)
    return authentik_token(world, "impersonate")


def _no_openid(world: World) -> None:
    world.estate.zot.openid_enabled = False


def _other_client_secret(world: World) -> None:
    assert world.estate.zot.provider is not None
    world.estate.zot.provider.client_secret = world.estate.secrets.new(40)


def _shown(challenge: dict[str, Any], times: int = 99) -> Callable[[World], None]:
    """The flow shows this challenge, at first or for ever; it takes every answer."""

    def spoil(world: World) -> None:
        shows = iter(repeat(challenge, times))

        def rule(request: Request) -> Response | None:
            if not request.url.path.endswith(EXECUTOR):
                return None
            if request.method == "POST":
                return Response(status_code=302, headers={"location": f"{request.url.path}?query="})
            shown = next(shows, None)
            return None if shown is None else JSONResponse(shown)

        bend(world.estate.authentik, rule)

    return spoil


def _leads_away(world: World) -> None:
    bend(world.estate.authentik, answers("POST", EXECUTOR, Response(status_code=302, headers={"location": "/else/"})))


def _answers_at_once(world: World) -> None:
    body = {"component": "ak-stage-password", "response_errors": {"password": [{"string": "x", "code": "invalid"}]}}
    bend(world.estate.authentik, answers("POST", EXECUTOR, JSONResponse(body)))


BLOCKED = {
    "without_reset_user_password": Blocked(
        lambda world: authentik_token(world, "reset_user_password"),
        PermissionMissingError,
        "set_password/ answered 403 for zot-ci; check that AUTHENTIK_TOKEN is right and has not expired, and its "
        "role has reset_user_password on the account",
    ),
    "abandoned_device_without_impersonate": Blocked(
        _abandoned_device_without_impersonate, PermissionMissingError, "its role has impersonate on the account"
    ),
    "account_hidden": Blocked(
        lambda world: authentik_token(world, "view_user"), NotFoundError, "grant AUTHENTIK_TOKEN view_user on it"
    ),
    "account_gone": Blocked(World.delete_account, NotFoundError, "authentik has no account zot-ci to log in as"),
    "account_inactive": Blocked(
        lambda world: world.change_account(is_active=False), LoginBlockedError, "account zot-ci is inactive, so its"
    ),
    "account_of_a_person": Blocked(
        lambda world: world.change_account(type="internal"), LoginBlockedError, "account zot-ci is internal, so its"
    ),
    "totp_device": Blocked(
        _device("totp"), LoginBlockedError, "the account has a device of somebody's (totp): remove it"
    ),
    "webauthn_device": Blocked(_device("webauthn"), LoginBlockedError, "device of somebody's (webauthn)"),
    "captcha": Blocked(
        _switch("captcha", True), LoginBlockedError, "at ak-stage-captcha; it asks for a captcha: exempt service"
    ),
    "captcha_on_the_identification_stage": Blocked(
        _shown({"component": "ak-stage-identification", "captcha_stage": {"site_key": "x"}}),
        LoginBlockedError,
        "it asks for a captcha",
    ),
    "access_denied": Blocked(
        _switch("mfa", "deny"), LoginBlockedError, "at ak-stage-access-denied; access is denied: unlock the account"
    ),
    "only_totp_may_be_enrolled": Blocked(
        _switch("enrolments", {"totp": "a-stage"}), LoginBlockedError, "it demands MFA and lets no static tokens be"
    ),
    "totp_must_be_enrolled": Blocked(
        _shown({"component": "ak-stage-authenticator-totp"}), LoginBlockedError, "it wants a TOTP device enrolled"
    ),
    "passkey_must_be_enrolled": Blocked(
        _shown({"component": "ak-stage-authenticator-webauthn"}), LoginBlockedError, "it wants a passkey enrolled"
    ),
    "email_must_be_confirmed": Blocked(
        _shown({"component": "ak-stage-email"}), LoginBlockedError, "at ak-stage-email; no headless answer to that is"
    ),
    "consent_stage": Blocked(
        _shown({"component": "ak-stage-consent"}), LoginBlockedError, "give the provider an authorization flow with"
    ),
    "flow_in_a_circle": Blocked(
        _shown({"component": "ak-stage-password"}), LoginBlockedError, "it asks more than 15 questions"
    ),
    "flow_that_leads_away": Blocked(_leads_away, LoginBlockedError, "it leads away to another address"),
    "password_refused": Blocked(
        _answers_at_once,
        LoginBlockedError,
        "it refuses the one-use password that was set a moment ago (password); another account may have this name in",
    ),
    "flow_missing": Blocked(
        lambda world: bend(
            world.estate.authentik, answers("GET", "/brands/current/", JSONResponse({"flow_authentication": "nope"}))
        ),
        NotFoundError,
        "executor/nope/ answered 404 for zot-ci; there is no such flow",
    ),
    "brand_without_a_flow": Blocked(
        lambda world: bend(
            world.estate.authentik, answers("GET", "/brands/current/", JSONResponse({"flow_authentication": None}))
        ),
        LoginBlockedError,
        "authentik's brand has no authentication flow to log zot-ci in by; choose one under System, Brands",
    ),
    "consent": Blocked(
        _application("consent", True),
        LoginBlockedError,
        "asks zot-ci for consent, or more, in flow default-provider-authorization-explicit-consent; give the provider",
    ),
    "application_denied": Blocked(
        _application("groups", {"admins"}), LoginBlockedError, "denied zot-ci the application; bind one of its groups"
    ),
    "redirect_uri_unknown": Blocked(
        _application("redirect_uris", []),
        UnexpectedAnswerError,
        "the provider's redirect URI or client ID does not fit",
    ),
    "provider_without_a_signing_key": Blocked(
        _application("signing_key", False), SignInRefusedError, "see zot's log for the reason: client secret, signing"
    ),
    "client_secret_wrong": Blocked(_other_client_secret, SignInRefusedError, "answered 401 for zot-ci; see zot's log"),
    "provider_name_unknown": Blocked(
        lambda world: None,
        UnexpectedAnswerError,
        "check oidcProvider: zot's configuration has no OpenID provider nobody",
        (("oidc_provider", "nobody"),),
    ),
    "openid_not_configured": Blocked(_no_openid, NotFoundError, "OpenID is not configured in zot"),
}


@pytest.mark.parametrize("blocked", BLOCKED.values(), ids=BLOCKED.keys())
def test_a_login_that_cannot_succeed_leaves_nothing_behind(
    blocked: Blocked, life: Life, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One line with the place and two ways out; no key, no device, no session and no usable password is left."""
    lose_every_key(life.world)
    for name, value in (blocked.spoil(life.world) or {}).items():
        monkeypatch.setenv(name, value)
    before = snapshot(life.world)

    with pytest.raises(ReconcileError) as caught:
        life.mint(**dict(blocked.inputs))

    line = in_one_line(life.world, caught.value)
    assert blocked.words in line
    assert line.endswith(BY_HAND)
    assert isinstance(caught.value, blocked.kind)
    assert snapshot(life.world) == before
    assert life.world.estate.authentik.sessions_of(life.world.username) == []
    assert_clean_log(life.world, caplog)


def test_an_abandoned_device_is_removed_and_the_login_goes_on(life: Life) -> None:
    """The one obstacle that the program removes by itself: it is its own."""
    lose_every_key(life.world)
    life.world.estate.authentik.add_device(life.world.username, "static")

    key = life.mint()

    assert life.world.accepts(key["api_key"])
    assert life.world.estate.authentik.users[life.world.username].devices == []
