"""
The headless login at an authentik as its vendor sets it up, or its owner after him: stages that ask nothing or one
thing more, and workers that are recycled amid a request.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from starlette.responses import Response

from tests.authentik.account import BEFORE, USER, account, blocked, client, made
from tests.http.between import Between
from tests.messages import assert_names
from tests.world import GROUP, World
from zot_ci.authentik.errors import LoginBlockedError
from zot_ci.authentik.session import session
from zot_ci.http.errors import ServerError, UnexpectedAnswerError

pytestmark = pytest.mark.embedded

FLOW = "/api/v3/flows/executor/default-authentication-flow/"


def log_in(world: World) -> None:
    """Log the account in to authentik, and out again."""
    found = client(world).find(USER)
    assert found is not None
    with session(client(world), found) as browser:
        assert "authentik_session" in browser.cookies


def switch(**attributes: object) -> Callable[[World], None]:
    """Set up authentik otherwise."""

    def spoil(world: World) -> None:
        for name, value in attributes.items():
            setattr(world.estate.authentik, name, value)

    return spoil


SHIPPED = {
    "the default MFA stage": switch(mfa="skip"),
    "one thing to enrol": switch(enrolments={"static": "a-stage"}, chooses_single_enrolment=True),
    "stay signed in": switch(remember_me=True),
    "stay signed in, no MFA": switch(remember_me=True, mfa="off"),
    "all on one stage": switch(mfa="skip", password_fields=True, remember_me=True),
}


@pytest.mark.parametrize("shipped", SHIPPED)
def test_a_stock_login_goes_through_and_leaves_nothing_behind(shipped: str, signed_in: World) -> None:
    """A GET that answers 302 to itself is followed, and nobody stays signed in."""
    user = made(signed_in)
    SHIPPED[shipped](signed_in)
    between = Between(signed_in.estate.authentik)

    log_in(signed_in)

    assert user.devices == []
    assert signed_in.estate.authentik.sessions_of(USER) == []
    assert user.password_changes == 2
    said = [heard.body for heard in between.heard if b"ak-stage-user-login" in heard.body]
    assert len(said) == signed_in.estate.authentik.remember_me
    assert all(b'"remember_me":false' in body for body in said)


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("https://elsewhere.example.test{path}", "leads away"),
        ("/api/v3/flows/executor/another/", "leads away"),
        ("//127.0.0.1:1{path}", "leads away"),
        ("https://{host}{path}", "from http to https"),
    ],
    ids=["another host", "another flow", "another port", "another scheme"],
)
def test_an_executor_that_leads_anywhere_but_to_itself_is_left(location: str, words: str, signed_in: World) -> None:
    """Whether a GET or a POST says so; nobody there sees a request."""
    made(signed_in)
    host = signed_in.authentik_url.removeprefix("http://")
    to = location.format(path=FLOW, host=host)
    for method in ("POST", "GET"):
        Between(signed_in.estate.authentik).answer(
            f"{method} {FLOW}", Response(status_code=302, headers={"location": to})
        )

        assert_names(blocked(signed_in, LoginBlockedError), "authentik flow default-", "zot-ci", words)


def test_an_executor_that_leads_to_itself_for_ever_is_left(signed_in: World) -> None:
    """A stage that passes over to nothing."""
    made(signed_in)
    between = Between(signed_in.estate.authentik)
    between.answer(f"GET {FLOW}", Response(status_code=302, headers={"location": f"{FLOW}?query="}))

    assert_names(blocked(signed_in, LoginBlockedError), "sends a browser to itself more than 10 times")
    assert len([heard for heard in between.heard if heard.call == f"GET {FLOW}"]) == 10


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (switch(user_fields=["email"]), ("ak-stage-identification", "no user name, only email", "add Username")),
        (switch(user_fields=[]), ("ak-stage-identification", "no user name, only nothing", "add Username")),
        (switch(password_policy=True), ("/set_password/", "400", "password policy", "directory", "exempt the account")),
    ],
    ids=["only by e-mail", "only by a source", "password policy"],
)
def test_what_its_owner_set_up_is_named_and_not_the_token(
    spoil: Callable[[World], None], words: tuple[str, ...], signed_in: World
) -> None:
    """The token is good; a person who renews it is sent the wrong way."""
    user = made(signed_in)
    spoil(signed_in)

    message = blocked(signed_in, LoginBlockedError)

    assert_names(message, "zot-ci", *words)
    assert "AUTHENTIK_TOKEN" not in message
    assert user.devices == []


def test_impersonation_that_is_switched_off_is_named(signed_in: World) -> None:
    """It is wanted only where an interrupted login left a device."""
    made(signed_in)
    signed_in.estate.authentik.add_device(USER)
    signed_in.estate.authentik.impersonation = False

    message = blocked(signed_in, LoginBlockedError)

    assert_names(message, "/impersonate/", "401", "switched off", "System, Settings", "static device by hand")
    assert "AUTHENTIK_TOKEN" not in message


@pytest.mark.parametrize("password_fields", [False, True])
def test_a_namesake_in_another_case_is_named(password_fields: bool, signed_in: World) -> None:
    """The flow finds the older of the two, whose password is another."""
    signed_in.estate.authentik.password_fields = password_fields
    older = signed_in.estate.authentik.add_user("Zot-CI", groups=[GROUP], password=BEFORE)
    made(signed_in)

    message = blocked(signed_in, LoginBlockedError)

    assert_names(message, "one-use password", f"Zot-CI (number {older.pk})", "rename one of them")
    assert older.failed_logins == 1


def test_a_namesake_that_is_not_seen_is_told_as_a_possibility(
    signed_in: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the least privilege the token sees the one account alone."""
    signed_in.estate.authentik.add_user("ZOT-ci", password=BEFORE)
    made(signed_in)
    grants = signed_in.estate.authentik.least_grants(USER, [GROUP])
    monkeypatch.setenv("AUTHENTIK_TOKEN", signed_in.estate.authentik.add_token("least", grants))

    message = blocked(signed_in, LoginBlockedError)

    assert_names(message, "one-use password", "another account may have this name in upper or lower case")
    assert "ZOT-ci" not in message


