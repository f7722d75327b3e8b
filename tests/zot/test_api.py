"""
zot's API keys, over HTTP against the embedded registry; and what no registry of ours would answer.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone

import httpx
import pytest

from tests.http.told import SECRET, URL, Answer, Told, broken, html, said, zot_refuses
from tests.messages import assert_names
from tests.world import World
from zot_ci.http.errors import (
    InterceptedError,
    PermissionMissingError,
    ReconcileError,
    ServerError,
    SignInRefusedError,
    UnexpectedAnswerError,
    UnreachableError,
)
from zot_ci.zot.api import KeyAuth, SessionAuth, Zot, zot_at

USER = "zot-ci"
EXPIRES = datetime(2099, 1, 1, tzinfo=UTC)
LISTED = {
    "uuid": "one",
    "label": "by hand",
    "createdAt": "2026-11-24T04:09:55.605819892Z",
    "expirationDate": "2027-03-08T00:00:00Z",
    "isExpired": False,
    "lastUsed": "0001-01-01T00:00:00Z",
}


def auth(key: str = SECRET) -> KeyAuth:
    """The account's key."""
    return KeyAuth(USER, key)


@pytest.mark.embedded
def test_a_live_key_lists_its_user_s_keys_oldest_first(world: World) -> None:
    """zot gives them in random order."""
    keys = [world.estate.zot.mint(USER, str(age), age=timedelta(days=age)) for age in (1, 3, 2)]

    listing = zot_at(world.zot_url).listing(auth(keys[0]), USER)

    assert listing.accepted
    assert [key.label for key in listing.keys] == ["3", "2", "1"]
    assert listing.time.tzinfo == UTC
    assert listing.find(listing.keys[1].uuid) == listing.keys[1]
    assert listing.find("another") is None


@pytest.mark.embedded
@pytest.mark.parametrize("why", ["unknown", "expired", "revoked", "another's"])
def test_a_dead_key_is_an_answer_and_no_error(why: str, world: World) -> None:
    """401 to the key itself is the one answer that says that it is dead; the clock comes with it."""
    zot = world.estate.zot
    key = zot.mint("somebody" if why == "another's" else USER, "x", expires=timedelta(days=1))
    if why == "expired":
        zot.clock.advance(days=2)
    if why == "revoked":
        zot.keyring.by_uuid.clear()

    listing = zot_at(world.zot_url).listing(auth("zak_" + 32 * "0" if why == "unknown" else key), USER)

    assert not listing.accepted
    assert listing.keys == ()
    assert abs(listing.time - zot.clock.now()) < timedelta(minutes=1)


