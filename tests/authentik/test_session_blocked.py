"""
Where the headless login at authentik ends: each challenge that it cannot or must not answer is named, and nothing is
left behind.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from starlette.responses import JSONResponse, Response

from tests.authentik.account import BEFORE, USER, blocked, made
from tests.estate import Grant
from tests.http.between import Between
from tests.messages import assert_names
from tests.world import World
from zot_ci.authentik.errors import LoginBlockedError
from zot_ci.http.errors import NotFoundError, PermissionMissingError, ReconcileError

pytestmark = pytest.mark.embedded

# The place of every stop: system, flow, account.
STOPS = ("authentik", "default-authentication-flow", "zot-ci")


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


BLOCKS: dict[str, tuple[Callable[[World], object], tuple[str, ...]]] = {
    "captcha stage": (
        lambda world: setattr(world.estate.authentik, "captcha", True),
        ("ak-stage-captcha", "captcha:", "exempt service accounts"),
    ),
    "captcha on identification": (
        lambda world: show(world, component="ak-stage-identification", captcha_stage={"site_key": "x"}),
        ("captcha:", "exempt service accounts"),
    ),
    "access denied": (
        lambda world: setattr(world.estate.authentik, "mfa", "deny"),
        ("ak-stage-access-denied", "denied:", "unlock the account"),
    ),
    "password expired, and nobody may change it": (
        lambda world: show(world, component="ak-stage-access-denied", error_message="Password has expired."),
        ("ak-stage-access-denied", "denied:", "its policies"),
    ),
    "password expired, and to be changed now": (
        lambda world: show(world, component="ak-stage-prompt", fields=[{"field_key": "password", "type": "password"}]),
        ("ak-stage-prompt", "no headless answer"),
    ),
    "one source of another kind": (
        lambda world: show(world, component="ak-source-plex", client_id="x", slug="plex"),
        ("ak-source-plex", "this flow only offers an external source"),
    ),
    "a flow that asks nothing": (
        lambda world: show(world, component="xak-flow-redirect", to="/if/user/"),
        ("xak-flow-redirect", "ends at /if/user/ before it has asked for a password"),
    ),
    "consent in the flow": (
        lambda world: show(world, component="ak-stage-consent", token="x"),
        ("ak-stage-consent", "implicit consent"),
    ),
    "only TOTP may be enrolled": (
        lambda world: world.estate.authentik.enrolments.pop("static"),
        ("MFA", "static tokens"),
    ),
    "TOTP enrolment": (
        lambda world: show(world, component="ak-stage-authenticator-totp"),
        ("ak-stage-authenticator-totp", "TOTP device", "static tokens"),
    ),
    "passkey enrolment": (
        lambda world: show(world, component="ak-stage-authenticator-webauthn"),
        ("ak-stage-authenticator-webauthn", "passkey", "static tokens"),
    ),
    "a stage that nobody knows": (
        lambda world: show(world, component="ak-stage-prompt"),
        ("ak-stage-prompt", "no headless answer"),
    ),
    "password refused": (reset_password, ("one-use password", "(password)", "upper or lower case", "backend")),
    "a circle": (lambda world: show(world, component="ak-stage-password"), ("15 questions",)),
    "leads away": (
        lambda world: Between(world.estate.authentik).answer(
            "POST /executor/", Response(status_code=302, headers={"location": "https://elsewhere.example.test/"})
        ),
        ("another address",),
    ),
}


@pytest.mark.parametrize("block", BLOCKS)
def test_a_challenge_that_cannot_be_answered_is_named(block: str, signed_in: World) -> None:
    """With what to change; no device, no session, and a password that nobody knows."""
    user = made(signed_in)
    spoil, words = BLOCKS[block]
    spoil(signed_in)

    assert_names(blocked(signed_in, LoginBlockedError), *STOPS, *words)

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

    assert_names(message, *STOPS, "device", words)
    assert user.devices == devices
    assert not any("impersonate" in call.path for call in signed_in.estate.log)


@pytest.mark.parametrize(
    ("permission", "kind"),
    [
        ("reset_user_password", PermissionMissingError),
        ("impersonate", PermissionMissingError),
    ],
)
def test_a_permission_that_the_login_lacks_is_named(
    permission: str, kind: type[ReconcileError], signed_in: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*impersonate* is wanted only where an abandoned device has to be removed, and then it stays."""
    user = made(signed_in)
    signed_in.estate.authentik.add_device(USER)
    needed = ("view_user", "reset_user_password", "impersonate")
    grants = [Grant(name, user) for name in needed if name != permission]
    monkeypatch.setenv("AUTHENTIK_TOKEN", signed_in.estate.authentik.add_token("lesser", grants))

    assert_names(blocked(signed_in, kind), "AUTHENTIK_TOKEN", f" {permission} on ")
    assert len(user.devices) == 1
    assert user.password_changes == (2 if permission == "impersonate" else 0)


def test_a_flow_that_is_not_there_is_an_error(signed_in: World) -> None:
    """The brand may name one that was deleted."""
    made(signed_in)
    brand = {"flow_authentication": "deleted", "flow_invalidation": "default-invalidation-flow"}
    Between(signed_in.estate.authentik).answer("GET /brands/current/", JSONResponse(brand))

    assert_names(blocked(signed_in, NotFoundError), "/executor/deleted/", "404", "zot-ci", "no such flow")


def test_a_brand_without_a_login_is_an_error_before_a_password_is_set(signed_in: World) -> None:
    """Nothing is changed then."""
    user = made(signed_in)
    signed_in.estate.authentik.authentication_flow = None

    assert_names(
        blocked(signed_in, LoginBlockedError), "authentik's brand", "no authentication flow", "zot-ci", "Brands"
    )
    assert user.password_changes == 0
