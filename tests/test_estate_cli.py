"""
The estate as a whole: its command line, its ports, its log, and how loudly it fails.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.estate import NAMES, Estate, EstateError, PortTakenError
from tests.estate.core import Clock
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[1]
PRODUCT = {"AUTHENTIK_TOKEN", "FORGEJO_TOKEN", "OP_CONNECT_HOST", "OP_CONNECT_TOKEN"}
PEOPLE = {"AUTHENTIK_URL", "AUTHENTIK_ADMIN_TOKEN", "ZOT_URL", "FORGEJO_URL"}


@contextmanager
def served(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """Run the command until it is ready; yield its process and the environment it printed."""
    command = [sys.executable, "-m", "tests.estate", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            environment = {}
            for line in process.stdout:
                if line == "ready\n":
                    break
                export, assignment = shlex.split(line)
                assert export == "export"
                name, _, value = assignment.partition("=")
                environment[name] = value
            yield process, environment
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_prints_the_environment_and_ends_cleanly(number: signal.Signals) -> None:
    """All four systems answer at the printed addresses; interrupted, it exits 0 and says nothing."""
    with served() as (process, environment):
        assert set(environment) == PRODUCT | PEOPLE
        assert httpx.get(f"{environment['ZOT_URL']}/v2/").status_code == 200
        assert httpx.get(f"{environment['OP_CONNECT_HOST']}/heartbeat").text == "."
        bearer = {"Authorization": f"Bearer {environment['AUTHENTIK_TOKEN']}"}
        url = f"{environment['AUTHENTIK_URL']}/api/v3/core/users/?username=zot-ci"
        assert httpx.get(url, headers=bearer).json()["results"] == []
        os.kill(process.pid, number)
        assert process.wait(60) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_one_system_is_served_on_the_port_asked_for() -> None:
    """Alone, and only what concerns it is printed; a zot alone has no provider."""
    port = free_port()
    with served("--only", "zot", "--port", f"zot={port}") as (_, environment):
        assert environment == {"ZOT_URL": f"http://127.0.0.1:{port}"}
        assert httpx.get(f"{environment['ZOT_URL']}/zot/auth/login?provider=oidc").status_code == 404


def test_a_taken_port_is_one_line_of_error() -> None:
    """It names the system and the port, without a traceback."""
    with Estate.start(only=("zot",)) as estate:
        port = httpx.URL(estate.zot.url).port
        command = [sys.executable, "-m", "tests.estate", "--port", f"zot={port}"]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    [line] = ended.stderr.splitlines()
    assert line.startswith(f"estate: zot: port {port} is taken")


def test_a_taken_port_leaves_no_other_port_taken() -> None:
    """An estate that cannot start lets go of what it had."""
    with Estate.start(only=("zot",)) as estate:
        taken, other = httpx.URL(estate.zot.url).port, free_port()
        assert taken is not None
        with pytest.raises(PortTakenError, match=r"zot: port \d+ is taken"):
            Estate.start(ports={"authentik": other, "zot": taken})
        with Estate.start(ports={"authentik": other}, only=("authentik",)) as second:
            assert second.authentik.url.endswith(f":{other}")


def test_two_estates_have_nothing_in_common() -> None:
    """Neither ports nor state nor clock nor secrets."""
    with Estate.start() as one, Estate.start() as two:
        assert not set(one.listening.values()) & set(two.listening.values())
        assert not set(one.secrets) & set(two.secrets)
        one.clock.advance(days=91)
        one.zot.mint("zot-ci", "one")
        assert two.zot.keys == {}
        assert (one.clock.now() - two.clock.now()).days in (90, 91)


def test_the_log_tells_the_order_over_all_systems() -> None:
    """Who asked what of whom; of a query only the names, and no secret anywhere."""
    with Estate.start() as estate:
        key = estate.zot.mint("zot-ci", "one")
        bearer = {"Authorization": f"Bearer {estate.env['AUTHENTIK_TOKEN']}"}
        httpx.get(f"{estate.authentik.url}/api/v3/core/users/", params={"username": "zot-ci"}, headers=bearer)
        httpx.get(f"{estate.zot.url}/zot/auth/apikey", auth=("zot-ci", key))
        httpx.get(f"{estate.forgejo.url}/api/v1/user/actions/secrets")
        told = [(call.system, call.method, call.path, call.status, call.actor, call.query_keys) for call in estate.log]
        assert told == [
            ("authentik", "GET", "/api/v3/core/users/", 200, "zot-ci-bot", ("username",)),
            ("zot", "GET", "/zot/auth/apikey", 200, "zot-ci", ()),
            ("forgejo", "GET", "/api/v1/user/actions/secrets", 404, "", ()),
        ]
        assert estate.secrets.found_in(repr(list(estate.log))) == []
        estate.log.clear()
        assert len(estate.log) == 0


def test_the_book_holds_what_was_issued_and_what_was_given() -> None:
    """Also a wrong key, and the header it came in: neither may leak."""
    with Estate.start() as estate:
        tokens = {value for name, value in estate.env.items() if name.endswith("_TOKEN")}
        assert tokens <= set(estate.secrets)
        wrong = "zak_" + "f" * 32
        answer = httpx.get(f"{estate.zot.url}/v2/", auth=("zot-ci", wrong))
        header = answer.request.headers["authorization"]
        assert wrong in estate.secrets.found_in(f"… {wrong} …")
        assert estate.secrets.found_in(header) == [header.partition(" ")[2]]
        assert estate.secrets.found_in("nothing to see") == []


def test_a_handler_that_raises_fails_the_test_that_asked() -> None:
    """The answer is a 500, and the estate does not end quietly."""
    estate = Estate.start(only=("forgejo",))
    estate.forgejo.users.clear()  # a token whose user is gone: nothing that the handler reckons with
    headers = {"Authorization": f"token {estate.env['FORGEJO_TOKEN']}"}
    url = f"{estate.forgejo.url}/api/v1/repos/eblume/blumeops/actions/secrets"
    assert httpx.get(url, headers=headers).status_code == 500
    with pytest.raises(EstateError, match="KeyError"), estate:
        pass


@pytest.mark.parametrize("system", NAMES)
def test_every_system_tells_the_time_once_and_not_its_make(system: str) -> None:
    """One Date, by the estate's clock, and no Server header that would name the embedding."""
    with Estate.start(only=(system,)) as estate:
        answer = httpx.get(estate.listening[system])
        assert len(answer.headers.get_list("date")) == 1
        assert "server" not in answer.headers


def test_the_clock_of_an_estate_is_one() -> None:
    """What advances zot's clock advances authentik's: a login after it is not from the past."""
    with Estate.start() as estate:
        clock: Clock = estate.zot.clock
        assert clock is estate.authentik.clock is estate.clock
