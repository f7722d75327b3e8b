"""
The HTTP client that every system has: what is repeated and what never is, and what each request carries.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.http.clock import SetClock
from tests.http.told import DATE, SECRET, URL, Answer, Told, broken, said
from tests.messages import assert_names
from zot_ci.http import api as client
from zot_ci.http.answers import origin, server_time
from zot_ci.http.api import USER_AGENT, Api, Repeats
from zot_ci.http.errors import (
    EnvironmentUnfitError,
    ReconcileError,
    ServerError,
    UnexpectedAnswerError,
    UnreachableError,
)
from zot_ci.version import VERSION


def api(told: Told, attempts: int = 4) -> Api:
    """A client whose repeats do not wait."""
    return Api("system", URL, repeats=Repeats(attempts=attempts, wait=0), transport=told.transport)


@pytest.mark.parametrize("status", [409, 429, 500, 502, 503, 504])
def test_a_passing_failure_is_met_by_asking_again(status: int) -> None:
    """GET is safe to repeat: the second answer counts."""
    told = Told(said(status), said(200))

    assert api(told).call("GET", "/things", whose="me").status_code == 200
    assert told.calls == ["GET /things"] * 2


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ConnectTimeout, httpx.ReadTimeout, httpx.ReadError])
def test_a_lost_connection_is_met_by_asking_again(error: type[httpx.TransportError]) -> None:
    """Also when no answer came at all."""
    told = Told(broken(error), said(200))

    assert api(told).call("GET", "/things", whose="me").status_code == 200


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 422, 501])
def test_a_lasting_failure_is_asked_once(status: int) -> None:
    """Asking again would change nothing, and might lock an account."""
    told = Told(said(status))

    with pytest.raises(ReconcileError):
        api(told).call("GET", "/things", whose="me")
    assert len(told.asked) == 1


@pytest.mark.parametrize("answer", [said(503), broken(httpx.ReadTimeout)], ids=["503", "no answer"])
def test_attempts_are_counted_with_the_first(answer: Answer) -> None:
    """Three attempts are three requests."""
    told = Told(answer)

    with pytest.raises(ReconcileError):
        api(told, attempts=3).call("GET", "/things", whose="me")
    assert len(told.asked) == 3


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("answer", [said(503), said(429), broken(httpx.ReadError)], ids=["503", "429", "no answer"])
def test_a_change_is_sent_once_unless_it_is_said_to_be_safe(method: str, answer: Answer) -> None:
    """A mint that was repeated would make a second key."""
    told = Told(answer)

    with pytest.raises(ReconcileError):
        api(told).call(method, "/things", whose="me")
    assert len(told.asked) == 1


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_change_that_is_safe_to_repeat_is_repeated(method: str) -> None:
    """Where the caller says so."""
    told = Told(said(503), said(200))

    api(told).call(method, "/things", whose="me", repeat=True)
    assert len(told.asked) == 2


def test_a_get_that_must_not_be_repeated_is_sent_once() -> None:
    """A code in its query is good for one use."""
    told = Told(said(503))

    with pytest.raises(ServerError):
        api(told).call("GET", "/callback", whose="me", repeat=False)
    assert len(told.asked) == 1


@pytest.mark.parametrize(
    ("header", "wait"),
    [("3", 3.0), ("0", 0.0), ("20", 20.0), ("21", 20.0), ("86400", 20.0)],
)
def test_a_server_says_how_long_to_wait_within_limits(header: str, wait: float, slept: list[float]) -> None:
    """`Retry-After` is honoured, and never for more than twenty seconds."""
    told = Told(said(429, headers={"Retry-After": header}), said(200))

    Api("system", URL, transport=told.transport).call("GET", "/things", whose="me")

    assert slept == [wait]


@pytest.mark.parametrize("header", ["", "soon", "-1", "1.5", "Fri, 31 Dec 1999 23:59:59 GMT"])
def test_an_unreadable_retry_after_is_met_with_the_usual_wait(header: str, slept: list[float]) -> None:
    """Not by giving up, and not by a wait of years."""
    told = Told(said(503, headers={"Retry-After": header}), said(200))

    Api("system", URL, transport=told.transport).call("GET", "/things", whose="me")

    [wait] = slept
    assert 0.2 <= wait <= 0.4


def test_waits_grow_from_try_to_try(slept: list[float]) -> None:
    """A server that restarts gets some time."""
    told = Told(said(503))

    with pytest.raises(ServerError):
        Api("system", URL, transport=told.transport).call("GET", "/things", whose="me")
    first, second, third = slept
    assert first <= 0.4 <= second <= 0.6
    assert 0.8 <= third <= 1.0


def test_a_system_that_gives_no_answer_is_asked_once_for_each_further_thing() -> None:
    """Many accounts are asked about in one run; with an answer it counts as there again."""
    told = Told(*(broken(httpx.ConnectError) for _ in range(5)), said(200), said(503))
    client = api(told)

    for asked in (4, 5):
        with pytest.raises(UnreachableError):
            client.call("GET", "/things", whose="me")
        assert len(told.asked) == asked
    client.call("GET", "/things", whose="me")
    with pytest.raises(ServerError):
        client.call("GET", "/things", whose="me")
    assert len(told.asked) == 10


def test_a_client_with_a_token_keeps_no_cookies() -> None:
    """A session beside the token could be another account's."""
    told = Told(said(200, headers={"Set-Cookie": "session=abc; Path=/"}), said(200))
    client = api(told)

    client.call("GET", "/one", whose="me")
    client.call("GET", "/two", whose="me")

    assert "cookie" not in told.asked[1].headers


