"""
The headless login as it goes well: request by request as it was recorded, and nothing is left behind.
"""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from starlette.responses import JSONResponse, Response

from tests.authentik.account import BEFORE, USER, made
from tests.estate.authentik.model import User
from tests.http.between import Between
from tests.messages import assert_names
from tests.world import GROUP, World
from tests.zot.signing_in import log_in
from zot_ci.zot.api import zot_at

pytestmark = pytest.mark.embedded

FLOW = "/api/v3/flows/executor/default-authentication-flow/"
STATIC = "/api/v3/authenticators/static/"

# What a whole login asks (contracts: transcripts/login.txt), the device being gone before zot is asked for anything.
# zot is asked where its login leads before the account is touched.
ACCOUNT = [
    "GET /api/v3/core/users/",
    "GET /zot/auth/login",
    "GET /api/v3/core/brands/current/",
    "POST /api/v3/core/users/N/set_password/",
]
CHALLENGES = [f"GET {FLOW}", *[f"POST {FLOW}", f"GET {FLOW}"] * 2]
ENROLMENT = [f"POST {FLOW}", f"GET {FLOW}"] * 2
DEVICE = [f"GET {STATIC}", f"DELETE {STATIC}N/"]
SIGN_IN = ["GET /zot/auth/login", "GET /application/o/authorize/", "GET /zot/auth/callback/oidc"]
LOG_OUT = ["GET /api/v3/flows/executor/default-invalidation-flow/"]
PASSWORD = ["POST /api/v3/core/users/N/set_password/"]


def asked(world: World, user: User) -> list[str]:
    """What this program asked both systems, in order; zot's own exchange with authentik left out."""
    own = ("/application/o/token/", "/application/o/userinfo/", "/.well-known/", "/jwks/")
    calls = [call for call in world.estate.log if not any(part in call.path for part in own)]
    paths = [call.path.replace(f"/{user.pk}/", "/N/") for call in calls]
    return [
        f"{call.method} {STATIC}N/" if call.method == "DELETE" else f"{call.method} {path}"
        for call, path in zip(calls, paths, strict=True)
    ]


def assert_nothing_is_left(world: World, user: User) -> None:
    """No device, no session, no known password."""
    assert user.devices == []
    assert world.estate.authentik.sessions_of(USER) == []
    assert user.password_changes == 2
    assert user.password != BEFORE


def test_a_login_asks_what_was_recorded_and_in_that_order(signed_in: World) -> None:
    """The device is removed right after the flow, before zot is asked for anything."""
    user = made(signed_in)

    log_in(signed_in)

    assert asked(signed_in, user) == [
        *ACCOUNT,
        *CHALLENGES,
        *ENROLMENT,
        *DEVICE,
        *SIGN_IN,
        *LOG_OUT,
        *PASSWORD,
    ]
    assert_nothing_is_left(signed_in, user)


def test_no_device_is_enrolled_where_the_flow_asks_for_none(signed_in: World) -> None:
    """And none is looked for."""
    signed_in.estate.authentik.mfa = "off"
    user = made(signed_in)

    log_in(signed_in)

    assert asked(signed_in, user) == [*ACCOUNT, *CHALLENGES, *SIGN_IN, *LOG_OUT, *PASSWORD]
    assert_nothing_is_left(signed_in, user)


def test_a_password_may_be_asked_for_on_the_identification_stage(signed_in: World) -> None:
    """Then both are sent there."""
    signed_in.estate.authentik.password_fields = True
    user = made(signed_in)

    log_in(signed_in)

    assert asked(signed_in, user) == [
        *ACCOUNT,
        *CHALLENGES[:3],
        *ENROLMENT,
        *DEVICE,
        *SIGN_IN,
        *LOG_OUT,
        *PASSWORD,
    ]
    assert_nothing_is_left(signed_in, user)


def test_a_flow_of_another_name_is_followed(signed_in: World) -> None:
    """The brand names both flows."""
    signed_in.estate.authentik.authentication_flow = "their-login"
    signed_in.estate.authentik.invalidation_flow = "their-log-out"
    user = made(signed_in)

    log_in(signed_in)

    assert any("/executor/their-login/" in call for call in asked(signed_in, user))
    assert_nothing_is_left(signed_in, user)


def test_a_brand_without_a_log_out_flow_gets_the_usual_one(signed_in: World) -> None:
    """The field may be null."""
    between = Between(signed_in.estate.authentik)
    brand = {"flow_authentication": "default-authentication-flow", "flow_invalidation": None}
    between.answer("GET /brands/current/", JSONResponse(brand))
    user = made(signed_in)

    log_in(signed_in)

    assert_nothing_is_left(signed_in, user)