def test_go_s_zero_time_is_never() -> None:
    """A key without an expiry, and one that was not used yet."""
    listed = LISTED | {"expirationDate": "0001-01-01T00:00:00Z"}
    told = Told(said(200, json={"apiKeys": [listed]}))

    [key] = Zot(URL, told.transport).listing(auth(), USER).keys

    assert key.expires_at is None
    assert key.last_used is None
    assert key.created_at.isoformat() == "2026-11-24T04:09:55.605819+00:00"


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (html(200), InterceptedError, "in front of zot"),
        (html(401), InterceptedError, "in front of zot"),
        (said(200, content=b'{"apiKeys": [{"uuid'), UnexpectedAnswerError, "JSON"),
        (said(200, json={"keys": []}), UnexpectedAnswerError, "apiKeys"),
        (said(200, json={"apiKeys": [{**LISTED, "createdAt": "soon"}]}), UnexpectedAnswerError, "apiKeys.0.createdAt"),
        (said(200, date=None, json={"apiKeys": []}), UnexpectedAnswerError, "Date header"),
        (said(401), InterceptedError, "in front of zot"),
        (said(401, json={"error": "unauthorized"}), InterceptedError, "in front of zot"),
        (said(401, json=["UNAUTHORIZED"]), InterceptedError, "in front of zot"),
        (said(401, date=None, json={"code": "UNAUTHORIZED"}), UnexpectedAnswerError, "Date header"),
        (said(404), InterceptedError, "no such route there, or something in front of it answered"),
        (said(500), ServerError, "anonymous"),
        (said(403), InterceptedError, "in front of zot"),
        (zot_refuses(403), PermissionMissingError, "403"),
        (
            said(302, headers={"Location": "https://login.example.test/?rd=x"}),
            InterceptedError,
            "redirect to https://login.example.test, not followed",
        ),
        (said(307, headers={"Location": "https://system.example.test/"}), UnexpectedAnswerError, "names this system"),
        (broken(httpx.ConnectTimeout), UnreachableError, "timed out"),
    ],
    ids=[
        "html",
        "401 html",
        "truncated",
        "no list",
        "no time",
        "no Date",
        "401 nothing",
        "401 another's",
        "401 a list",
        "401 no Date",
        "404",
        "500",
        "403 nothing",
        "403",
        "302",
        "307 here",
        "nobody",
    ],
)
def test_an_answer_that_says_nothing_of_a_key_is_never_taken_for_a_dead_key(
    answer: Answer, kind: type[ReconcileError], words: str
) -> None:
    """Else a proxy that is down would end the key that CI uses."""
    with pytest.raises(kind) as caught:
        Zot(URL, Told(answer).transport).listing(auth(), USER)

    assert_names(caught.value, words)
    assert SECRET not in str(caught.value)


@pytest.mark.embedded
def test_a_key_mints_another_with_label_and_expiry(world: World) -> None:
    """The expiry is sent in UTC, whatever zone it was reckoned in."""
    first = world.estate.zot.mint(USER, "first")
    expires = datetime(2099, 1, 1, 1, 30, tzinfo=timezone(timedelta(hours=1)))

    minted = zot_at(world.zot_url).mint(auth(first), USER, "zot-ci/test/zot-ci", expires)

    held = world.estate.zot.keys[minted.uuid]
    assert held.secret == minted.key.reveal()
    assert (held.label, held.expiration) == ("zot-ci/test/zot-ci", "2099-01-01T00:30:00Z")
    assert held.creator_ua.startswith("zot-ci/")


@pytest.mark.parametrize(
    "answer",
    [said(503), said(409), broken(httpx.ReadTimeout), broken(httpx.ReadError)],
    ids=["503", "409", "time-out", "broken off"],
)
def test_a_mint_is_sent_once_whatever_comes_back(answer: Answer) -> None:
    """zot accepts the same label again: a repeat would make a second key. 429 alone says that nothing was done."""
    told = Told(answer)

    with pytest.raises(ReconcileError):
        Zot(URL, told.transport).mint(auth(), USER, "label", EXPIRES)
    assert told.calls == ["POST /zot/auth/apikey"]


def test_a_mint_whose_answer_lacks_the_key_shows_none_of_it() -> None:
    """The uuid may be there, and a key under another name."""
    told = Told(said(201, json=LISTED | {"key": SECRET}))

    with pytest.raises(UnexpectedAnswerError, match=r"POST /zot/auth/apikey .* apiKey\b") as caught:
        Zot(URL, told.transport).mint(auth(), USER, "label", EXPIRES)
    assert SECRET not in str(caught.value)


@pytest.mark.embedded
def test_a_revoked_key_is_dead_and_revoking_it_again_is_no_error(world: World) -> None:
    """zot answers 200 to that as well."""
    keys = [world.estate.zot.mint(USER, "x") for _ in range(2)]
    second = world.estate.zot.key(keys[1])
    assert second is not None
    uuid = second.uuid
    zot = zot_at(world.zot_url)

    zot.revoke(auth(keys[0]), USER, uuid)
    zot.revoke(auth(keys[0]), USER, uuid)

    assert [world.accepts(key) for key in keys] == [True, False]


