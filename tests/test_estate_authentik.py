"""
The embedded authentik keeps the contract's facts: permissions, the API's refusals, sessions and devices.

The facts were measured on authentik 2026.5.0-rc1 and 2026.2.1; the recorded exchanges are in test_transcripts.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.estate import Estate, Grant
from tests.estate.browser import Browser

CORE = "/api/v3/core"
STATIC = "/api/v3/authenticators/static/"
PAIR = "0123456789abcdefghijABCDEFGHIJ01"


@pytest.fixture
def estate() -> Iterator[Estate]:
    """An estate in which the account and its group exist."""
    with Estate.start() as estate:
        estate.authentik.add_user("zot-ci", groups=("artifact-workloads",))
        yield estate


@pytest.fixture
def browser(estate: Estate) -> Iterator[Browser]:
    """A browser with an empty jar."""
    with Browser(estate) as browser:
        yield browser


def ask(estate: Estate, method: str, path: str, token: str | None = None, **rest: Any) -> httpx.Response:
    """Call the API with a token: the bot's unless said."""
    bearer = {"Authorization": f"Bearer {token or estate.env['AUTHENTIK_TOKEN']}"}
    return httpx.request(method, estate.authentik.url + path, headers=bearer, trust_env=False, **rest)


def pk(estate: Estate) -> int:
    """Return the account's pk."""
    return estate.authentik.users["zot-ci"].pk


# Who may.


def test_a_bad_token_and_none_at_all_are_both_403(estate: Estate) -> None:
    """Neither is the 401 that one would expect."""
    bad = ask(estate, "GET", f"{CORE}/users/", "no-such-token")
    none = httpx.get(f"{estate.authentik.url}{CORE}/users/", trust_env=False)
    assert (bad.status_code, bad.json()) == (403, {"detail": "Token invalid/expired"})
    assert (none.status_code, none.json()) == (403, {"detail": "Authentication credentials were not provided."})


def test_an_expired_token_and_one_of_an_inactive_account_say_the_same(estate: Estate) -> None:
    """A token is as good as its time and its account."""
    token = estate.authentik.add_token("somebody", [], expires=estate.clock.now() + timedelta(days=1))
    assert ask(estate, "GET", f"{CORE}/users/", token).status_code == 200
    estate.clock.advance(days=2)
    assert ask(estate, "GET", f"{CORE}/users/", token).json() == {"detail": "Token invalid/expired"}
    estate.authentik.users["zot-ci-bot"].is_active = False
    assert ask(estate, "GET", f"{CORE}/users/").json() == {"detail": "Token invalid/expired"}


def test_an_account_that_the_token_may_not_see_is_not_there(estate: Estate) -> None:
    """The list is empty and the object 404: no word of a missing permission."""
    blind = estate.authentik.add_token("blind")
    listed = ask(estate, "GET", f"{CORE}/users/?username=zot-ci", blind)
    assert (listed.status_code, listed.json()["results"]) == (200, [])
    assert ask(estate, "GET", f"{CORE}/users/{pk(estate)}/", blind).status_code == 404
    assert ask(estate, "GET", f"{CORE}/users/{pk(estate)}/").status_code == 200


def test_listing_groups_is_403_for_a_token_that_may_see_none(estate: Estate) -> None:
    """Other than with accounts; one visible group is enough for an answer, and only that one is in it."""
    token = estate.authentik.add_token("blind")
    assert ask(estate, "GET", f"{CORE}/groups/?name=artifact-workloads", token).status_code == 403
    group = estate.authentik.groups["artifact-workloads"]
    estate.authentik.add_token("blind", [Grant("view_group", group)])
    listed = ask(estate, "GET", f"{CORE}/groups/", token)
    assert [row["name"] for row in listed.json()["results"]] == ["artifact-workloads"]


@pytest.mark.parametrize(
    ("permission", "call", "success"),
    [
        ("change_user", "PATCH /users/{user}/", 200),
        ("reset_user_password", "POST /users/{user}/set_password/", 204),
        ("impersonate", "POST /users/{user}/impersonate/", 204),
        ("add_user_to_group", "POST /groups/{group}/add_user/", 204),
        ("remove_user_from_group", "POST /groups/{group}/remove_user/", 204),
    ],
)
def test_each_call_needs_its_permission_on_the_one_object(
    estate: Estate, permission: str, call: str, success: int
) -> None:
    """With all of the least privileges but the one it is 403, with the one it is done."""
    authentik = estate.authentik
    least = authentik.least_grants("zot-ci", ["artifact-workloads"])
    [needed] = [grant for grant in least if grant.permission == permission]
    token = authentik.add_token("least", [grant for grant in least if grant is not needed])
    method, path = call.format(user=pk(estate), group=authentik.groups["artifact-workloads"].pk).split()
    body = {"is_active": True, "password": "long enough to keep", "reason": "a test", "pk": pk(estate)}
    refused = ask(estate, method, CORE + path, token, json=body)
    assert (refused.status_code, set(refused.json())) == (403, {"detail"})
    authentik.add_token("least", [needed])
    assert ask(estate, method, CORE + path, token, json=body).status_code == success