def test_the_session_lists_the_account_s_keys(signed_in: World) -> None:
    """With groups as they are now, which hold for the older keys too."""
    old = signed_in.estate.zot.mint(USER, "old", groups=[])
    made(signed_in)

    session = log_in(signed_in)

    listing = zot_at(signed_in.zot_url).listing(session.auth, USER)
    assert [key.label for key in listing.keys] == ["old"]
    assert signed_in.estate.zot.groups[USER] == {GROUP}
    assert signed_in.accepts(old)


def test_the_session_s_time_is_the_registry_s(signed_in: World) -> None:
    """An expiry is reckoned from it."""
    signed_in.estate.clock.advance(days=400)
    made(signed_in)

    session = log_in(signed_in)

    assert abs(session.time - signed_in.estate.clock.now()) < timedelta(minutes=1)


def test_each_password_is_another_and_long(signed_in: World) -> None:
    """One to log in with, one that nobody knows."""
    between = Between(signed_in.estate.authentik)
    made(signed_in)

    for _ in range(2):
        log_in(signed_in)

    bodies = [heard.body for heard in between.heard if heard.call.endswith("/set_password/")]
    assert len(set(bodies)) == 4
    assert all(len(body) > 60 for body in bodies)


def test_neither_system_ever_sees_the_other_s_cookies_or_a_token_that_is_not_its_own(signed_in: World) -> None:
    """Both are on 127.0.0.1 here, where a single jar would mix them."""
    both = [Between(signed_in.estate.authentik), Between(signed_in.estate.zot)]
    made(signed_in)

    session = log_in(signed_in)
    zot_at(signed_in.zot_url).listing(session.auth, USER)

    authentik, zot = (list(between.heard) for between in both)
    assert {name for heard in authentik for name in heard.cookies} == {
        "authentik_session",
        "authentik_csrf",
        "authentik_device",
    }
    assert {name for heard in zot for name in heard.cookies} == {"statecookie", "state", "session", "user"}
    assert {heard.authorization for heard in zot} == {""}
    for heard in authentik:
        assert bool(heard.authorization) is ("/core/users/" in heard.call)
        assert not (heard.authorization and heard.cookies)


def test_an_abandoned_static_device_is_removed_by_impersonation_first(signed_in: World) -> None:
    """A killed run left it, and its codes are gone: without this the account would be locked out."""
    user = made(signed_in)
    signed_in.estate.authentik.add_device(USER)

    log_in(signed_in)

    calls = asked(signed_in, user)
    begin = calls.index("POST /api/v3/core/users/N/impersonate/")
    assert calls[begin : begin + 5] == [
        "POST /api/v3/core/users/N/impersonate/",
        *DEVICE,
        "GET /api/v3/core/users/impersonate_end/",
        f"GET {FLOW}",
    ]
    assert_nothing_is_left(signed_in, user)


def test_several_abandoned_devices_are_all_removed(signed_in: World) -> None:
    """Two runs may have been killed."""
    user = made(signed_in)
    for _ in range(3):
        signed_in.estate.authentik.add_device(USER)

    log_in(signed_in)

    assert_nothing_is_left(signed_in, user)


@pytest.mark.parametrize(
    ("call", "step"),
    [
        ("GET /executor/default-invalidation-flow/", "log out"),
        ("POST /set_password/", "reset the password"),
    ],
)
def test_a_last_step_that_fails_hides_no_result_and_is_told_in_the_log(
    call: str, step: str, signed_in: World, caplog: pytest.LogCaptureFixture
) -> None:
    """What it would leave behind is known to nobody: session and password exist in this process only."""
    between = Between(signed_in.estate.authentik)
    made(signed_in)
    if "password" in call:
        # The first one has to go well.
        between.rules.append(lambda method, path: _second_time(between, method, path))
    else:
        between.answer(call, Response(status_code=500))

    session = log_in(signed_in)

    assert zot_at(signed_in.zot_url).listing(session.auth, USER).accepted
    [record] = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert_names(record.getMessage(), step, f"authentik {call.split()[0]}", call.split()[1])
    assert signed_in.estate.secrets.found_in(caplog.text) == []


def _second_time(between: Between, method: str, path: str) -> Response | None:
    """Refuse every password but the first."""
    if not path.endswith("/set_password/"):
        return None
    count = sum(heard.call.endswith("/set_password/") for heard in between.heard)
    return Response(status_code=403) if count > 1 else None
