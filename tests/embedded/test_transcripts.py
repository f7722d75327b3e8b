"""
The exchanges that were recorded on real servers, replayed against the embedded systems.

The recordings lie beside a developer's checkout, not in it. Compared are status, content type, where a redirect leads,
which cookies are set with which attributes, and the keys of every JSON object.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.estate import Estate
from tests.world import GROUP, real_servers

TRANSCRIPTS = Path(__file__).resolve().parents[3] / "shared" / "contracts" / "transcripts"
AUTHENTIK, ZOT = "https://authentik.example.test", "https://registry.example.test"
PASSWORDS = {"<RANDOM_PASSWORD>": "one-use-password-of-a-test", "<RANDOM_PASSWORD_2>": "another-password-of-a-test"}

pytestmark = [
    pytest.mark.skipif(not TRANSCRIPTS.is_dir(), reason="the recordings are not beside this checkout"),
    pytest.mark.skipif(bool(real_servers()), reason="the recordings are of real servers already"),
]


@dataclass
class Exchange:
    """One recorded request and its answer."""

    heading: str
    method: str
    url: str
    request: list[tuple[str, str]] = field(default_factory=list)
    status: int = 0
    response: list[tuple[str, str]] = field(default_factory=list)

    def sent(self, name: str) -> str:
        """Return a part of the request, empty if it was not sent."""
        return next((value for key, value in self.request if key == name), "")

    def got(self, name: str) -> list[str]:
        """Return the parts of that name in the answer."""
        return [value for key, value in self.response if key == name]


def exchanges(name: str) -> Iterator[Exchange]:
    """Read a transcript."""
    heading, current = "", None
    for line in (TRANSCRIPTS / name).read_text().splitlines():
        if line.startswith("## "):
            heading = line.removeprefix("## ")
        elif line.startswith(">   ") and current:
            key, _, value = line[4:].partition(": ")
            current.request.append((key, value))
        elif line.startswith("> "):
            if current:
                yield current
            method, _, url = line[2:].partition(" ")
            current = Exchange(heading, method, url)
        elif line.startswith("<   ") and current:
            key, _, value = line[4:].partition(":")
            current.response.append((key, value.strip()))
        elif line.startswith("< ") and current:
            current.status = int(line[2:])
    if current:
        yield current


class Replay:
    """A client that sends the recorded requests with the values that the embedded systems gave it."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self.cookies: dict[str, str] = {}
        self.auth: tuple[str, str] | None = None
        self.pk = str(estate.authentik.users["zot-ci"].pk)
        self.last = httpx.Response(200, json={})
        self.http = httpx.Client()

    def send(self, exchange: Exchange) -> httpx.Response:
        """Send one recorded request; cookies that were sent then are sent now, by name."""
        url = exchange.url.replace(AUTHENTIK, self.estate.authentik.url).replace(ZOT, self.estate.zot.url)
        url = url.replace("/users/5/", f"/users/{self.pk}/")
        if "<" in url or "uuid" in url:
            url = str(self.last.headers["location"])
        if "/authenticators/static/6/" in url:
            url = url.replace("/6/", f"/{self.last.json()['results'][0]['pk']}/")
        names = [part.partition("=")[0] for part in exchange.sent("cookie").split("; ") if part]
        headers = {"cookie": "; ".join(f"{name}={self.cookies[name]}" for name in names if name in self.cookies)}
        if exchange.sent("authorization").startswith("Bearer"):
            headers["authorization"] = f"Bearer {self.estate.env['AUTHENTIK_TOKEN']}"
        for name in ("x-zot-api-client", "content-type"):
            if exchange.sent(name):
                headers[name] = exchange.sent(name)
        if exchange.sent("x-authentik-csrf"):
            headers["x-authentik-csrf"] = self.cookies["authentik_csrf"]
        body = exchange.sent("body")
        for placeholder, password in PASSWORDS.items():
            body = body.replace(placeholder, password)
        if "selected_stage" in body:
            stages = self.last.json()["configuration_stages"]
            wanted = next(one["pk"] for one in stages if one["meta_model_name"].endswith("authenticatorstaticstage"))
            body = json.dumps(json.loads(body) | {"selected_stage": wanted})
        auth = self.auth if exchange.sent("authorization").startswith("Basic") else None
        self.http.cookies.clear()
        self.last = self.http.request(exchange.method, url, headers=headers, content=body or None, auth=auth)
        for cookie in self.last.headers.get_list("set-cookie"):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return self.last