def test_a_permission_on_one_account_says_nothing_about_another(estate: Estate) -> None:
    """Object permissions are object permissions, also for the next account of the same name."""
    token = estate.authentik.add_token("least", estate.authentik.least_grants("zot-ci", ["artifact-workloads"]))
    other = estate.authentik.add_user("other").pk
    assert ask(estate, "PATCH", f"{CORE}/users/{other}/", token, json={"is_active": False}).status_code == 404
    estate.authentik.delete_user("zot-ci")
    heir = estate.authentik.add_user("zot-ci").pk
    assert ask(estate, "GET", f"{CORE}/users/{heir}/", token).status_code == 404


def test_making_an_account_needs_a_global_permission(estate: Estate) -> None:
    """The least privileges on an account that exists are not enough to make one."""
    token = estate.authentik.add_token("least", estate.authentik.least_grants("zot-ci", ["artifact-workloads"]))
    body = {"username": "new", "name": "New", "type": "service_account"}
    assert ask(estate, "POST", f"{CORE}/users/", token, json=body).status_code == 403
    assert ask(estate, "POST", f"{CORE}/users/", json=body).status_code == 201


# Accounts and groups.


def test_an_account_is_made_with_its_groups_and_only_once(estate: Estate) -> None:
    """201, then 400 that says which field."""
    group = estate.authentik.groups["artifact-workloads"].pk
    body = {"username": "new", "name": "New", "type": "service_account", "path": "users", "groups": [group]}
    made = ask(estate, "POST", f"{CORE}/users/", json=body)
    assert made.status_code == 201
    assert (made.json()["type"], made.json()["groups"]) == ("service_account", [group])
    assert [one["name"] for one in made.json()["groups_obj"]] == ["artifact-workloads"]
    again = ask(estate, "POST", f"{CORE}/users/", json=body)
    assert (again.status_code, again.json()) == (400, {"username": ["This field must be unique."]})


@pytest.mark.parametrize(
    ("change", "field"), [({"type": "robot"}, "type"), ({"groups": ["no-such"]}, "groups"), ({"name": None}, "name")]
)
def test_a_bad_field_is_400_and_makes_nothing(estate: Estate, change: dict[str, Any], field: str) -> None:
    """The answer names the field."""
    body = {"username": "new", "name": "New", "type": "service_account"} | change
    refused = ask(estate, "POST", f"{CORE}/users/", json=body)
    assert (refused.status_code, set(refused.json())) == (400, {field})
    assert "new" not in estate.authentik.users


def test_the_other_way_to_make_a_service_account_answers_200_and_a_token(estate: Estate) -> None:
    """An app password that nobody asked for; the estate's book has it."""
    made = ask(estate, "POST", f"{CORE}/users/service_account/", json={"name": "new"})
    assert (made.status_code, set(made.json())) == (200, {"username", "token", "user_uid", "user_pk"})
    assert made.json()["token"] in estate.secrets
    assert estate.authentik.users["new"].type == "service_account"


def test_an_account_is_deleted_once(estate: Estate) -> None:
    """204, then 404."""
    path = f"{CORE}/users/{pk(estate)}/"
    assert [ask(estate, "DELETE", path).status_code for _ in range(2)] == [204, 404]
    assert "zot-ci" not in estate.authentik.users


def test_membership_is_idempotent_and_an_unknown_account_is_404(estate: Estate) -> None:
    """Twice in and twice out are all 204."""
    path, user = f"{CORE}/groups/{estate.authentik.groups['admins'].pk}", estate.authentik.users["zot-ci"]
    for action, inside in (("add_user", True), ("add_user", True), ("remove_user", False), ("remove_user", False)):
        assert ask(estate, "POST", f"{path}/{action}/", json={"pk": user.pk}).status_code == 204
        assert ("admins" in user.groups) is inside
    assert ask(estate, "POST", f"{path}/add_user/", json={"pk": 424242}).status_code == 404


def test_lists_come_in_pages(estate: Estate) -> None:
    """Zero stands for no page, and a page too far is 404."""
    for number in range(30):
        estate.authentik.add_user(f"user-{number:02}")
    count = len(estate.authentik.users)
    first = ask(estate, "GET", f"{CORE}/users/").json()
    assert (len(first["results"]), first["pagination"]["next"], first["pagination"]["count"]) == (20, 2, count)
    second = ask(estate, "GET", f"{CORE}/users/?page=2").json()
    assert (len(second["results"]), second["pagination"]["next"]) == (count - 20, 0)
    assert ask(estate, "GET", f"{CORE}/users/?page=3").status_code == 404
    assert len(ask(estate, "GET", f"{CORE}/users/?page_size=100").json()["results"]) == count


def test_the_brand_names_its_flows_to_anybody(estate: Estate) -> None:
    """No token is needed to learn how to log in and out."""
    brand = httpx.get(f"{estate.authentik.url}{CORE}/brands/current/", trust_env=False).json()
    assert brand["flow_authentication"] == "default-authentication-flow"
    assert brand["flow_invalidation"] == "default-invalidation-flow"
    assert "flow_recovery" not in brand


