"""
What the HTTP client's errors say: system, call, answer, whose account, what to change; in one line, and no secret.
"""

from __future__ import annotations

import ssl
from typing import Any

import httpx
import msgspec
import pytest

from tests.http.told import SECRET, URL, Answer, Told, broken, html, said
from tests.messages import assert_names
from zot_ci.http.api import Advice, Api, Repeats
from zot_ci.http.credentials import EnvironmentToken
from zot_ci.http.errors import (
    NotFoundError,
    PermissionMissingError,
    ReconcileError,
    ServerError,
    SignInRefusedError,
    UnexpectedAnswerError,
    UnreachableError,
)


class Thing(msgspec.Struct):
    """What the tests parse."""

    name: str


class Things(msgspec.Struct):
    """A list inside an object, for the path in a message."""

    results: list[Thing]


def api(told: Told, attempts: int = 4) -> Api:
    """A client whose repeats do not wait."""
    return Api("system", URL, repeats=Repeats(attempts=attempts, wait=0), transport=told.transport)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_and_takes_no_credential_along(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """An API that redirects is not the API that was named."""
    monkeypatch.setenv("SOME_TOKEN", SECRET)
    told = Told(said(status, headers={"Location": f"https://elsewhere.example.test/login?code={SECRET}"}))

    with pytest.raises(UnexpectedAnswerError) as caught:
        api(told).call("GET", "/things", whose="me", auth=EnvironmentToken("SOME_TOKEN", "a token"))

    assert_names(caught.value, "system GET /things", str(status), "https://elsewhere.example.test,", "for me", "URL")
    assert "login" not in str(caught.value)
    assert [request.url.host for request in told.asked] == ["system.example.test"]


@pytest.mark.parametrize(
    ("location", "place"),
    [
        ("https://user:pw@elsewhere.example.test:8443/x", "https://elsewhere.example.test:8443,"),
        ("/relative", "itself"),
        ("https://elsewhere.example.test:port/", "unreadable"),
    ],
)
def test_a_message_names_where_a_redirect_leads_and_nothing_else(location: str, place: str) -> None:
    """Neither user name nor path nor query."""
    told = Told(said(302, headers={"Location": location}))

    with pytest.raises(UnexpectedAnswerError) as caught:
        api(told).call("GET", "/things", whose="me")
    assert_names(caught.value, "redirect", place)
    assert [word for word in ("user", "pw", "/x", "/relative") if word in str(caught.value)] == []


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, SignInRefusedError),
        (403, PermissionMissingError),
        (404, NotFoundError),
        (400, UnexpectedAnswerError),
        (500, ServerError),
        (201, UnexpectedAnswerError),
    ],
)
def test_a_status_decides_the_class_of_error(status: int, kind: type[ReconcileError]) -> None:
    """One class for each thing that a person can put right."""
    with pytest.raises(ReconcileError) as caught:
        api(Told(said(status))).call("GET", "/things", whose="me")
    assert type(caught.value) is kind


def test_advice_completes_the_sentence_and_may_name_the_class() -> None:
    """System, call, answer, whose account, what to change."""
    advice = Advice({418: "buy a kettle"}, {418: NotFoundError})

    with pytest.raises(NotFoundError) as caught:
        api(Told(said(418))).call("POST", "/tea", whose="me", advice=advice)
    assert_names(caught.value, "system POST /tea", "418", "me", "buy a kettle")


