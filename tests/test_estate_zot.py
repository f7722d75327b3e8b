"""
The embedded zot keeps the contract's facts about logins, sessions and API keys.

Measured on zot v2.1.20; the recorded exchanges are replayed in test_transcripts.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from tests.estate import Estate
from tests.estate.browser import Browser
from tests.estate.zot import access

GROUP = "artifact-workloads"
ZERO = "0001-01-01T00:00:00Z"


@pytest.fixture
def estate() -> Iterator[Estate]:
    """An estate in which the account exists."""
    with Estate.start() as estate:
        estate.authentik.add_user("zot-ci", groups=(GROUP,))
        yield estate


@pytest.fixture
def browser(estate: Estate) -> Iterator[Browser]:
    """A browser with an empty jar."""
    with Browser(estate) as browser:
        yield browser


def keys(estate: Estate, key: str, method: str = "GET", query: str = "", **rest: Any) -> httpx.Response:
    """Call the API of keys with a key of the account."""
    url = f"{estate.zot.url}/zot/auth/apikey{query}"
    return httpx.request(method, url, auth=("zot-ci", key), trust_env=False, **rest)


# Login and session.


def test_a_login_begins_with_two_cookies_one_of_them_always_secure(estate: Estate) -> None:
    """Over plain http a jar that honours Secure loses it."""
    answer = httpx.get(f"{estate.zot.url}/zot/auth/login?provider=oidc", trust_env=False)
    state, login = sorted(answer.headers.get_list("set-cookie"))
    assert answer.status_code == 302
    assert state.startswith("state=")
    assert "Path=/; Max-Age=120; HttpOnly; Secure; SameSite=Lax" in state
    assert "Path=/zot/auth/callback" in login
    assert "Secure" not in login


def test_a_callback_without_the_state_cookie_says_so(browser: Browser) -> None:
    """The answer that only loopback set-ups meet."""
    browser.log_in("zot-ci")
    location = browser.authorize().headers["location"]
    browser.cookies.pop("state")
    answer = browser.ask("GET", location)
    assert answer.status_code == 401
    assert answer.text == "failed to get state: http: named cookie not present\n"


def test_a_replayed_callback_is_401_with_its_cookies_too(browser: Browser) -> None:
    """The state cookie is gone after the first; one who kept it meets a spent code."""
    browser.log_in("zot-ci")
    location = browser.authorize().headers["location"]
    state = browser.cookies["state"]
    assert browser.ask("GET", location).status_code == 302
    assert browser.ask("GET", location).status_code == 401
    browser.cookies["state"] = state
    again = browser.ask("GET", location)
    assert (again.status_code, "invalid_grant" in again.text) == (401, True)


def test_a_callback_of_another_browser_is_401(estate: Estate, browser: Browser) -> None:
    """A code alone opens no session."""
    browser.log_in("zot-ci")
    location = browser.authorize().headers["location"]
    with Browser(estate) as other:
        other.cookies["state"] = browser.cookies["state"]
        assert other.ask("GET", location).status_code == 401
    assert estate.zot.groups == {}


@pytest.mark.parametrize("fault", ["client secret", "signing key", "authentik"])
def test_what_is_wrong_behind_a_callback_is_a_401_with_a_reason(estate: Estate, browser: Browser, fault: str) -> None:
    """A wrong secret, a provider that signs with none of its keys, authentik gone since."""
    browser.log_in("zot-ci")
    assert estate.zot.provider is not None
    if fault == "signing key":
        estate.authentik.applications["zot"].signing_key = False
    location = browser.authorize().headers["location"]
    if fault == "client secret":
        estate.zot.provider.client_secret = "another"
    elif fault == "authentik":
        estate.zot.provider.issuer = "http://127.0.0.1:1/application/o/zot/"
    answer = browser.ask("GET", location)
    assert (answer.status_code, answer.headers["content-type"]) == (401, "text/plain; charset=utf-8")
    assert answer.text.startswith("failed to ")
    assert estate.zot.logins.sessions == {}


def test_an_unknown_provider_is_400_and_no_openid_404(estate: Estate) -> None:
    """Two mistakes in two settings."""
    login = f"{estate.zot.url}/zot/auth/login?provider="
    assert httpx.get(f"{login}github", trust_env=False).status_code == 400
    estate.zot.openid_enabled = False
    assert httpx.get(f"{login}oidc", trust_env=False).status_code == 404


def test_a_callback_leads_to_callback_ui_or_is_an_empty_201(browser: Browser) -> None:
    """With and without the parameter of the login."""
    browser.log_in("zot-ci")
    led = browser.to_zot()
    assert (led.status_code, led.headers["location"]) == (302, f"{browser.estate.zot.url}/home")
    empty = browser.to_zot(callback_ui=False)
    assert (empty.status_code, empty.content, "session" in browser.cookies) == (201, b"", True)


def test_a_session_without_the_client_header_is_anonymous(estate: Estate, browser: Browser) -> None:
    """An empty 500, which is what anonymous gets; with the header the session counts."""
    browser.log_in("zot-ci")
    browser.to_zot()
    url = f"{estate.zot.url}/zot/auth/apikey"
    without = browser.ask("GET", url)
    assert (without.status_code, without.content) == (500, b"")
    assert browser.ask("GET", url, headers={"x-zot-api-client": "zot-ui"}).json() == {"apiKeys": []}
    estate.clock.advance(hours=3)
    assert browser.ask("GET", url, headers={"x-zot-api-client": "zot-ui"}).status_code == 500


def test_groups_change_only_with_a_login_and_then_for_every_key(estate: Estate, browser: Browser) -> None:
    """Neither leaving the group nor losing the account ends a key; a login refreshes keys that were there before."""
    old = estate.zot.mint("zot-ci", "old", groups=())
    probe = f"{estate.zot.url}/v2/probe/blobs/uploads/x"
    assert httpx.put(probe, auth=("zot-ci", old)).status_code == 403
    browser.log_in("zot-ci")
    browser.to_zot()
    assert httpx.put(probe, auth=("zot-ci", old)).status_code == 400
    estate.authentik.users["zot-ci"].groups.clear()
    estate.authentik.delete_user("zot-ci")
    assert httpx.put(probe, auth=("zot-ci", old)).status_code == 400


# Keys.


def test_a_key_is_shown_once_and_refuses_nothing_to_its_own(estate: Estate) -> None:
    """It mints its successor, lists both, deletes itself, and is dead at once."""
    first = estate.zot.mint("zot-ci", "first")
    made = keys(estate, first, "POST", json={"label": "second"}, headers={"user-agent": "a-test/1"})
    assert made.status_code == 201
    second = made.json()["apiKey"]
    assert re.fullmatch(r"zak_[0-9a-f]{32}", second)
    assert (made.json()["creatorUa"], made.json()["lastUsed"], made.json()["scopes"]) == ("a-test/1", ZERO, [])
    listed = keys(estate, second)
    assert {one["label"] for one in listed.json()["apiKeys"]} == {"first", "second"}
    assert second not in listed.text
    assert keys(estate, second, "DELETE", f"?id={made.json()['uuid']}").status_code == 200
    assert keys(estate, second).status_code == 401
    assert estate.zot.accepts("zot-ci", first)


def test_a_listing_counts_as_a_use_before_it_is_shown(estate: Estate) -> None:
    """So that a key never sees itself unused."""
    key = estate.zot.mint("zot-ci", "one")
    [held] = estate.zot.of("zot-ci")
    assert held.last_used == ZERO
    [shown] = keys(estate, key).json()["apiKeys"]
    assert shown["lastUsed"] != ZERO
    assert estate.zot.accepts("zot-ci", key)
    assert held.last_used == shown["lastUsed"]


def test_keys_come_in_random_order(estate: Estate) -> None:
    """Twelve keys listed six times are never all in one order (but once in 12! to the fifth)."""
    some = [estate.zot.mint("zot-ci", str(number)) for number in range(12)]
    orders = {tuple(one["label"] for one in keys(estate, some[0]).json()["apiKeys"]) for _ in range(6)}
    assert len(orders) > 1


def test_times_are_go_times(estate: Estate) -> None:
    """To the nanosecond, in UTC with Z."""
    key = estate.zot.mint("zot-ci", "one")
    created = keys(estate, key, "POST", json={"label": "two"}).json()["createdAt"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z", created)


def test_time_passes_by_the_estates_clock(estate: Estate) -> None:
    """The Date says so, a key expires by it, and stays listed."""
    short = estate.zot.mint("zot-ci", "short", expires=timedelta(days=90))
    lasting = estate.zot.mint("zot-ci", "lasting")
    before = parsedate_to_datetime(keys(estate, short).headers["date"])
    assert httpx.post(f"{estate.zot.url}/_estate/clock", json={"days": 91}).status_code == 200
    answer = keys(estate, lasting)
    assert timedelta(days=91) <= parsedate_to_datetime(answer.headers["date"]) - before < timedelta(days=92)
    assert {one["label"]: one["isExpired"] for one in answer.json()["apiKeys"]} == {"short": True, "lasting": False}
    assert keys(estate, short).status_code == 401
    assert not any(call.path.startswith("/_estate") for call in estate.log)


@pytest.mark.parametrize("expiry", ["2099-03-08T00:00:00Z", "2099-03-08T00:00:00.5+02:00"])
def test_an_expiry_is_echoed_as_it_was_sent(estate: Estate, expiry: str) -> None:
    """RFC 3339 with a zone or an offset, fraction or not."""
    made = keys(estate, estate.zot.mint("zot-ci", "one"), "POST", json={"label": "two", "expirationDate": expiry})
    assert (made.status_code, made.json()["expirationDate"], made.json()["isExpired"]) == (201, expiry, False)


@pytest.mark.parametrize("body", [{"label": ""}, {"expirationDate": ""}, {}], ids=["no label", "never", "nothing"])
def test_a_key_without_label_or_expiry_is_made(estate: Estate, body: dict[str, Any]) -> None:
    """Empty and double labels are all accepted, and no expiry means never."""
    key = estate.zot.mint("zot-ci", "")
    made = keys(estate, key, "POST", json=body)
    assert (made.status_code, made.json()["expirationDate"]) == (201, ZERO)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ('{"expirationDate":"2020-01-01T00:00:00Z"}', 400),
        ('{"expirationDate":"2099-01-01"}', 400),
        ('{"expirationDate":"2099-01-01T00:00:00"}', 400),
        ('{"expirationDate":"2099-01-01T00:00:00.5"}', 400),
        ('{"expirationDate":"soon"}', 400),
        ("{", 400),
        ("", 400),
        ('{"label":"' + "x" * 8200 + '"}', 413),
    ],
    ids=["past", "date only", "no zone", "no zone but a fraction", "words", "bad JSON", "empty", "too long"],
)
def test_bad_input_makes_no_key(estate: Estate, body: str, status: int) -> None:
    """An empty body tells nothing."""
    answer = keys(estate, estate.zot.mint("zot-ci", "one"), "POST", content=body)
    assert (answer.status_code, answer.content if status == 400 else b"") == (status, b"")
    assert len(estate.zot.keys) == 1


def test_a_deletion_says_200_whatever_it_did(estate: Estate) -> None:
    """For an unknown id and for another user's key, which lives on; only no id at all is 400."""
    key, other = estate.zot.mint("zot-ci", "one"), estate.zot.mint("somebody", "theirs")
    theirs = estate.zot.of("somebody")[0].uuid
    assert keys(estate, key, "DELETE", "?id=no-such").status_code == 200
    assert keys(estate, key, "DELETE", f"?id={theirs}").status_code == 200
    assert estate.zot.accepts("somebody", other)
    assert keys(estate, key, "DELETE").status_code == 400


