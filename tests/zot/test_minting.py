"""
Minting and testing a key, without a provider: what is tried in which order, and what is left when it fails.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from starlette.responses import Response

from tests.dynamic.wanted import LABEL, NO_KEY, calls
from tests.http.between import Between
from tests.http.told import URL, Answer, Told, said, zot_refuses
from tests.messages import assert_names
from tests.world import GROUP, World
from zot_ci.authentik.api import authentik_at
from zot_ci.authentik.errors import LoginBlockedError
from zot_ci.dynamic.errors import KeyUnfitError
from zot_ci.http.errors import NotFoundError, ReconcileError, ServerError, UnexpectedAnswerError
from zot_ci.rotation import Policy
from zot_ci.zot.api import Zot, zot_at
from zot_ci.zot.minting import Order, ProvenKey, make_key

ORDER = Order("zot-ci", LABEL, "zot-ci-access-probe", "oidc", Policy(90.0, 120.0))
LISTED = {
    "uuid": "new",
    "label": LABEL,
    "createdAt": "2026-11-24T04:09:53.5Z",
    "expirationDate": "2027-03-24T04:09:53Z",
    "isExpired": False,
    "lastUsed": "0001-01-01T00:00:00Z",
}
EMPTY, ALIVE = said(200, json={"apiKeys": []}), said(200, json={"apiKeys": [LISTED]})
MINTED = said(201, json=LISTED | {"apiKey": NO_KEY})


def probes(create: int = 400, delete: int = 403) -> list[Answer]:
    """The answers to the two probes of a key, which come side by side; by default it fits."""
    answers = {"PUT": create, "DELETE": delete}

    def answer(request: httpx.Request) -> httpx.Response:
        status = answers[request.method]
        if status in (401, 403):
            return zot_refuses(status)(request)
        return said(status, json={"errors": [{"code": "MANIFEST_UNKNOWN"}]} if status == 404 else None)(request)

    return [answer] * 2


def mint(world: World, *candidates: str) -> ProvenKey:
    """Make a key in the embedded registry."""
    return make_key(zot_at(world.zot_url), authentik_at(world.authentik_url), ORDER, candidates)


def live(world: World, label: str = "by hand") -> str:
    """A key that fits."""
    return world.estate.zot.mint("zot-ci", label, groups=[GROUP])


@pytest.mark.embedded
def test_the_first_live_candidate_mints_and_the_others_are_not_looked_up(signed_in: World) -> None:
    """Each look-up may cost requests."""
    key = live(signed_in)

    def candidates() -> Iterator[str]:
        yield NO_KEY
        yield key
        pytest.fail("one candidate too many was asked for")

    made = make_key(zot_at(signed_in.zot_url), None, ORDER, candidates())

    assert signed_in.accepts(made.key)
    assert made.listing.find(made.listed.uuid) == made.listed
    assert made.key not in repr(made)


@pytest.mark.embedded
def test_a_key_is_tested_by_itself_before_it_is_given_out(signed_in: World) -> None:
    """Listed as itself, then probed, the probes side by side."""
    mint(signed_in, live(signed_in))

    after = calls(signed_in, "zot")[calls(signed_in, "zot").index("POST /zot/auth/apikey") + 1 :]
    first, *probed = [call.split("/")[0] + call.split("/")[1] for call in after]
    assert (first, sorted(probed)) == ("GET zot", ["DELETE v2", "PUT v2"])


@pytest.mark.embedded
@pytest.mark.parametrize("outcome", ["made", "unfit", "refused"])
def test_a_login_s_session_ends_whatever_came_of_the_mint(outcome: str, signed_in: World) -> None:
    """It could mint more keys."""
    signed_in.make_account(GROUP)
    if outcome == "unfit":
        signed_in.estate.zot.access.policies[GROUP] = frozenset({"read"})
    if outcome == "refused":
        Between(signed_in.estate.zot).answer("POST /zot/auth/apikey", Response(status_code=400))

    if outcome == "made":
        mint(signed_in)
    else:
        with pytest.raises(ReconcileError):
            mint(signed_in)

    assert calls(signed_in).count("POST /zot/auth/logout") == 1
    assert signed_in.estate.zot.logins.sessions == {}


@pytest.mark.embedded
def test_a_log_out_that_fails_costs_no_key(signed_in: World, caplog: pytest.LogCaptureFixture) -> None:
    """The session ends by itself; the log says so."""
    signed_in.make_account(GROUP)
    Between(signed_in.estate.zot).answer("POST /zot/auth/logout", Response(status_code=500))

    made = mint(signed_in)

    assert signed_in.accepts(made.key)
    [record] = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert_names(record.getMessage(), "session of zot-ci", "zot POST /zot/auth/logout", "500")


@pytest.mark.embedded
@pytest.mark.parametrize("minter", ["a key", "a login"])
def test_api_keys_that_are_off_are_told_as_such(minter: str, signed_in: World) -> None:
    """By a key, with the setting of zot's configuration; without one it is the login that is off as well."""
    signed_in.make_account(GROUP)
    candidates = [live(signed_in)] if minter == "a key" else []
    signed_in.estate.zot.switch_api_keys_off()

    kind = UnexpectedAnswerError if candidates else NotFoundError
    with pytest.raises(kind, match=r"http\.auth\.apikey" if candidates else "OpenID is not configured"):
        mint(signed_in, *candidates)
    assert signed_in.estate.authentik.users["zot-ci"].devices == []


