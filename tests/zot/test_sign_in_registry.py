"""
From authentik to the registry: what can be wrong on the way is named, and nothing is left behind in authentik.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from starlette.responses import JSONResponse, Response

from tests.authentik.account import USER, made
from tests.estate.authentik.model import User
from tests.http.between import Between
from tests.messages import assert_names
from tests.world import GROUP, World
from tests.zot.signing_in import blocked
from zot_ci.authentik.errors import LoginBlockedError
from zot_ci.http.errors import NotFoundError, ReconcileError, SignInRefusedError, UnexpectedAnswerError

pytestmark = pytest.mark.embedded

REGISTRY: dict[str, tuple[Callable[[World], object], type[ReconcileError], tuple[str, ...]]] = {
    "application not bound": (
        lambda world: world.estate.authentik.applications["zot"].groups.discard(GROUP),
        LoginBlockedError,
        ("authentik GET /application/o/authorize/", "denied", "bind one of its groups"),
    ),
    "consent asked for": (
        lambda world: setattr(world.estate.authentik.applications["zot"], "consent", True),
        LoginBlockedError,
        ("authentik", "consent", "flow default-provider-authorization-explicit-consent", "implicit consent"),
    ),
    "redirect URI": (
        lambda world: world.estate.authentik.applications["zot"].redirect_uris.clear(),
        UnexpectedAnswerError,
        ("authentik GET /application/o/authorize/", "400", "redirect URI", "client ID"),
    ),
    "client ID": (
        lambda world: setattr(world.estate.zot.provider, "client_id", "another"),
        UnexpectedAnswerError,
        ("authentik GET /application/o/authorize/", "400", "redirect URI", "client ID"),
    ),
    "client secret": (
        lambda world: setattr(world.estate.zot.provider, "client_secret", "another-secret"),
        SignInRefusedError,
        ("zot GET /zot/auth/callback/oidc", "401", "zot's log", "client secret"),
    ),
    "signing key": (
        lambda world: setattr(world.estate.authentik.applications["zot"], "signing_key", False),
        SignInRefusedError,
        ("zot GET /zot/auth/callback/oidc", "401", "zot's log", "signing key"),
    ),
    "OpenID off": (
        lambda world: setattr(world.estate.zot, "openid_enabled", False),
        NotFoundError,
        ("zot GET /zot/auth/login", "404", "OpenID"),
    ),
    "no session": (
        lambda world: Between(world.estate.zot).answer("GET /zot/auth/callback/", Response(status_code=201)),
        UnexpectedAnswerError,
        ("zot GET /zot/auth/callback/oidc", "no session", "zot's log"),
    ),
    "sent elsewhere by zot": (
        lambda world: setattr(world.estate.zot.provider, "issuer", "https://elsewhere.example.test/application/o/zot/"),
        UnexpectedAnswerError,
        (
            "zot GET /zot/auth/login",
            "https://elsewhere.example.test,",
            "http://127.0.0.1:",
            "; correct authentik's URL, or the issuer in zot's configuration",
        ),
    ),
    "sent elsewhere by authentik": (
        lambda world: Between(world.estate.authentik).answer(
            "GET /authorize/",
            Response(
                status_code=302, headers={"location": "https://elsewhere.example.test/zot/auth/callback/oidc?code=1"}
            ),
        ),
        UnexpectedAnswerError,
        ("authentik GET /application/o/authorize/", "https://elsewhere.example.test,", "http://127.0.0.1:"),
    ),
}


# What zot says of the way before anything is touched.
KNOWN_BEFORE = {"OpenID off", "sent elsewhere by zot"}


@pytest.mark.parametrize("fault", REGISTRY)
def test_a_registry_that_cannot_be_signed_in_to_is_told_by_what_is_wrong(fault: str, signed_in: World) -> None:
    """And the device, the session and the password are gone by then, or were never made."""
    user = made(signed_in)
    spoil, kind, words = REGISTRY[fault]
    spoil(signed_in)

    assert_names(blocked(signed_in, kind), "zot-ci", *words)

    assert user.devices == []
    assert signed_in.estate.authentik.sessions_of(USER) == []
    assert user.password_changes == (0 if fault in KNOWN_BEFORE else 2)


def test_a_callback_at_another_name_of_the_registry_is_refused(signed_in: World) -> None:
    """The code would go to a place that was not named; cookies of one name are not the other's."""
    made(signed_in)
    alias = signed_in.zot_url.replace("127.0.0.1", "localhost")

    message = blocked(signed_in, UnexpectedAnswerError, zot_url=alias)

    assert_names(
        message, "authentik GET /application/o/authorize/", "zot-ci", f"to {signed_in.zot_url},", f"to {alias};"
    )
    assert not any("/callback/" in call.path for call in signed_in.estate.log)


AFTER_ENROLMENT = [
    ("authentik", "GET /authenticators/static/"),
    ("authentik", "DELETE /authenticators/static/"),
    ("zot", "GET /zot/auth/login"),
    ("authentik", "GET /application/o/authorize/"),
    ("zot", "GET /zot/auth/callback/"),
]


def fail_after_the_enrolment(world: World, user: User, system: str, call: str) -> None:
    """Refuse the *call* once, when the account's password was changed: zot's login is asked for before that, too."""
    left = [Response(status_code=403)]

    def rule(method: str, path: str) -> Response | None:
        meant = method == call.split()[0] and call.split()[1] in path and user.password_changes
        return left.pop() if meant and left else None

    Between(getattr(world.estate, system)).rules.append(rule)


@pytest.mark.parametrize(("system", "call"), AFTER_ENROLMENT)
def test_a_step_that_fails_after_the_enrolment_leaves_neither_device_nor_password(
    system: str, call: str, signed_in: World
) -> None:
    """It fails the first time it is asked."""
    user = made(signed_in)
    fail_after_the_enrolment(signed_in, user, system, call)

    blocked(signed_in, ReconcileError)

    assert user.devices == []
    assert user.password_changes == 2
    assert all(session.identity() is None for session in signed_in.estate.authentik.sessions_of(USER))


@pytest.mark.parametrize(("system", "call"), AFTER_ENROLMENT)
def test_a_step_that_fails_after_the_enrolment_logs_the_session_out(system: str, call: str, signed_in: World) -> None:
    """Dead by the new password, but listed among the account's sessions until it ends by itself."""
    fail_after_the_enrolment(signed_in, made(signed_in), system, call)

    blocked(signed_in, ReconcileError)

    assert signed_in.estate.authentik.sessions_of(USER) == []


@pytest.mark.parametrize("answer", ["lost", "wrong"])
def test_an_enrolment_whose_answer_is_of_no_use_leaves_no_device(answer: str, signed_in: World) -> None:
    """The device is there, and no session that could delete it: it is cleared by impersonation."""
    user = made(signed_in)
    between = Between(signed_in.estate.authentik)

    def rule(method: str, path: str) -> Response | None:
        if user.devices and method == "GET" and "/executor/default-authentication-flow/" in path:
            return Response(status_code=503) if answer == "lost" else JSONResponse({"component": "ak-stage-prompt"})
        return None

    between.rules.append(rule)

    blocked(signed_in, ReconcileError)

    assert user.devices == []
    assert user.password_changes == 2
    assert any("impersonate" in call.path for call in signed_in.estate.log)