# Sessions and devices.


def impersonate(estate: Estate, browser: Browser) -> None:
    """Put a session as the account into the browser."""
    bearer = {"Authorization": f"Bearer {estate.env['AUTHENTIK_TOKEN']}"}
    url = f"{estate.authentik.url}{CORE}/users/{pk(estate)}/impersonate/"
    assert browser.ask("POST", url, headers=bearer, json={"reason": "a test"}).status_code == 204


def test_an_impersonated_session_works_on_the_api_but_logs_in_nowhere(estate: Estate, browser: Browser) -> None:
    """Authorize wants a login event, and takes no bearer token for one."""
    impersonate(estate, browser)
    assert browser.ask("GET", estate.authentik.url + STATIC).status_code == 200
    assert browser.authorize().headers["location"].startswith("/flows/-/default/authentication/?next=")
    begun = browser.ask("GET", f"{estate.zot.url}/zot/auth/login?provider=oidc")
    bearer = {"Authorization": f"Bearer {estate.env['AUTHENTIK_ADMIN_TOKEN']}"}
    sent = browser.ask("GET", begun.headers["location"], headers=bearer)
    assert (sent.status_code, "/flows/-/default/authentication/" in sent.headers["location"]) == (302, True)
    assert estate.zot.groups == {}


def test_impersonation_wants_a_reason(estate: Estate) -> None:
    """By the vendor's OpenAPI file it is required and not empty."""
    path = f"{CORE}/users/{pk(estate)}/impersonate/"
    for body in ({}, {"reason": ""}):
        assert ask(estate, "POST", path, json=body).status_code == 400
    assert estate.authentik.sessions == {}


@pytest.mark.parametrize(
    ("cookie", "header", "status", "words"),
    [
        (None, PAIR, 403, "CSRF cookie not set"),
        (PAIR, None, 403, "CSRF token missing"),
        (PAIR, PAIR[::-1], 403, "incorrect"),
        ("short", "short", 403, "incorrect length"),
        ("-" * 32, "-" * 32, 403, "incorrect length"),
        (PAIR, PAIR, 204, ""),
    ],
    ids=["no cookie", "no header", "two values", "too short", "no letters", "a pair of one's own making"],
)
def test_a_device_is_deleted_with_a_csrf_pair_of_the_right_form(
    estate: Estate, browser: Browser, cookie: str | None, header: str | None, status: int, words: str
) -> None:
    """An impersonated session has no CSRF cookie: the client brings both halves itself."""
    device = estate.authentik.add_device("zot-ci")
    impersonate(estate, browser)
    assert "authentik_csrf" not in browser.cookies
    if cookie:
        browser.cookies["authentik_csrf"] = cookie
    headers = {"x-authentik-csrf": header} if header else {}
    answer = browser.ask("DELETE", f"{estate.authentik.url}{STATIC}{device.pk}/", headers=headers)
    assert answer.status_code == status
    assert words in answer.text
    assert bool(estate.authentik.users["zot-ci"].devices) is (status == 403)


def test_nobody_deletes_the_device_of_another(estate: Estate) -> None:
    """A token's own devices are all it reaches, even an admin's."""
    device = estate.authentik.add_device("zot-ci")
    token = estate.env["AUTHENTIK_ADMIN_TOKEN"]
    assert ask(estate, "GET", STATIC, token).json()["results"] == []
    assert ask(estate, "DELETE", f"{STATIC}{device.pk}/", token).status_code == 404
    assert estate.authentik.users["zot-ci"].static_devices == [device]


def test_the_end_of_an_impersonation_leaves_nobody(estate: Estate, browser: Browser) -> None:
    """204, after which the session is no account's."""
    impersonate(estate, browser)
    assert len(estate.authentik.sessions_of("zot-ci")) == 1
    assert browser.ask("GET", f"{estate.authentik.url}{CORE}/users/impersonate_end/").status_code == 204
    assert estate.authentik.sessions_of("zot-ci") == []
    assert browser.ask("GET", estate.authentik.url + STATIC).status_code == 403


def test_logging_out_ends_the_session_and_takes_the_cookie(estate: Estate, browser: Browser) -> None:
    """One GET of the invalidation flow."""
    browser.log_in("zot-ci")
    assert len(estate.authentik.sessions_of("zot-ci")) == 1
    assert browser.flow(slug="default-invalidation-flow") == {"component": "xak-flow-redirect", "to": "/"}
    assert "authentik_session" not in browser.cookies
    assert estate.authentik.sessions_of("zot-ci") == []


def test_a_new_password_ends_what_the_old_one_began(estate: Estate, browser: Browser) -> None:
    """Who was logged in may no longer delete a device: the device goes first."""
    browser.log_in("zot-ci")
    assert browser.ask("GET", estate.authentik.url + STATIC).status_code == 200
    ask(estate, "POST", f"{CORE}/users/{pk(estate)}/set_password/", json={"password": "another long password"})
    assert browser.ask("GET", estate.authentik.url + STATIC).status_code == 403
