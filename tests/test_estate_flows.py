"""
The embedded authentik's login flow as its vendor, or somebody who is not the reference deployment, has set it up.

Run on authentik 2026.5.0-rc1 with the product itself; where a docstring says *read*, in the vendor's source.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.estate import Estate
from tests.estate.browser import PASSWORD, Browser

EXECUTOR = "/api/v3/flows/executor/default-authentication-flow/?query="


@pytest.fixture
def estate() -> Iterator[Estate]:
    """An estate in which the account exists and has a password."""
    with Estate.start() as estate:
        estate.authentik.add_user("zot-ci", groups=("artifact-workloads",), password=PASSWORD, email="ci@example.test")
        yield estate


@pytest.fixture
def browser(estate: Estate) -> Iterator[Browser]:
    """A browser with an empty jar."""
    with Browser(estate) as browser:
        yield browser


def to_password(browser: Browser, name: str = "zot-ci") -> httpx.Response:
    """Answer name and password; return what the POST of the password says."""
    browser.flow()
    browser.flow({"uid_field": name})
    return browser.ask("POST", browser.estate.authentik.url + EXECUTOR, json={"password": PASSWORD})


def show(browser: Browser) -> httpx.Response:
    """Ask for the current challenge."""
    return browser.ask("GET", browser.estate.authentik.url + EXECUTOR)


def test_a_stage_that_is_skipped_answers_302_to_itself_and_the_next_get_goes_on(
    estate: Estate, browser: Browser
) -> None:
    """The vendor's default for MFA: a path with its query, and no device is enrolled."""
    estate.authentik.mfa = "skip"
    assert to_password(browser).headers["location"] == EXECUTOR
    skipped = show(browser)
    assert (skipped.status_code, skipped.headers["location"], skipped.content) == (302, EXECUTOR, b"")
    assert "authentik_session" in browser.cookies
    assert show(browser).json() == {"component": "xak-flow-redirect", "to": "/"}
    assert estate.authentik.users["zot-ci"].devices == []
    assert browser.to_zot().status_code == 302


def test_a_device_is_asked_for_also_where_mfa_is_skipped_without_one(estate: Estate, browser: Browser) -> None:
    """Not configured is what the action is for."""
    estate.authentik.mfa = "skip"
    estate.authentik.add_device("zot-ci")
    to_password(browser)
    shown = show(browser)
    assert (shown.status_code, len(shown.json()["device_challenges"])) == (200, 1)


@pytest.mark.parametrize(
    ("kind", "component"), [("static", "ak-stage-authenticator-static"), ("totp", "ak-stage-authenticator-totp")]
)
def test_one_single_enrolment_is_chosen_by_a_302_to_itself(
    estate: Estate, browser: Browser, kind: str, component: str
) -> None:
    """The offer with nothing to choose is never shown."""
    authentik = estate.authentik
    authentik.enrolments = {kind: authentik.enrolments[kind]}
    authentik.chooses_single_enrolment = True
    to_password(browser)
    chosen = show(browser)
    assert (chosen.status_code, chosen.headers["location"]) == (302, EXECUTOR)
    assert show(browser).json()["component"] == component
    if kind == "static":
        assert browser.flow({})["component"] == "xak-flow-redirect"
        assert len(authentik.users["zot-ci"].static_devices) == 1


def test_two_enrolments_are_still_a_choice(estate: Estate, browser: Browser) -> None:
    """As in the reference deployment."""
    estate.authentik.chooses_single_enrolment = True
    to_password(browser)
    shown = show(browser)
    assert (shown.status_code, len(shown.json()["configuration_stages"])) == (200, 2)


def test_deny_refuses_after_the_password(estate: Estate, browser: Browser) -> None:
    """The password is taken, and the next challenge is the end."""
    estate.authentik.mfa = "deny"
    assert to_password(browser).status_code == 302
    assert show(browser).json()["component"] == "ak-stage-access-denied"
    assert estate.authentik.users["zot-ci"].failed_logins == 0


@pytest.mark.parametrize("mfa", ["off", "skip", "enrol"])
def test_a_login_stage_may_ask_whether_to_remember(estate: Estate, browser: Browser, mfa: str) -> None:
    """Whatever stands before it; the answer ends the flow in the same POST (read), and a missing one is refused."""
    estate.authentik.mfa, estate.authentik.remember_me = mfa, True
    asked = browser.log_in("zot-ci")
    assert (asked["component"], asked["pending_user"]) == ("ak-stage-user-login", "zot-ci")
    assert list(browser.flow({"component": "ak-stage-user-login"})["response_errors"]) == ["remember_me"]
    assert "authentik_csrf" not in browser.cookies
    done = browser.flow({"component": "ak-stage-user-login", "remember_me": False})
    assert done == {"component": "xak-flow-redirect", "to": "/"}
    assert browser.to_zot().status_code == 302


