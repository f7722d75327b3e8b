"""
The embedded authentik's login flow and OAuth2 provider keep the contract's facts.

Measured on authentik 2026.5.0-rc1 and 2026.2.1; the recorded login is replayed in test_transcripts.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.estate import Estate
from tests.estate.browser import PASSWORD, Browser

EXECUTOR = "/api/v3/flows/executor/default-authentication-flow/?query="


@pytest.fixture
def estate() -> Iterator[Estate]:
    """An estate in which the account exists and has a password."""
    with Estate.start() as estate:
        estate.authentik.add_user("zot-ci", groups=("artifact-workloads",), password=PASSWORD)
        yield estate


@pytest.fixture
def browser(estate: Estate) -> Iterator[Browser]:
    """A browser with an empty jar."""
    with Browser(estate) as browser:
        yield browser


# The flow.


def test_an_accepted_answer_is_302_to_itself_and_nothing_else(estate: Estate, browser: Browser) -> None:
    """The next challenge is in the GET after it."""
    browser.flow()
    answer = browser.ask("POST", estate.authentik.url + EXECUTOR, json={"uid_field": "zot-ci"})
    assert (answer.status_code, answer.headers["location"], answer.content) == (302, EXECUTOR, b"")
    assert browser.flow()["component"] == "ak-stage-password"


def test_a_wrong_password_is_200_with_errors_and_the_fifth_ends_the_flow(browser: Browser) -> None:
    """No status tells: the body does."""
    browser.flow()
    browser.flow({"uid_field": "zot-ci"})
    for _ in range(4):
        refused = browser.flow({"password": "wrong"})
        assert (refused["component"], list(refused["response_errors"])) == ("ak-stage-password", ["password"])
    assert browser.flow({"password": "wrong"})["component"] == "ak-stage-access-denied"
    assert browser.flow({"password": PASSWORD})["component"] == "ak-stage-access-denied"


@pytest.mark.parametrize("who", ["nobody-of-that-name", "inactive"])
def test_an_unknown_account_and_an_inactive_one_fail_only_at_the_password(
    estate: Estate, browser: Browser, who: str
) -> None:
    """The flow does not tell who exists."""
    estate.authentik.add_user("inactive", is_active=False, password=PASSWORD)
    browser.flow()
    assert browser.flow({"uid_field": who})["component"] == "ak-stage-password"
    assert "response_errors" in browser.flow({"password": PASSWORD})


def test_the_password_may_be_asked_for_on_the_first_stage(estate: Estate, browser: Browser) -> None:
    """Then both go there, and no password stage follows."""
    estate.authentik.password_fields, estate.authentik.mfa = True, "off"
    assert browser.flow()["password_fields"] is True
    refused = browser.flow({"uid_field": "zot-ci"})
    assert (refused["component"], "response_errors" in refused) == ("ak-stage-identification", True)
    assert browser.flow({"uid_field": "zot-ci", "password": PASSWORD})["component"] == "xak-flow-redirect"


def test_a_captcha_lets_no_program_through(estate: Estate, browser: Browser) -> None:
    """It stands before the password."""
    estate.authentik.captcha = True
    browser.flow()
    assert browser.flow({"uid_field": "zot-ci"})["component"] == "ak-stage-captcha"
    assert browser.flow({"token": "guess"})["component"] == "ak-stage-captcha"


@pytest.mark.parametrize(
    ("mfa", "component"),
    [
        ("off", "xak-flow-redirect"),
        ("deny", "ak-stage-access-denied"),
        ("enrol", "ak-stage-authenticator-validate"),
    ],
)
def test_an_account_without_a_device_meets_what_the_flow_is_set_to(
    estate: Estate, browser: Browser, mfa: str, component: str
) -> None:
    """No stage, a refusal, or the offer to enrol."""
    estate.authentik.mfa = mfa
    browser.flow()
    browser.flow({"uid_field": "zot-ci"})
    assert browser.flow({"password": PASSWORD})["component"] == component


def test_enrolling_leaves_a_device_that_locks_the_next_login_out(estate: Estate, browser: Browser) -> None:
    """The device is there when the login ends, and the next login asks for one of its codes."""
    assert browser.log_in("zot-ci")["component"] == "xak-flow-redirect"
    [device] = estate.authentik.users["zot-ci"].static_devices
    assert len(device.codes) == 6
    with Browser(estate) as later:
        challenge = later.log_in("zot-ci")
        assert challenge["component"] == "ak-stage-authenticator-validate"
        assert [one["device_class"] for one in challenge["device_challenges"]] == ["static"]
        assert challenge["configuration_stages"] == []
        assert "response_errors" in later.flow({"code": "guess"})


def test_a_device_is_enrolled_only_when_its_codes_are_accepted(estate: Estate, browser: Browser) -> None:
    """A run that dies while the codes are shown leaves nothing."""
    browser.flow()
    browser.flow({"uid_field": "zot-ci"})
    browser.flow({"password": PASSWORD})
    shown = browser.flow({"selected_stage": estate.authentik.enrolments["static"]})
    assert (shown["component"], len(shown["codes"])) == ("ak-stage-authenticator-static", 6)
    assert estate.authentik.users["zot-ci"].devices == []
    assert set(shown["codes"]) <= set(estate.secrets)


def test_a_static_code_is_good_once(estate: Estate, browser: Browser) -> None:
    """A person who kept the codes gets in, each time with another."""
    code = estate.authentik.add_device("zot-ci").codes[0]
    browser.log_in("zot-ci")
    assert browser.flow({"code": code})["component"] == "xak-flow-redirect"
    with Browser(estate) as later:
        later.log_in("zot-ci")
        assert "response_errors" in later.flow({"code": code})


@pytest.mark.parametrize("kind", ["totp", "webauthn"])
def test_somebodys_device_is_asked_for(estate: Estate, browser: Browser, kind: str) -> None:
    """And no code of ours is right."""
    estate.authentik.add_device("zot-ci", kind)
    assert [one["device_class"] for one in browser.log_in("zot-ci")["device_challenges"]] == [kind]
    assert "response_errors" in browser.flow({"code": "123456"})


def test_a_login_changes_the_session_key(browser: Browser) -> None:
    """The cookie from before the login is worth nothing after it."""
    browser.flow()
    before = browser.cookies["authentik_session"]
    browser.log_in("zot-ci")
    assert browser.cookies["authentik_session"] != before
    assert {"authentik_session", "authentik_csrf", "authentik_device"} <= set(browser.cookies)
    assert before not in browser.estate.authentik.sessions


# The provider.


def authorize_url(estate: Estate, **change: str) -> str:
    """Return the address that zot sends a browser to, with *change*."""
    redirect_uri = f"{estate.zot.url}/zot/auth/callback/oidc"
    query = {"client_id": "zot", "redirect_uri": redirect_uri, "response_type": "code", "scope": "openid profile"}
    return str(httpx.URL(f"{estate.authentik.url}/application/o/authorize/", params=query | {"state": "s"} | change))


def code_for(browser: Browser) -> str:
    """Return an authorization code."""
    location = browser.ask("GET", authorize_url(browser.estate)).headers["location"]
    return parse_qs(urlsplit(location).query)["code"][0]


def exchange(estate: Estate, code: str, secret: str | None = None, **change: Any) -> httpx.Response:
    """Exchange a code with basic client authentication."""
    form = {"grant_type": "authorization_code", "code": code}
    form |= {"redirect_uri": f"{estate.zot.url}/zot/auth/callback/oidc"} | change
    auth = ("zot", secret or estate.authentik.applications["zot"].client_secret)
    return httpx.post(f"{estate.authentik.url}/application/o/token/", data=form, auth=auth, trust_env=False)


def test_who_may_not_use_the_application_gets_200_and_a_page(estate: Estate, browser: Browser) -> None:
    """No Location, no error status: only the title tells."""
    estate.authentik.users["zot-ci"].groups.clear()
    browser.log_in("zot-ci")
    answer = browser.authorize()
    assert (answer.status_code, "location" in answer.headers) == (200, False)
    assert answer.headers["content-type"].startswith("text/html")
    assert "<title>Permission denied" in answer.text


@pytest.mark.parametrize(
    "change", [{"client_id": "other"}, {"redirect_uri": "http://elsewhere.example.test/"}], ids=["client", "uri"]
)
def test_an_unknown_client_or_redirect_uri_is_a_400_page(
    estate: Estate, browser: Browser, change: dict[str, str]
) -> None:
    """Before anybody is asked to log in."""
    answer = browser.ask("GET", authorize_url(estate, **change))
    assert (answer.status_code, "location" in answer.headers) == (400, False)
    assert answer.headers["content-type"].startswith("text/html")


def test_explicit_consent_is_asked_once_and_wants_header_and_token(estate: Estate, browser: Browser) -> None:
    """It is a flow of its own, and the code waits at its end."""
    estate.authentik.applications["zot"].consent = True
    browser.log_in("zot-ci")
    location = browser.authorize().headers["location"]
    assert location.startswith("/if/flow/default-provider-authorization-explicit-consent/?")
    slug = location.split("/")[3]
    shown = browser.flow(slug=slug)
    assert shown["component"] == "ak-stage-consent"
    url = f"{estate.authentik.url}/api/v3/flows/executor/{slug}/?query="
    assert browser.ask("POST", url, json={"token": shown["token"]}).status_code == 403
    assert browser.flow({"token": "guess"}, slug)["component"] == "ak-stage-consent"
    end = browser.flow({"token": shown["token"]}, slug)
    assert end["component"] == "xak-flow-redirect"
    assert end["to"].startswith(f"{estate.zot.url}/zot/auth/callback/oidc?code=")
    assert browser.ask("GET", end["to"]).status_code == 302
    assert browser.to_zot().status_code == 302


def test_the_id_token_is_signed_by_a_published_key(estate: Estate, browser: Browser) -> None:
    """RS256, and its claims name issuer, client, account and groups."""
    browser.log_in("zot-ci")
    tokens = exchange(estate, code_for(browser)).json()
    found = httpx.get(f"{estate.authentik.url}/application/o/zot/.well-known/openid-configuration").json()
    keys = KeySet.import_key_set(httpx.get(found["jwks_uri"]).json())
    claims = jwt.decode(tokens["id_token"], keys, algorithms=["RS256"]).claims
    assert (claims["iss"], claims["aud"]) == (f"{estate.authentik.url}/application/o/zot/", "zot")
    assert (claims["preferred_username"], claims["groups"]) == ("zot-ci", ["artifact-workloads"])
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert httpx.get(found["userinfo_endpoint"], headers=bearer).json()["sub"] == claims["sub"]
    assert httpx.get(found["userinfo_endpoint"]).status_code == 401
    assert {tokens["id_token"], tokens["access_token"]} <= set(estate.secrets)


def test_a_code_is_good_once(estate: Estate, browser: Browser) -> None:
    """The second exchange is an invalid grant."""
    browser.log_in("zot-ci")
    code = code_for(browser)
    assert exchange(estate, code).status_code == 200
    again = exchange(estate, code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


def test_a_code_is_good_for_a_minute(estate: Estate, browser: Browser) -> None:
    """By the estate's clock."""
    browser.log_in("zot-ci")
    code = code_for(browser)
    estate.clock.advance(minutes=2)
    assert exchange(estate, code).json()["error"] == "invalid_grant"


def test_an_exchange_needs_the_client_secret_and_the_same_redirect_uri(estate: Estate, browser: Browser) -> None:
    """Either wrong is 400, and says which."""
    browser.log_in("zot-ci")
    assert exchange(estate, code_for(browser), secret="guess").json()["error"] == "invalid_client"
    wrong_uri = exchange(estate, code_for(browser), redirect_uri="http://elsewhere.example.test/")
    assert (wrong_uri.status_code, wrong_uri.json()["error"]) == (400, "invalid_grant")


def test_the_client_secret_may_come_in_the_body(estate: Estate, browser: Browser) -> None:
    """client_secret_post beside client_secret_basic."""
    browser.log_in("zot-ci")
    form = {"grant_type": "authorization_code", "code": code_for(browser), "client_id": "zot"}
    form |= {"redirect_uri": f"{estate.zot.url}/zot/auth/callback/oidc"}
    form |= {"client_secret": estate.authentik.applications["zot"].client_secret}
    url = f"{estate.authentik.url}/application/o/token/"
    assert httpx.post(url, data=form, trust_env=False).status_code == 200
