"""
Where the headless login ends: each challenge that it cannot or must not answer is named, and nothing is left behind.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from starlette.responses import JSONResponse, Response

from components.authentik.api import authentik_at
from components.http.errors import (
    LoginBlockedError,
    NotFoundError,
    PermissionMissingError,
    ReconcileError,
    UnexpectedAnswerError,
)
from components.zot.api import zot_at
from components.zot.sign_in import zot_session
from tests.estate import Grant
from tests.http.between import Between
from tests.world import World
from tests.zot.signing_in import BEFORE, USER, blocked, made

pytestmark = [pytest.mark.embedded, pytest.mark.usefixtures("no_waits")]

STOPS = "authentik flow default-authentication-flow stops the login of zot-ci"


def show(world: World, **challenge: object) -> None:
    """Let the executor show that challenge, whatever is answered."""
    between = Between(world.estate.authentik)
    between.answer("GET /executor/default-authentication-flow/", JSONResponse(challenge))
    between.answer("POST /executor/default-authentication-flow/", JSONResponse(challenge))


def reset_password(world: World) -> None:
    """Somebody sets the password between ours and the flow."""

    def rule(method: str, path: str) -> Response | None:
        if "/executor/" in path:
            world.estate.authentik.users[USER].password = "somebody-else-s"
        return None

    Between(world.estate.authentik).rules.append(rule)


BLOCKS: dict[str, tuple[Callable[[World], object], str]] = {
    "captcha stage": (
        lambda world: setattr(world.estate.authentik, "captcha", True),
        f"{STOPS} at ak-stage-captcha; it asks for a captcha: exempt service accounts from that stage by a policy",
    ),
    "captcha on identification": (
        lambda world: show(world, component="ak-stage-identification", captcha_stage={"site_key": "x"}),
        f"{STOPS}; it asks for a captcha: exempt service accounts from that stage by a policy",
    ),
    "access denied": (
        lambda world: setattr(world.estate.authentik, "mfa", "deny"),
        f"{STOPS} at ak-stage-access-denied; access is denied: unlock the account, or its policies, in authentik",
    ),
    "consent in the flow": (
        lambda world: show(world, component="ak-stage-consent", token="x"),
        f"{STOPS} at ak-stage-consent; it asks for consent: give the provider an authorization flow with implicit "
        "consent",
    ),
    "only TOTP may be enrolled": (
        lambda world: world.estate.authentik.enrolments.pop("static"),
        f"{STOPS}; it demands MFA and lets no static tokens be enrolled: allow them, or exempt the account",
    ),
    "TOTP enrolment": (
        lambda world: show(world, component="ak-stage-authenticator-totp"),
        f"{STOPS} at ak-stage-authenticator-totp; it wants a TOTP device enrolled: let the MFA stage offer static "
        "tokens as well",
    ),
    "passkey enrolment": (
        lambda world: show(world, component="ak-stage-authenticator-webauthn"),
        f"{STOPS} at ak-stage-authenticator-webauthn; it wants a passkey enrolled: let the MFA stage offer static "
        "tokens as well",
    ),
    "a stage that nobody knows": (
        lambda world: show(world, component="ak-stage-prompt"),
        f"{STOPS} at ak-stage-prompt; no headless answer to that is known",
    ),
    "password refused": (reset_password, f"{STOPS}; it refuses the answer (password): see authentik's event log"),
    "a circle": (
        lambda world: show(world, component="ak-stage-password"),
        f"{STOPS}; it asks more than 15 questions: look at the flow in authentik",
    ),
    "leads away": (
        lambda world: Between(world.estate.authentik).answer(
            "POST /executor/", Response(status_code=302, headers={"location": "https://elsewhere.example.test/"})
        ),
        f"{STOPS}; it leads away to another address: look at the flow in authentik",
    ),
}


@pytest.mark.parametrize("block", BLOCKS)
def test_a_challenge_that_cannot_be_answered_is_named(block: str, signed_in: World) -> None:
    """With what to change; no device, no session, and a password that nobody knows."""
    user = made(signed_in)
    spoil, words = BLOCKS[block]
    spoil(signed_in)

    assert blocked(signed_in, LoginBlockedError) == words

    assert user.devices == []
    assert signed_in.estate.authentik.sessions_of(USER) == []
    assert user.password_changes == 2
    assert user.password not in (None, BEFORE)


@pytest.mark.parametrize(
    ("kinds", "words"),
    [
        (["totp"], "(totp)"),
        (["webauthn"], "(webauthn)"),
        (["static", "totp"], "(static and totp)"),
        (["webauthn", "totp"], "(totp and webauthn)"),
    ],
    ids=["totp", "webauthn", "totp beside static", "both"],
)
def test_a_device_of_somebody_s_is_named_and_stays(kinds: list[str], words: str, signed_in: World) -> None:
    """It is a person's, or another program's: never removed, also not the static one beside it."""
    user = made(signed_in)
    devices = [signed_in.estate.authentik.add_device(USER, kind) for kind in kinds]

    message = blocked(signed_in, LoginBlockedError)

    assert message == f"{STOPS}; the account has a device of somebody's {words}: remove it, or log in by hand"
    assert user.devices == devices
    assert not any("impersonate" in call.path for call in signed_in.estate.log)


@pytest.mark.parametrize("type_", ["internal", "external", "internal_service_account"])
def test_an_account_of_another_type_never_gets_a_new_password(type_: str, signed_in: World) -> None:
    """It may be a person's, who would be locked out."""
    user = made(signed_in)
    user.type = type_

    message = blocked(signed_in, LoginBlockedError)

    assert message == (
        f"authentik account zot-ci is {type_}, so its login was not tried; "
        "only an active service account gets a new password"
    )
    assert (user.password, user.password_changes) == (BEFORE, 0)