def test_an_identification_stage_without_usernames_refuses_one(estate: Estate, browser: Browser) -> None:
    """It is refused on the same stage; the e-mail address of the same account is taken."""
    estate.authentik.user_fields = ["email"]
    assert browser.flow()["user_fields"] == ["email"]
    refused = browser.flow({"uid_field": "zot-ci"})
    assert (refused["component"], list(refused["response_errors"])) == ("ak-stage-identification", ["non_field_errors"])
    assert browser.flow({"uid_field": "CI@example.test"})["component"] == "ak-stage-password"
    assert "response_errors" not in browser.flow({"password": PASSWORD})


def test_a_stage_that_does_not_pretend_refuses_an_unknown_name_at_once(estate: Estate, browser: Browser) -> None:
    """Read: the other setting of the stage goes on to the password."""
    estate.authentik.pretend_user_exists = False
    browser.flow()
    assert "response_errors" in browser.flow({"uid_field": "nobody"})
    assert browser.flow({"uid_field": "zot-ci"})["component"] == "ak-stage-password"


def test_of_two_namesakes_the_older_account_is_found_and_the_password_counts_against_it(
    estate: Estate, browser: Browser
) -> None:
    """Upper and lower case are one on the identification stage, and two everywhere else."""
    young = estate.authentik.add_user("Zot-CI", password="a password of its own")
    old = estate.authentik.users["zot-ci"]
    bearer = {"Authorization": f"Bearer {estate.env['AUTHENTIK_TOKEN']}"}
    url = f"{estate.authentik.url}/api/v3/core/users/?username=Zot-CI"
    assert [row["pk"] for row in httpx.get(url, headers=bearer).json()["results"]] == [young.pk]
    browser.flow()
    browser.flow({"uid_field": "Zot-CI"})
    assert "response_errors" in browser.flow({"password": "a password of its own"})
    assert (old.failed_logins, young.failed_logins) == (1, 0)


def test_a_brand_may_have_no_authentication_flow(estate: Estate) -> None:
    """It is authentik all the same, and the slug leads nowhere."""
    estate.authentik.authentication_flow = None
    brand = httpx.get(f"{estate.authentik.url}/api/v3/core/brands/current/", trust_env=False).json()
    assert brand["flow_authentication"] is None
    assert brand["flow_invalidation"] == "default-invalidation-flow"
    assert httpx.get(estate.authentik.url + EXECUTOR, trust_env=False).status_code == 404


@pytest.mark.parametrize("settings", [{}, {"mfa": "skip", "password_fields": True}], ids=["reference", "stock"])
def test_authentik_may_live_below_a_path(settings: dict[str, Any]) -> None:
    """Every address that it gives begins with the path, and outside of it there is nothing."""
    with Estate.start(paths={"authentik": "/sso"}) as estate, Browser(estate) as browser:
        for name, value in settings.items():
            setattr(estate.authentik, name, value)
        assert estate.env["AUTHENTIK_URL"] == f"{estate.listening['authentik']}/sso"
        outside = f"{estate.listening['authentik']}/api/v3/core/brands/current/"
        assert httpx.get(outside, trust_env=False).status_code == 404
        estate.authentik.add_user("zot-ci", groups=("artifact-workloads",), password=PASSWORD)
        sent = browser.authorize().headers["location"]
        assert sent.startswith("/sso/flows/-/default/authentication/?next=/sso/application/")
        browser.flow()
        answer = browser.ask(
            "POST", estate.authentik.url + EXECUTOR, json={"uid_field": "zot-ci", "password": PASSWORD}
        )
        assert answer.headers["location"] == f"/sso{EXECUTOR}"
        if not settings:
            browser.flow({"password": PASSWORD})
            browser.flow({"selected_stage": estate.authentik.enrolments["static"]})
            browser.flow({})
        else:
            assert browser.flow() == {"component": "xak-flow-redirect", "to": "/sso/"}
        assert browser.to_zot().status_code == 302
        assert browser.cookies["user"] == "zot-ci"
