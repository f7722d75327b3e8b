"""
Whom zot takes a login for: keys hang on the name that it knows, which must be the account's.
"""

from __future__ import annotations

import pytest
from starlette.responses import Response

from tests.authentik.account import USER, made
from tests.dynamic.wanted import calls
from tests.http.between import Between
from tests.messages import assert_names
from tests.world import World
from tests.zot.signing_in import blocked, log_in
from zot_ci.authentik.errors import LoginBlockedError
from zot_ci.http.errors import SignInRefusedError

pytestmark = pytest.mark.embedded


def test_a_zot_that_names_people_by_e_mail_is_told_by_the_name_it_uses(signed_in: World) -> None:
    """A key minted there would be somebody else's by name. The session does not stay."""
    signed_in.estate.zot.username_claim = "email"
    user = made(signed_in)
    user.email = "ci@example.test"

    message = blocked(signed_in, LoginBlockedError)

    assert_names(
        message,
        "zot calls this account ci@example.test, not zot-ci",
        "claimMapping.username",
        "preferred_username",
        "http.auth.openid.providers.oidc",
        "2.1.11",
    )
    assert signed_in.estate.zot.logins.sessions == {}
    assert signed_in.estate.zot.keys == {}
    assert (user.devices, signed_in.estate.authentik.sessions_of(USER), user.password_changes) == ([], [], 2)


def test_a_session_of_another_name_that_cannot_be_ended_is_told_with_the_account(
    signed_in: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Of the name, its quotes are left out and nothing else."""
    signed_in.estate.zot.username_claim = "email"
    made(signed_in).email = "Xavier@example.test.X"
    Between(signed_in.estate.zot).answer("POST /zot/auth/logout", Response(status_code=400))

    message = blocked(signed_in, LoginBlockedError)

    assert_names(message, "zot calls this account Xavier@example.test.X, not zot-ci")
    assert "zot: a session of zot-ci stays until it expires: zot " in caplog.text


def test_a_name_that_is_no_name_is_not_shown(signed_in: World) -> None:
    """A cookie can hold anything."""
    user = made(signed_in)
    signed_in.estate.zot.username_claim = "email"
    user.email = "a%20sentence%20of%20theirs"

    message = blocked(signed_in, LoginBlockedError)

    assert_names(message, "zot calls this account something else, not zot-ci")
    assert "theirs" not in message


def test_an_account_without_e_mail_is_told_that_this_may_be_why(signed_in: World) -> None:
    """The callback's 401 says no more; it is walked to a second time, since zot's way to authentik can be disturbed."""
    signed_in.estate.zot.username_claim = "email"
    made(signed_in)

    message = blocked(signed_in, SignInRefusedError)

    assert_names(
        message, "zot GET /zot/auth/callback/oidc", "401", "zot-ci", "no e-mail address", "claimMapping.username"
    )
    assert calls(signed_in, "zot").count("GET /zot/auth/callback/oidc") == 2


def test_an_account_with_e_mail_is_not_told_of_that(signed_in: World) -> None:
    """It would be the wrong way."""
    assert signed_in.estate.zot.provider is not None
    signed_in.estate.zot.provider.client_secret = "another-secret"
    made(signed_in).email = "ci@example.test"

    message = blocked(signed_in, SignInRefusedError)

    assert_names(message, "client secret", "zot's log")
    assert "e-mail" not in message


@pytest.mark.parametrize("path", ["/application/o/authorize/", "/application/o/token/", "/application/o/userinfo/"])
@pytest.mark.parametrize("handled", [False, True], ids=["not done", "done"])
def test_an_authentik_worker_that_is_recycled_on_the_way_to_zot_costs_no_login(
    handled: bool, path: str, signed_in: World
) -> None:
    """Ours asks again for the code, and walks again where zot's own exchange was cut."""
    user = made(signed_in)
    signed_in.estate.authentik.stumble(path, handled=handled)

    log_in(signed_in)

    assert (user.devices, user.password_changes) == ([], 2)


def test_consent_at_an_authentik_under_a_path_of_the_registry_s_address_names_authentik(signed_in: World) -> None:
    """One address for both: what is no callback of zot's is not brought to zot."""
    made(signed_in)
    # What zot's login leads to is at authentik; what authentik answers leads to the registry's address, as where both
    # are behind one.
    path = f"{signed_in.zot_url}/sso/if/flow/explicit-consent/"
    between = Between(signed_in.estate.authentik)
    between.answer("GET /application/o/authorize/", Response(status_code=302, headers={"location": path}))

    message = blocked(signed_in, LoginBlockedError)

    assert_names(message, "authentik asks zot-ci for consent", "flow explicit-consent")
    assert not any("explicit-consent" in call for call in calls(signed_in, "zot"))