def test_an_inactive_account_never_gets_a_new_password(signed_in: World) -> None:
    """Somebody switched it off."""
    user = made(signed_in)
    user.is_active = False

    assert "authentik account zot-ci is inactive, so its login was not tried" in blocked(signed_in, LoginBlockedError)
    assert (user.password, user.password_changes) == (BEFORE, 0)


def test_an_account_that_is_not_there_is_an_error(signed_in: World) -> None:
    """The login makes none."""
    message = blocked(signed_in, NotFoundError)

    assert message == (
        "authentik has no account zot-ci to log in as; create it, or grant AUTHENTIK_TOKEN view_user on it"
    )
    assert USER not in signed_in.estate.authentik.users


@pytest.mark.parametrize(
    ("permission", "kind", "words"),
    [
        ("view_user", NotFoundError, "create it, or grant AUTHENTIK_TOKEN view_user on it"),
        ("reset_user_password", PermissionMissingError, "its role has reset_user_password on the account"),
        ("impersonate", PermissionMissingError, "its role has impersonate on the account"),
    ],
)
def test_a_permission_that_the_login_lacks_is_named(
    permission: str, kind: type[ReconcileError], words: str, signed_in: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*impersonate* is wanted only where a leftover has to be cleared, and then it stays."""
    user = made(signed_in)
    signed_in.estate.authentik.add_device(USER)
    needed = ("view_user", "reset_user_password", "impersonate")
    grants = [Grant(name, user) for name in needed if name != permission]
    monkeypatch.setenv("AUTHENTIK_TOKEN", signed_in.estate.authentik.add_token("lesser", grants))

    assert words in blocked(signed_in, kind)
    assert len(user.devices) == 1
    assert user.password_changes == (2 if permission == "impersonate" else 0)


def test_three_permissions_on_the_one_account_are_enough(signed_in: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The least privilege, a leftover device included."""
    user = made(signed_in)
    signed_in.estate.authentik.add_device(USER)
    grants = [Grant(name, user) for name in ("view_user", "reset_user_password", "impersonate")]
    monkeypatch.setenv("AUTHENTIK_TOKEN", signed_in.estate.authentik.add_token("least", grants))

    zot_session(authentik_at(signed_in.authentik_url), zot_at(signed_in.zot_url), USER, "oidc")

    assert user.devices == []


def test_a_flow_that_is_not_there_is_an_error(signed_in: World) -> None:
    """The brand may name one that was deleted."""
    made(signed_in)
    brand = {"flow_authentication": "deleted", "flow_invalidation": "default-invalidation-flow"}
    Between(signed_in.estate.authentik).answer("GET /brands/current/", JSONResponse(brand))

    assert "/executor/deleted/ answered 404 for zot-ci; there is no such flow" in blocked(signed_in, NotFoundError)


def test_a_brand_without_a_login_is_an_error_before_a_password_is_set(signed_in: World) -> None:
    """Nothing is changed then."""
    user = made(signed_in)
    brand = {"flow_authentication": None, "flow_invalidation": None}
    Between(signed_in.estate.authentik).answer("GET /brands/current/", JSONResponse(brand))

    assert "without a valid flow_authentication" in blocked(signed_in, UnexpectedAnswerError)
    assert user.password_changes == 0