def test_every_request_names_this_program_and_its_version() -> None:
    """zot shows the user agent of a mint beside the key."""
    told = Told(said(200))
    api(told).call("GET", "/things", whose="me")

    assert told.asked[0].headers["user-agent"] == USER_AGENT == f"zot-ci/{VERSION} (pulumi credential rotation)"


def test_the_version_is_the_project_s() -> None:
    """Written once: what is installed takes it from the program."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))

    assert "version" not in project["project"]
    assert project["tool"]["setuptools"]["dynamic"]["version"]["attr"].endswith(".version.VERSION")
    assert VERSION.count(".") == 2


@pytest.mark.parametrize(
    ("text", "seconds"), [(None, 20.0), ("", 20.0), ("45", 45.0), ("0.5", 0.5)], ids=["unset", "empty", "45", "0.5"]
)
def test_every_call_has_time_outs(text: str | None, seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty seconds unless the environment says otherwise, five to connect."""
    if text is not None:
        monkeypatch.setenv("ZOT_CI_TIMEOUT_SECONDS", text)
    told = Told(said(200))
    api(told).call("GET", "/things", whose="me")

    limits = {"connect": 5, "read": seconds, "write": seconds, "pool": seconds}
    assert told.asked[0].extensions["timeout"] == limits


@pytest.mark.parametrize("text", ["soon", "-1", "1.2.3", "inf", "nan", ".", "0", "0.0", "3601", "1e9"])
def test_a_time_out_that_is_none_is_refused_without_being_shown(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is sent, and the value could be a secret in the wrong place. No answer comes in no time."""
    monkeypatch.setenv("ZOT_CI_TIMEOUT_SECONDS", text)
    with pytest.raises(EnvironmentUnfitError) as caught:
        api(Told(said(200)))
    assert_names(caught.value, "ZOT_CI_TIMEOUT_SECONDS", "seconds")
    assert f" {text} " not in str(caught.value)


def test_the_server_s_clock_is_read_from_its_answer() -> None:
    """In UTC, to the second."""
    response = api(Told(said(200))).call("GET", "/things", whose="me")

    assert server_time(response).isoformat() == "2026-11-24T04:09:53+00:00"


@pytest.mark.parametrize("date", [None, "yesterday", "Tue, 99 Nov 2026 04:09:53 GMT"])
def test_a_server_without_a_clock_is_an_error(date: str | None) -> None:
    """This machine's clock would decide when a key dies."""
    response = api(Told(said(200, date=date))).call("GET", "/things", whose="me")

    with pytest.raises(UnexpectedAnswerError) as caught:
        server_time(response)
    assert_names(caught.value, "system.example.test", "200", "Date header")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://a.test/x", "https://a.test:443/y", True),
        ("http://a.test", "http://a.test:80", True),
        ("https://a.test", "http://a.test", False),
        ("https://a.test", "https://a.test:8443", False),
        ("https://a.test", "https://b.a.test", False),
    ],
)
def test_a_place_is_scheme_host_and_port(one: str, other: str, same: bool) -> None:
    """What decides where cookies may go."""
    assert (origin(httpx.URL(one)) == origin(httpx.URL(other))) is same


def test_nothing_is_logged_on_a_quiet_path(caplog: pytest.LogCaptureFixture, slept: list[float]) -> None:
    """The retry library's own line would hold the exception."""
    told = Told(said(503, content=SECRET.encode()), said(200, content=DATE.encode()))
    with caplog.at_level(logging.DEBUG, logger="stamina"):
        Api("system", URL, transport=told.transport).call("GET", "/things", whose="me")

    assert [record for record in caplog.records if record.name.startswith("stamina")] == []


@pytest.mark.usefixtures("no_waits")
def test_a_system_that_timed_out_is_read_no_more_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred accounts would wait for a time-out each. A write is sent, and its answer ends the silence."""
    SetClock(monkeypatch, client)
    told = Told(*[broken(httpx.ReadTimeout)] * 4, said(200))
    api = Api("system", URL, transport=told.transport)

    for _ in range(3):
        with pytest.raises(UnreachableError, match="no answer"):
            api.call("GET", "/", whose="nobody")
    assert len(told.asked) == 4

    api.call("PUT", "/", whose="nobody")
    api.call("GET", "/", whose="nobody")
    assert len(told.asked) == 6


@pytest.mark.usefixtures("no_waits")
def test_a_system_that_timed_out_is_read_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run can take an hour."""
    clock = SetClock(monkeypatch, client)
    told = Told(*[broken(httpx.ReadTimeout)] * 4, said(200))
    api = Api("system", URL, transport=told.transport)
    with pytest.raises(UnreachableError):
        api.call("GET", "/", whose="nobody")

    clock.now += 31
    api.call("GET", "/", whose="nobody")


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"], ids=["head", "body"])
def test_an_answer_that_trickles_in_is_given_up(head: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each wait for the next byte is a short one; all of them together could hold a run for ever."""
    monkeypatch.setenv("ZOT_CI_TIMEOUT_SECONDS", "0.2")
    given_up = threading.Event()

    def trickle(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            connection.sendall(head)
            for _ in range(200):
                connection.sendall(b"x")
                given_up.wait(0.02)

    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as threads:
        threads.submit(trickle, listener)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with Api("zot", url) as zot, pytest.raises(UnreachableError, match="timed out waiting for the answer"):
            zot.call("POST", "/v2/", whose="zot-ci")
        given_up.set()
