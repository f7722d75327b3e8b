"""
The embedded zot keeps the contract's facts about the name that a key hangs on. Run on zot v2.1.20.
"""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.estate import Estate
from tests.estate.browser import Browser

GROUP = "artifact-workloads"
UPLOAD = "/v2/probe/blobs/uploads/5b0e7a6e-0000-4000-8000-000000000000"


@pytest.fixture
def estate() -> Iterator[Estate]:
    """An estate in which one account has an e-mail address and another has none."""
    with Estate.start() as estate:
        estate.authentik.add_user("zot-ci", groups=(GROUP,), email="ci@example.test")
        estate.authentik.add_user("plain", groups=(GROUP,))
        yield estate


def log_in(estate: Estate, username: str) -> tuple[httpx.Response, Browser]:
    """Log an account into zot; return the callback's answer and the browser that got it."""
    with Browser(estate) as browser:
        browser.log_in(username)
        return browser.to_zot(), browser


def test_without_a_claim_mapping_zot_names_the_user_by_e_mail(estate: Estate) -> None:
    """The cookie says which name; keys and groups belong to that one and not to the account's."""
    estate.zot.username_claim = "email"
    answer, browser = log_in(estate, "zot-ci")
    assert (answer.status_code, browser.cookies["user"]) == (302, "ci@example.test")
    with Browser(estate) as same:
        same.cookies = browser.cookies
        url = f"{estate.zot.url}/zot/auth/apikey"
        made = same.ask("POST", url, headers={"x-zot-api-client": "zot-ui"}, json={"label": "one"})
    key = made.json()["apiKey"]
    statuses = {name: httpx.get(f"{estate.zot.url}/v2/", auth=(name, key)).status_code for name in estate.zot.groups}
    assert statuses == {"ci@example.test": 200}
    assert httpx.get(f"{estate.zot.url}/v2/", auth=("zot-ci", key)).status_code == 401
    assert [held.label for held in estate.zot.of("ci@example.test")] == ["one"]


def test_with_the_claim_mapping_the_e_mail_is_of_no_account(estate: Estate) -> None:
    """The reference deployment maps the user's name."""
    answer, browser = log_in(estate, "zot-ci")
    assert (answer.status_code, browser.cookies["user"]) == (302, "zot-ci")


def test_an_account_without_e_mail_is_refused_at_the_callback(estate: Estate) -> None:
    """401 and no session: authentik let it in, zot has no name for it."""
    estate.zot.username_claim = "email"
    answer, browser = log_in(estate, "plain")
    assert (answer.status_code, "session" in browser.cookies) == (401, False)
    assert (estate.zot.groups, estate.zot.logins.sessions) == ({}, {})


def test_keys_hang_on_the_users_name_and_an_heir_of_it_has_them(estate: Estate) -> None:
    """Deleting the account ends no key; a new account of that name finds them, and its login renews their groups."""
    key = estate.zot.mint("plain", "one", groups=(GROUP,))
    estate.authentik.delete_user("plain")
    assert httpx.put(estate.zot.url + UPLOAD, auth=("plain", key)).status_code == 400
    estate.authentik.add_user("plain", groups=("admins",))
    answer, browser = log_in(estate, "plain")
    assert answer.status_code == 302
    with Browser(estate) as heir:
        heir.cookies = browser.cookies
        listed = heir.ask("GET", f"{estate.zot.url}/zot/auth/apikey", headers={"x-zot-api-client": "zot-ui"})
    assert [one["label"] for one in listed.json()["apiKeys"]] == ["one"]
    assert estate.zot.groups["plain"] == {"admins"}


def test_openid_brings_api_keys_whatever_the_setting_says(estate: Estate) -> None:
    """Off is off only without OpenID."""
    zot = estate.zot
    auth = ("plain", zot.mint("plain", "one"))
    zot.apikeys_enabled, zot.openid_brings_apikeys = False, True
    url = f"{zot.url}/zot/auth/apikey"
    assert [httpx.get(one, auth=auth).status_code for one in (url, f"{zot.url}/v2/")] == [200, 200]
    zot.openid_enabled = False
    assert [httpx.get(one, auth=auth).status_code for one in (url, f"{zot.url}/v2/")] == [404, 401]