def test_a_key_is_good_for_its_own_user_only(estate: Estate) -> None:
    """Another name with it is 401, even where anonymous may read."""
    key = estate.zot.mint("zot-ci", "one")
    base = f"{estate.zot.url}/v2/"
    assert httpx.get(base, auth=("zot-ci", key)).status_code == 200
    assert httpx.get(base, auth=("somebody", key)).status_code == 401
    assert httpx.get(base).status_code == 200


def test_with_api_keys_switched_off_there_are_none(estate: Estate) -> None:
    """404, and keys that were good are refused."""
    key = estate.zot.mint("zot-ci", "one")
    estate.zot.switch_api_keys_off()
    assert keys(estate, key).status_code == 404
    assert httpx.get(f"{estate.zot.url}/v2/", auth=("zot-ci", key)).status_code == 401


def test_a_refused_login_is_answered_late(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    """By zot's failDelay; what is accepted is not."""
    waited: list[float] = []

    async def wait(seconds: float) -> None:
        waited.append(seconds)

    class Patient:
        sleep = staticmethod(wait)

    monkeypatch.setattr(access, "asyncio", Patient)
    estate.zot.fail_delay = 5
    assert keys(estate, estate.zot.mint("zot-ci", "one")).status_code == 200
    assert waited == []
    assert keys(estate, "zak_" + "0" * 32).status_code == 401
    assert waited == [5]