@pytest.mark.parametrize(
    "answer",
    [
        html(500),
        html(403, date=None),
        said(401, headers={"WWW-Authenticate": SECRET}, json={"token": SECRET}),
        said(404, content=f"line\nline {SECRET}\n".encode()),
        broken(httpx.ReadError, f"two\nlines and {SECRET}"),
        broken(httpx.LocalProtocolError, f"Illegal header value b'{SECRET}'"),
        broken(httpx.DecodingError, SECRET),
    ],
    ids=["html", "403", "header", "lines", "read error", "protocol error", "decoding error"],
)
def test_a_message_is_one_line_without_body_header_query_or_credential(
    answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a system echoes may be a secret, and whatever we send is one."""
    monkeypatch.setenv("SOME_TOKEN", SECRET)
    options: dict[str, Any] = {"params": {"code": SECRET}, "json": {"data": SECRET}, "headers": {"X-Mine": SECRET}}

    with pytest.raises(ReconcileError) as caught:
        api(Told(answer)).call("POST", "/things", whose="me", auth=EnvironmentToken("SOME_TOKEN", "a token"), **options)

    assert_names(caught.value, "system POST /things ", "for me")
    assert SECRET not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (httpx.ConnectTimeout, "timed out while connecting"),
        (httpx.ReadTimeout, "timed out waiting"),
        (httpx.WriteTimeout, "timed out while sending"),
        (httpx.RemoteProtocolError, "broke off"),
        (httpx.ReadError, "broke off"),
        (httpx.ConnectError, "connection failed"),
        (httpx.UnsupportedProtocol, "no http:// or https://"),
        (httpx.ProxyError, "the proxy gave no connection"),
    ],
)
def test_no_answer_is_told_in_plain_words(error: type[httpx.TransportError], words: str) -> None:
    """And names the URL, since that is the first thing to check."""
    with pytest.raises(UnreachableError) as caught:
        api(Told(broken(error)), attempts=1).call("GET", "/things", whose="me")
    assert_names(caught.value, "system GET /things", URL, "for me", words)


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (OSError(111, "Connection refused"), "connection refused"),
        (OSError(-2, "Name or service not known"), "name or service not known"),
    ],
)
def test_the_system_s_own_reason_is_given_where_there_is_one(cause: OSError, words: str) -> None:
    """Refused and unknown are two different mistakes in a URL."""

    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError(SECRET, request=request) from cause

    with pytest.raises(UnreachableError) as caught:
        api(Told(answer)).call("GET", "/things", whose="me")
    assert_names(caught.value, "for me", words, "URL")
    assert SECRET not in str(caught.value)


def test_an_untrusted_certificate_is_told_as_such() -> None:
    """A homelab's own CA is the usual reason."""
    cause = ssl.SSLCertVerificationError(1, "certificate verify failed")
    cause.verify_message = "self-signed certificate"

    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("", request=request) from cause

    with pytest.raises(UnreachableError, match=r"certificate .*\(self-signed certificate\)"):
        api(Told(answer)).call("GET", "/things", whose="me")


def test_an_address_where_nobody_listens_is_told_in_one_line() -> None:
    """Over a real socket."""
    with (
        Api("system", "http://127.0.0.1:1", repeats=Repeats(attempts=2, wait=0)) as nobody,
        pytest.raises(UnreachableError, match=r"for me.*connection refused"),
    ):
        nobody.call("GET", "/things", whose="me")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html>" + SECRET.encode(), "a body that is not the expected JSON"),
        (b'{"results": [{"name": "' + SECRET.encode(), "a body that is not the expected JSON"),
        (b"", "a body that is not the expected JSON"),
        (f'["{SECRET}"]'.encode(), "a body that is not the expected JSON"),
        (f'{{"other": "{SECRET}"}}'.encode(), "without a valid results"),
        (f'{{"results": [{{"title": "{SECRET}"}}]}}'.encode(), "without a valid results.0.name"),
        (f'{{"results": [{{"name": ["{SECRET}"]}}]}}'.encode(), "without a valid results.0.name"),
    ],
    ids=["html", "truncated", "empty", "a list", "a field missing", "one inside missing", "one of another type"],
)
def test_an_answer_of_another_shape_names_the_place_and_no_value(body: bytes, words: str) -> None:
    """200 and HTML is what a proxy's login page looks like."""
    client = api(Told(said(200, content=body)))
    response = client.call("GET", "/things", whose="me")

    with pytest.raises(UnexpectedAnswerError) as caught:
        client.parse(response, "/things", "me", Things)
    assert_names(caught.value, "system GET /things", "200", "for me", words, URL)
    assert SECRET not in str(caught.value)


def test_a_client_s_repr_names_system_and_url_only() -> None:
    """It may end in a log."""
    assert repr(api(Told(said(200)))) == f"<Api system {URL}>"