@pytest.mark.embedded
def test_without_an_authentik_there_are_only_the_steps_by_hand(signed_in: World) -> None:
    """Somebody else keeps the account."""
    with pytest.raises(LoginBlockedError) as caught:
        make_key(zot_at(signed_in.zot_url), None, ORDER, [NO_KEY])
    assert_names(caught.value, "no live key", "zot-ci", "no authentik", "web page", "1Password field")


def test_an_expiry_is_reckoned_from_the_registry_s_clock() -> None:
    """Not from this machine's."""
    told = Told(EMPTY, *probes(), MINTED, ALIVE, *probes())

    made = make_key(Zot(URL, told.transport), None, ORDER, [NO_KEY])

    assert b'"expirationDate":"2027-03-24T04:09:53Z"' in told.asked[3].content
    assert made.listed.created_at + timedelta(days=1) > made.listing.time


@pytest.mark.parametrize(
    ("test", "fault"),
    [
        ([zot_refuses(401)], "refuses the new key"),
        ([EMPTY], "refuses the new key"),
        ([ALIVE, *probes(create=401)], "refuses the new key"),
        ([ALIVE, *probes(create=403)], "it cannot create, which the settings expect"),
        ([ALIVE, *probes(delete=404)], "it can delete, which the settings do not expect"),
        ([said(404)], "no such route there, or something in front of it"),
        ([ALIVE, *probes(create=201)], "zot PUT"),
    ],
    ids=["refused", "not listed", "refused by the probe", "too little", "too much", "no list", "no probe"],
)
def test_a_key_that_cannot_be_proven_is_revoked_by_its_minter(test: list[Answer], fault: str) -> None:
    """Whatever the reason: nobody would know that it is there."""
    answers = [EMPTY, *probes(), MINTED, *test, said(200)]
    told = Told(*answers)

    with pytest.raises(ReconcileError) as caught:
        make_key(Zot(URL, told.transport), None, ORDER, [NO_KEY])

    assert_names(caught.value, fault)
    last = told.asked[-1]
    assert (last.method, dict(last.url.params)) == ("DELETE", {"id": "new"})
    assert NO_KEY not in str(caught.value)