def shape(value: Any) -> Any:
    """Reduce JSON to its keys; of a list, to those of its first member. The recording leaves a device's codes out."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in sorted(value.items()) if key != "token_set"}
    if isinstance(value, list):
        return [shape(value[0])] if value and isinstance(value[0], dict) else []
    return None


def attributes(cookie: str) -> tuple[str, frozenset[str]]:
    """Reduce a Set-Cookie header to its name and the names of its attributes, as browsers compare them."""
    first, *rest = cookie.split(";")
    return first.partition("=")[0], frozenset(part.strip().partition("=")[0].lower() for part in rest)


def redirect(location: str) -> tuple[str, frozenset[str]]:
    """Reduce a Location to its path and the names in its query."""
    url = httpx.URL(re.sub(r"<\w+>", "x", location))
    return url.path, frozenset(url.params.keys())


def assert_alike(exchange: Exchange, answer: httpx.Response) -> None:
    """Assert that an embedded system answered as the real one did."""
    what = f"{exchange.heading}: {exchange.method} {exchange.url}"
    assert answer.status_code == exchange.status, what
    recorded = [value.partition(";")[0] for value in exchange.got("content-type")]
    assert [value.partition(";")[0] for value in answer.headers.get_list("content-type")] == recorded, what
    assert [redirect(one) for one in answer.headers.get_list("location")] == [
        redirect(one) for one in exchange.got("location")
    ], what
    assert {attributes(one) for one in answer.headers.get_list("set-cookie")} == {
        attributes(one) for one in exchange.got("set-cookie")
    }, what
    assert answer.headers.get_list("www-authenticate") == exchange.got("www-authenticate"), what
    body = "".join(exchange.got("body"))
    if body.startswith("{"):
        assert shape(answer.json()) == shape(json.loads(body)), what
    elif not body:
        assert answer.content == b"", what


@pytest.fixture
def replay() -> Iterator[Replay]:
    """An estate with the account that was recorded, and a client of it."""
    with Estate.start() as estate:
        estate.authentik.add_user("zot-ci", groups=(GROUP,), name="Zot CI Service Account")
        replay = Replay(estate)
        with replay.http:
            yield replay


def test_the_embedded_systems_answer_a_login_as_the_real_ones_did(replay: Replay) -> None:
    """The whole headless login, from the one-use password to the log-out."""
    count = 0
    for exchange in exchanges("login.txt"):
        assert_alike(exchange, replay.send(exchange))
        count += 1
    assert count > 15


def test_the_embedded_zot_answers_keys_and_probes_as_the_real_one_did(replay: Replay) -> None:
    """List, mint, bad expiries, probes, revocations; which key asks is known by the heading."""
    estate = replay.estate
    first = ("zot-ci", estate.zot.mint("zot-ci", "first", groups=(GROUP,)))
    uuids = {"first": replay.http.get(f"{estate.zot.url}/zot/auth/apikey", auth=first).json()["apiKeys"][0]["uuid"]}
    second = first
    count = 0
    for exchange in exchanges("rotate.txt"):
        replay.auth = ("zot-ci", "zak_" + "0" * 32) if exchange.heading.startswith("wrong key") else second
        if exchange.heading.startswith("revoke the first key") and exchange.url.endswith("/v2/"):
            replay.auth = first
        which = "first" if exchange.heading.startswith("revoke the first key") else "second"
        exchange.url = re.sub(r"id=[0-9a-f-]+", f"id={uuids.get(which, '')}", exchange.url)
        answer = replay.send(exchange)
        assert_alike(exchange, answer)
        if exchange.heading.startswith("mint the successor"):
            second = ("zot-ci", answer.json()["apiKey"])
            uuids["second"] = answer.json()["uuid"]
        count += 1
    assert count > 19
