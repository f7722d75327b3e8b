"""
What may stand in front of every embedded system: down, slow, limited, a proxy's login, a worker that is recycled.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.estate import NAMES, Estate, front
from tests.estate.browser import PASSWORD, Browser

GROUP = "artifact-workloads"
FLOW = "/api/v3/flows/executor/"


@pytest.fixture
def estate() -> Iterator[Estate]:
    """An estate in which the account exists and has a password."""
    with Estate.start() as estate:
        estate.authentik.add_user("zot-ci", groups=(GROUP,), password=PASSWORD)
        yield estate


def ask(estate: Estate, system: str, path: str = "/", method: str = "GET", **rest: Any) -> httpx.Response:
    """Ask a system without credentials."""
    return httpx.request(method, estate.listening[system] + path, trust_env=False, **rest)


@pytest.mark.parametrize("system", NAMES)
def test_a_system_that_is_down_answers_503_to_everything_and_the_others_go_on(estate: Estate, system: str) -> None:
    """It is in the log like any answer, and when it is back it has lost nothing."""
    estate.systems[system].down = True
    answers = [ask(estate, system, path, method) for path in ("/", "/v2/", "/health") for method in ("GET", "POST")]
    assert {answer.status_code for answer in answers} == {503}
    assert [call.status for call in estate.log.of(system)] == [503] * 6
    [other, *_] = [name for name in NAMES if name != system]
    assert ask(estate, other).status_code != 503
    estate.systems[system].down = False
    assert ask(estate, system).status_code != 503


def test_a_zot_whose_authentik_is_down_refuses_the_callback(estate: Estate) -> None:
    """Keys are good all the same: zot asks nobody about them."""
    key = estate.zot.mint("zot-ci", "one")
    with Browser(estate) as browser:
        browser.log_in("zot-ci")
        location = browser.authorize().headers["location"]
        estate.authentik.down = True
        assert browser.ask("GET", location).status_code == 401
    assert httpx.get(f"{estate.zot.url}/v2/", auth=("zot-ci", key)).status_code == 200


def test_the_clock_can_be_moved_while_zot_is_down(estate: Estate) -> None:
    """A back door is not part of what is down."""
    estate.zot.down = True
    assert ask(estate, "zot", "/_estate/clock", "POST", json={"days": 1}).status_code == 200


def test_a_proxys_refusal_is_in_its_own_words(estate: Estate) -> None:
    """Another realm and HTML where zot's refusal is JSON; a good key helps nothing."""
    key = estate.zot.mint("zot-ci", "one")
    own = ask(estate, "zot", "/v2/", auth=("zot-ci", "zak_" + "0" * 32))
    estate.zot.forward_auth = True
    for path in ("/v2/", "/zot/auth/apikey", "/zot/auth/login?provider=oidc"):
        refused = ask(estate, "zot", path, auth=("zot-ci", key))
        assert refused.status_code == own.status_code == 401
        assert refused.headers["www-authenticate"] == 'Basic realm="proxy"'
        assert refused.headers["content-type"].startswith("text/html")
    assert own.headers["www-authenticate"] == 'Basic realm="Authorization Required"'
    assert own.json()["code"] == "UNAUTHORIZED"