def test_a_revocation_may_be_repeated() -> None:
    """Gone is gone."""
    told = Told(said(502), said(200))

    Zot(URL, told.transport).revoke(auth(), USER, "some-uuid")

    assert [dict(request.url.params) for request in told.asked] == [{"id": "some-uuid"}] * 2


def test_what_was_seen_is_asked_once_until_a_key_is_made_or_ended() -> None:
    """Two resources read the same list in a refresh."""
    listed = said(200, json={"apiKeys": [LISTED]})
    minted = said(201, json=LISTED | {"apiKey": SECRET})
    told = Told(listed, minted, listed, said(200), listed)
    zot = Zot(URL, told.transport)

    for act in (None, lambda: zot.mint(auth(), USER, "x", EXPIRES), lambda: zot.revoke(auth(), USER, "one")):
        if act:
            act()
        assert zot.seen_listing(USER, SECRET) is zot.seen_listing(USER, SECRET)

    assert [call.split()[0] for call in told.calls] == ["GET", "POST", "GET", "DELETE", "GET"]


@pytest.mark.parametrize("change", ["mint", "revoke"])
def test_what_was_seen_is_asked_again_after_a_change_without_an_answer(change: str) -> None:
    """It may have been made all the same."""
    listed = said(200, json={"apiKeys": [LISTED]})
    told = Told(listed, *[broken(httpx.ReadError)] * (4 if change == "revoke" else 1), listed)
    zot = Zot(URL, told.transport)
    zot.seen_listing(USER, SECRET)

    with pytest.raises(UnreachableError):
        zot.mint(auth(), USER, "x", EXPIRES) if change == "mint" else zot.revoke(auth(), USER, "one")
    zot.seen_listing(USER, SECRET)

    assert told.calls[-1] == "GET /zot/auth/apikey"


def test_one_key_s_list_is_not_shown_to_another() -> None:
    """A dead key must not be taken for a live one, nor one user's for another's."""
    told = Told(said(200, json={"apiKeys": [LISTED]}), zot_refuses(401), zot_refuses(401))
    zot = Zot(URL, told.transport)

    assert zot.seen_listing(USER, "zak_a").accepted
    assert not zot.seen_listing(USER, "zak_b").accepted
    assert not zot.seen_listing("somebody", "zak_a").accepted


def test_two_threads_that_look_at_once_ask_once() -> None:
    """The engine refreshes resources side by side."""
    second_asked = threading.Event()

    def answer(request: httpx.Request) -> httpx.Response:
        if len(told.asked) > 1:
            second_asked.set()
        second_asked.wait(0.2)
        return said(200, json={"apiKeys": [LISTED]})(request)

    told = Told(answer)
    zot = Zot(URL, told.transport)
    threads = [threading.Thread(target=zot.seen_listing, args=(USER, SECRET)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(told.asked) == 1


def test_a_web_session_sends_its_cookies_with_the_header_that_makes_them_count() -> None:
    """Without it zot takes the request for an anonymous one, an empty 500."""
    told = Told(said(200, json={"apiKeys": []}), said(200))
    session = SessionAuth({"session": "abc", "user": USER})
    zot = Zot(URL, told.transport)
    zot.listing(session, USER)
    zot.log_out(session, USER)

    for request in told.asked:
        assert request.headers["cookie"] == f"session=abc; user={USER}"
        assert request.headers["x-zot-api-client"] == "zot-ui"
        assert "authorization" not in request.headers
    assert told.calls[1] == "POST /zot/auth/logout"


def test_a_log_out_that_fails_names_the_call() -> None:
    """Whoever called decides what that means."""
    with pytest.raises(SignInRefusedError, match=r"zot POST /zot/auth/logout .*401 .*zot-ci"):
        Zot(URL, Told(zot_refuses(401)).transport).log_out(SessionAuth({"session": "abc"}), USER)