def test_a_brand_without_an_authentication_flow_is_named_before_anything_is_changed(signed_in: World) -> None:
    """It is authentik, and its answer is no riddle."""
    user = made(signed_in)
    signed_in.estate.authentik.authentication_flow = None

    message = blocked(signed_in, LoginBlockedError)

    assert_names(message, "authentik's brand", "no authentication flow", "default-authentication-flow")
    assert (user.password, user.password_changes) == (BEFORE, 0)


# A login with an enrolment: identification, password, the choice, the device, each answered by a POST and shown by a
# GET, and a GET at the end.
@pytest.mark.parametrize("handled", [False, True], ids=["not done", "done"])
@pytest.mark.parametrize(("method", "nth"), [*(("POST", n) for n in range(1, 5)), *(("GET", n) for n in range(1, 6))])
def test_a_worker_that_is_recycled_amid_the_login_costs_no_login(
    method: str, nth: int, handled: bool, signed_in: World
) -> None:
    """An empty 500, whether or not what was asked is done: the flow begins anew with the same password."""
    user = made(signed_in)
    signed_in.estate.authentik.stumble(FLOW, nth, method, handled=handled)

    log_in(signed_in)

    assert user.devices == []
    assert user.password_changes == 2
    assert user.failed_logins == 0
    assert all(one.identity() is None for one in signed_in.estate.authentik.sessions_of(USER))


def test_a_server_that_goes_on_failing_is_an_error_after_the_second_time(signed_in: World) -> None:
    """Once more, and not for ever."""
    user = made(signed_in)
    between = Between(signed_in.estate.authentik)
    between.answer(f"POST {FLOW}", Response(status_code=502))

    assert_names(blocked(signed_in, UnexpectedAnswerError), f"authentik POST {FLOW}", "502", "zot-ci")
    assert len([heard for heard in between.heard if heard.call == f"POST {FLOW}"]) == 2
    assert user.password_changes == 2


def test_an_impersonation_is_ended_though_what_it_was_for_has_failed(
    signed_in: World, caplog: pytest.LogCaptureFixture
) -> None:
    """A session that acts as the account is not left behind, and neither failure hides the other."""
    made(signed_in)
    signed_in.estate.authentik.add_device(USER)
    between = Between(signed_in.estate.authentik)
    between.answer("GET /authenticators/static/", Response(status_code=503))
    between.answer("GET /impersonate_end/", Response(status_code=503))

    assert_names(blocked(signed_in, ServerError), "/authenticators/static/", "503")

    assert any(heard.call.endswith("/impersonate_end/") for heard in between.heard)
    assert any("could not end the impersonation" in message for message in caplog.messages)


def test_an_impersonation_whose_answer_is_lost_is_asked_for_again(signed_in: World) -> None:
    """A session more, which ends by itself."""
    user = made(signed_in)
    signed_in.estate.authentik.add_device(USER)
    signed_in.estate.authentik.stumble("/api/v3/core/users/", 2, "POST")

    log_in(signed_in)

    assert user.devices == []


def test_the_one_use_password_has_a_character_of_each_class(signed_in: World) -> None:
    """As a password policy of the vendor's counts them."""
    between = Between(signed_in.estate.authentik)
    client(signed_in).find(account(signed_in).username)

    log_in(signed_in)

    passwords = [heard.body.decode() for heard in between.heard if heard.call.endswith("/set_password/")]
    for password in (body.split('"')[3] for body in passwords):
        kinds = (str.islower, str.isupper, str.isdigit, lambda letter: letter in "-_")
        assert [any(map(kind, password)) for kind in kinds] == [True] * 4