@pytest.mark.parametrize("failing", ["PUT", "DELETE"])
def test_a_key_is_revoked_after_all_its_probes_are_answered(failing: str) -> None:
    """Else the registry answers the slower one of a key that is just being ended, and the log of both is a riddle."""
    minted, slow, revoked = threading.Event(), threading.Event(), threading.Event()
    under_way_then: list[bool] = []

    def answer(request: httpx.Request) -> httpx.Response:
        method, path = request.method, request.url.path
        if path == "/zot/auth/apikey":
            if method == "POST":
                minted.set()
            if method == "DELETE":
                under_way_then.append(slow.is_set())
                revoked.set()
            return {"GET": ALIVE if minted.is_set() else EMPTY, "POST": MINTED, "DELETE": said(200)}[method](request)
        if not minted.is_set():
            return probes()[0](request)
        if method == failing:
            slow.wait(60)
            return said(201)(request)
        slow.set()
        # A program that does not wait for this one revokes the key within this moment.
        revoked.wait(0.2)
        slow.clear()
        return probes()[0](request)

    with pytest.raises(UnexpectedAnswerError, match=f"zot {failing} /v2/"):
        make_key(Zot(URL, httpx.MockTransport(answer)), None, ORDER, [NO_KEY])

    assert under_way_then == [False]


def test_a_revocation_that_fails_does_not_hide_why_it_was_wanted(caplog: pytest.LogCaptureFixture) -> None:
    """The next run's sweep ends the key: it carries our label."""
    told = Told(EMPTY, *probes(), MINTED, ALIVE, *probes(create=403), zot_refuses(403))

    with pytest.raises(KeyUnfitError, match="it cannot create"):
        make_key(Zot(URL, told.transport), None, ORDER, [NO_KEY])
    [said_of_it] = [line for line in caplog.messages if "key new" in line]
    assert_names(said_of_it, "zot DELETE /zot/auth/apikey", "403")


def test_a_registry_that_is_down_is_an_error_and_no_dead_candidate() -> None:
    """Else every outage would end in a login."""

    def down(request: httpx.Request) -> httpx.Response:
        return httpx.Response(503)

    with pytest.raises(ServerError, match=" 503 "):
        make_key(Zot(URL, Told(down).transport), None, ORDER, [NO_KEY])


def test_a_key_that_fails_its_test_names_the_repository_that_was_probed() -> None:
    """A policy may cover other repositories only: then it is the setting that is wrong."""
    told = Told(EMPTY, *probes(), MINTED, ALIVE, *probes(create=403), said(200))

    with pytest.raises(KeyUnfitError) as caught:
        make_key(Zot(URL, told.transport), None, ORDER, [NO_KEY])

    assert_names(caught.value, "zot-ci-access-probe", "cannot create", "probeRepository", "the previous key stays")


def test_a_live_key_of_too_few_rights_is_said_to_be_one_where_nobody_can_log_in() -> None:
    """It lives: whoever looks for a dead one is sent the wrong way."""
    told = Told(EMPTY, *probes(create=403))

    with pytest.raises(LoginBlockedError) as caught:
        make_key(Zot(URL, told.transport), None, ORDER, [NO_KEY])

    assert_names(caught.value, "cannot create, cannot delete in zot-ci-access-probe", "no authentik", "web page")


def test_a_refused_mint_names_the_expiry_that_was_asked_for() -> None:
    """400 with nothing in it: past by the registry's clock."""
    told = Told(EMPTY, *probes(), said(400))

    with pytest.raises(UnexpectedAnswerError) as caught:
        make_key(Zot(URL, told.transport), None, ORDER, [NO_KEY])

    assert_names(caught.value, "POST /zot/auth/apikey", "400", "2027-03-24T04:09:53Z", "expireAfterDays", "clock")


@pytest.mark.embedded
def test_a_key_whose_rights_this_run_has_seen_is_not_probed_again(signed_in: World) -> None:
    """Each probe can cost zot's `failDelay`; the new key is tested all the same."""
    key = live(signed_in)
    zot = zot_at(signed_in.zot_url)
    zot.seen_access("zot-ci", key, ORDER.repository)
    zot.seen_access("zot-ci", key, ORDER.repository)

    mint(signed_in, key)

    assert len([call for call in calls(signed_in, "zot") if call.startswith("DELETE /v2/")]) == 2