def test_more_requests_than_the_limit_are_429_until_the_second_is_over(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With Retry-After, unless it is left out; one that was refused takes nobody's place."""
    now = 1000.0

    class Watch:
        @staticmethod
        def monotonic() -> float:
            return now

    monkeypatch.setattr(front, "time", Watch)
    estate.zot.requests_per_second = 2
    answers = [ask(estate, "zot", "/v2/") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 429, 429]
    assert answers[2].headers["retry-after"] == "1"
    now += 1
    estate.zot.retry_after = None
    again = [ask(estate, "zot", "/v2/") for _ in range(3)]
    assert [answer.status_code for answer in again] == [200, 200, 429]
    assert "retry-after" not in again[2].headers


def test_the_most_requests_in_flight_and_the_connections_are_counted(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each system has its own count, which can begin anew; a request that waits is in flight."""

    class Together:
        @staticmethod
        async def sleep(_: float) -> None:
            # Nobody is answered before three are here, however slow the machine.
            while estate.zot.traffic.most < 3:
                await asyncio.sleep(0)

    monkeypatch.setattr(front, "asyncio", Together)
    estate.zot.latency = 1
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: ask(estate, "zot", "/v2/"), range(3)))
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert (estate.most_in_flight("zot"), estate.connections("zot")) == (3, 3)
    assert (estate.most_in_flight("forgejo"), estate.connections("forgejo")) == (0, 0)
    estate.zot.latency = 0
    estate.forget_traffic()
    with httpx.Client(base_url=estate.zot.url) as http:
        assert [http.get("/v2/").status_code for _ in range(3)] == [200, 200, 200]
    assert (estate.most_in_flight("zot"), estate.connections("zot")) == (1, 1)


def test_a_recycled_worker_is_one_empty_500(estate: Estate) -> None:
    """The request whose turn it is, by path and method; the ones before and after are answered."""
    estate.zot.stumble("/v2/", nth=2)
    statuses = [ask(estate, "zot", path).status_code for path in ("/v2/", "/zot/auth/apikey", "/v2/", "/v2/")]
    assert statuses == [200, 500, 500, 200]  # the second is zot's own, to nobody in particular
    estate.zot.stumble(method="POST")
    assert ask(estate, "zot", "/v2/").status_code == 200
    struck = ask(estate, "zot", "/zot/auth/logout", "POST")
    assert (struck.status_code, struck.content) == (500, b"")


@pytest.mark.parametrize("handled", [False, True])
def test_what_a_dying_worker_was_asked_may_be_done_or_not(estate: Estate, handled: bool) -> None:
    """The client cannot tell: the answer is the same."""
    estate.forgejo.stumble("/api/v1/", handled=handled)
    headers = {"Authorization": f"token {estate.env['FORGEJO_TOKEN']}"}
    path = "/api/v1/repos/eblume/blumeops/actions/secrets/KEY"
    answer = ask(estate, "forgejo", path, "PUT", headers=headers, json={"data": "a secret value"})
    assert (answer.status_code, answer.content) == (500, b"")
    assert (estate.forgejo.value("eblume", "blumeops", "KEY") is not None) is handled


@pytest.mark.parametrize("handled", [False, True])
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_flow_that_a_worker_died_in_can_be_begun_anew(estate: Estate, nth: int, handled: bool) -> None:
    """With the same one-use password, at whichever of its POSTs the worker died."""
    estate.authentik.stumble(FLOW, nth, "POST", handled)
    bodies: list[dict[str, Any]] = [
        {"uid_field": "zot-ci"},
        {"password": PASSWORD},
        {"selected_stage": estate.authentik.enrolments["static"]},
        {},
    ]
    url = f"{estate.authentik.url}{FLOW}default-authentication-flow/?query="
    with Browser(estate) as browser:
        browser.flow()
        for body in bodies[: nth - 1]:
            browser.flow(body)
        assert browser.ask("POST", url, json=bodies[nth - 1]).status_code == 500
    with Browser(estate) as anew:
        anew.flow()
        for body in bodies:
            challenge = anew.flow(body)
        assert challenge["component"] == "xak-flow-redirect"
        assert anew.to_zot().status_code == 302


@pytest.mark.parametrize("answer", front.ANSWERS)
@pytest.mark.parametrize("system", NAMES)
def test_something_in_front_answers_everything_until_it_is_taken_away(estate: Estate, system: str, answer: str) -> None:
    """The system gets nothing of it, whatever is asked, and the others go on."""
    own = {method: ask(estate, system, "/", method).status_code for method in ("GET", "PUT", "DELETE")}
    wanted = front.ANSWERS[answer]()
    estate.systems[system].answer_instead(answer)
    for method in own:
        given = ask(estate, system, "/", method)
        assert given.status_code == wanted.status_code
        assert "x-authentik-id" not in given.headers
        assert given.headers.get("server") == wanted.headers.get("server")
    [other, *_] = [name for name in NAMES if name != system]
    assert ask(estate, other).status_code == 404
    estate.systems[system].instead.clear()
    assert {method: ask(estate, system, "/", method).status_code for method in own} == own


def test_something_in_front_of_one_path_or_method_leaves_the_others(estate: Estate) -> None:
    """As a proxy with rules."""
    estate.zot.answer_instead("403", "delete", "put", below="/v2/")
    statuses = [ask(estate, "zot", path, how).status_code for path in ("/v2/", "/zot/") for how in ("GET", "DELETE")]
    assert statuses == [200, 403, 401, 401]


def test_a_snapshot_keeps_what_is_in_front(estate: Estate) -> None:
    """And restoring an earlier one takes it away."""
    before = estate.snapshot()
    estate.forgejo.answer_instead("404")
    estate.restore(before)
    assert ask(estate, "forgejo", "/api/v1/version").status_code == 200


def test_a_proxy_can_strip_headers(estate: Estate) -> None:
    """authentik's own, which every answer has, is then in none."""
    assert "x-authentik-id" in ask(estate, "authentik").headers
    estate.authentik.strips = {"x-authentik-id"}
    stripped = ask(estate, "authentik", "/api/v3/core/users/")
    assert "x-authentik-id" not in stripped.headers
    assert stripped.json() == {"detail": "Authentication credentials were not provided."}


@pytest.mark.parametrize(
    ("system", "path", "answer"),
    [
        ("authentik", "/api/v3/core/no-such/", (404, "text/html; charset=utf-8", None)),
        ("zot", "/no-such", (404, "text/plain; charset=utf-8", b"404 page not found\n")),
        ("zot", "/zot/auth/apikeyx", (401, "application/json", None)),
        ("forgejo", "/api/v1/no-such", (404, "text/plain; charset=utf-8", b"404 page not found\n")),
    ],
)
def test_a_route_that_is_not_there_is_answered_as_each_system_does(
    estate: Estate, system: str, path: str, answer: tuple[int, str, bytes | None]
) -> None:
    """Measured on all three: Go's words are those of a proxy without a backend, too."""
    given = ask(estate, system, path)
    status, kind, content = answer
    assert (given.status_code, given.headers["content-type"]) == (status, kind)
    assert content is None or given.content == content


@pytest.mark.parametrize(
    ("system", "path", "method"), [("zot", "/v2/", "POST"), ("forgejo", "/api/v1/repos/a/b/actions/secrets", "PUT")]
)
def test_a_method_that_a_route_does_not_have_is_an_empty_405(
    estate: Estate, system: str, path: str, method: str
) -> None:
    """As of both servers (run)."""
    given = ask(estate, system, path, method)
    assert (given.status_code, given.content) == (405, b"")
