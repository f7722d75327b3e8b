"""
The dead man's switch: what it is told, and that it costs a run nothing but some seconds.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
import time
from urllib.parse import parse_qs

import pytest

from scripts.watch.ping import Ping
from tests.watch.listening import listening


def test_start_and_success_are_told_under_one_run() -> None:
    """In the form of healthchecks.io; a path and a query of the URL's own stay."""
    with listening() as heard:
        ping = Ping(f"{heard.url}/ping/abc?status=up")
        ping.start()
        ping.end(succeeded=True)

    assert heard.pings == ["/ping/abc/start", "/ping/abc"]
    queries = [path.partition("?")[2].split("&rid=") for _, path, _ in heard.requests]
    assert [query for query, _ in queries] == ["status=up", "status=up"]
    assert len({run for _, run in queries}) == 1


def test_a_failure_is_told_as_one() -> None:
    """A slash at the URL's end makes no other path of it."""
    with listening() as heard:
        ping = Ping(f"{heard.url}/ping/abc/")
        ping.end(succeeded=False)

    assert heard.pings == ["/ping/abc/fail"]


PUSHES = {
    "as it is copied": "/api/push/secret?status=up&msg=OK&ping=",
    "without a query": "/api/push/secret",
    "below a path": "/kuma/api/push/secret?status=up&msg=OK&ping=",
    "by another path": "/alive/secret?status=up&msg=OK&ping=",
}


@pytest.mark.parametrize("succeeded", [True, False], ids=["succeeded", "failed"])
@pytest.mark.parametrize("address", PUSHES.values(), ids=PUSHES)
def test_uptime_kuma_is_told_once_how_the_run_ended(address: str, succeeded: bool) -> None:
    """Up or down, why, and how many milliseconds it took; no path of another service's."""
    with listening() as heard:
        ping = Ping(f"{heard.url}{address}")
        ping.start()
        ping._begun -= 90  # it has taken a minute and a half
        ping.end(succeeded=succeeded)

    ((_, asked, _),) = heard.requests
    path, _, query = asked.partition("?")
    assert path == address.partition("?")[0]
    told = parse_qs(query)
    assert told["status"] == ["up" if succeeded else "down"]
    assert told["msg"] == ["OK" if succeeded else "the run failed: see its log"]
    assert 90_000 <= int(told["ping"][0]) < 150_000
    assert set(told) == {"status", "msg", "ping"}


@pytest.mark.parametrize("address", ["/gone", "/api/push/gone?status=up&msg=OK&ping="])
def test_a_check_that_is_gone_is_one_warning_for_the_whole_run(
    address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Start and end are refused alike."""
    with listening() as heard:
        heard.answer = 404
        ping = Ping(f"{heard.url}{address}")
        ping.start()
        ping.end(succeeded=False)

    assert capsys.readouterr().err == "stack: the ping was answered 404; check ZOT_CI_PING_URL\n"


def test_none_is_sent_where_none_is_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    """Off unless it is set."""
    ping = Ping(" ")
    ping.start()
    ping.end(succeeded=True)

    assert not ping
    assert capsys.readouterr() == ("", "")


def test_an_answer_that_never_comes_is_not_waited_for(capsys: pytest.CaptureFixture[str]) -> None:
    """A server that takes the connection and says nothing; one line, without the URL."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        ping = Ping(f"http://127.0.0.1:{port}/secret-path", patience_seconds=0.5)
        begun = time.monotonic()
        ping.end(succeeded=True)
        took = time.monotonic() - begun

    assert took < 30
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("stack: the ping ")
    assert "secret-path" not in line
    assert str(port) not in line


def test_a_ping_that_is_given_up_is_not_tried_again() -> None:
    """It would arrive after the one that was sent next, and be taken for another run."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        before = set(threading.enumerate())
        ping = Ping(f"http://127.0.0.1:{server.getsockname()[1]}/", patience_seconds=0)
        ping.end(succeeded=True)
        for thread in set(threading.enumerate()) - before:
            thread.join()
        server.settimeout(0)
        tried = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                server.accept()[0].close()
                tried += 1

    assert tried < 2


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:1/secret", "secret", "ftp://host/secret", "http://", "http://[secret", "http://a b/secret"],
    ids=["nobody there", "no URL", "another scheme", "no host", "broken", "white space"],
)
def test_what_cannot_be_pinged_is_one_line_without_the_url(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither the URL nor a part of it, since it is a secret."""
    Ping(url, patience_seconds=20).end(succeeded=True)

    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("stack: the ping ")
    assert "secret" not in line


def test_a_refusal_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """A check that was deleted at the service."""
    with listening() as heard:
        heard.answer = 404
        Ping(f"{heard.url}/gone").end(succeeded=True)

    assert capsys.readouterr().err == "stack: the ping was answered 404; check ZOT_CI_PING_URL\n"


def test_without_the_package_one_line_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A Python that is not the program's own."""
    monkeypatch.setitem(sys.modules, "httpx", None)

    Ping("http://127.0.0.1:1/").end(succeeded=True)

    assert capsys.readouterr().err == "stack: the ping needs the package httpx: `make venv` gets it\n"
