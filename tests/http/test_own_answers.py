"""
An answer that is not in a system's own words, whichever system it is: what is said of it, and what is not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.http.told import SECRET, URL, Answer, Told, html, said
from zot_ci.http.api import Api, Repeats
from zot_ci.http.browser import Browser
from zot_ci.http.errors import InterceptedError, NotFoundError, RateLimitedError, ReconcileError, ServerError
from zot_ci.http.own_answers import OwnAnswers, has_text, is_empty, is_json

OWN_ANSWERS = OwnAnswers(lambda response: has_text(response, "said"), "/things/", "an old one has no things")
OWN = {"said": "no"}


def ask(answer: Answer, method: str = "GET", make: Callable[..., Api] = Api, **options: Any) -> str:
    """Ask for things, and return the error that comes of it."""
    api = make("system", URL, own_answers=OWN_ANSWERS, transport=Told(answer).transport)
    api._repeats = Repeats(attempts=1)
    with pytest.raises(ReconcileError) as caught:
        api.call(method, "/things", whose="me", **options)
    kind = type(caught.value).__name__
    return f"{kind}: {caught.value} | {caught.value.brief}"


@pytest.mark.parametrize("status", [404, 405, 410])
def test_a_missing_route_and_a_proxy_are_said_together(status: int) -> None:
    """Nobody can tell them apart, so both are named, with what to look at."""
    error = ask(said(status, text=SECRET))

    who = "no such route there, or something in front of it answered; an old one has no things"
    hint = "let whatever stands in front of system pass /things/ without a login of its own"
    assert error == (
        f"InterceptedError: system GET /things answered {status} for me; {who}; {hint}, and check that the URL names "
        f"this system | system at {URL} gave no answer of its own, but {status}: {who}; {hint}, and check that the URL "
        "names this system"
    )


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("make", [Api, Browser])
def test_whatever_is_asked_is_judged(make: Callable[..., Api], method: str) -> None:
    """A status that was hoped for is no more believed than another."""
    error = ask(html(200), method, make)

    assert error.startswith(f"InterceptedError: system {method} /things answered 200 for me; something in front of it")
    assert SECRET not in error


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        ({"Server": "cloudflare"}, " (Cloudflare)"),
        ({"Server": "nginx/1.27.2"}, " (nginx)"),
        ({"CF-Ray": "8c9f-AMS"}, " (Cloudflare)"),
        ({"Server": SECRET}, ""),
        ({"Server": f"{SECRET}/nginx"}, ""),
        ({}, ""),
    ],
)
def test_what_is_in_front_is_named_by_names_that_are_known(headers: dict[str, str], name: str) -> None:
    """The header itself is never shown."""
    error = ask(said(403, headers=headers))

    assert f"something in front of it answered{name}; " in error
    assert SECRET not in error


def test_a_server_s_own_fault_in_a_page_is_a_fault_of_whatever_is_in_front() -> None:
    """It passes as any 5xx does, and the line says who spoke."""
    assert "something in front of it answered" in ask(html(503))
    assert ask(html(503)).startswith(ServerError.__name__)
    assert "check that the URL names this system and its log" in ask(said(503))


def test_a_rate_limit_has_one_meaning_whoever_sends_it() -> None:
    """It is no answer either way."""
    assert ask(html(429)).startswith(RateLimitedError.__name__)


def test_a_redirect_that_nobody_asked_for_is_never_a_system_s_own() -> None:
    """Wherever it leads: an API that redirects is not the one that was named."""
    for there in ("/elsewhere", "https://login.example.test/?rd=x"):
        error = ask(said(302, headers={"Location": there}, json=OWN))
        assert error.startswith(InterceptedError.__name__)
        assert "not followed" in error
        assert "rd=x" not in error


def test_a_system_s_own_word_is_believed() -> None:
    """Then its status counts."""
    assert ask(said(404, json=OWN)).startswith(NotFoundError.__name__)


def test_the_caller_may_judge_an_answer_itself() -> None:
    """Where it can find out more than the answer shows."""
    api = Api("system", URL, own_answers=OWN_ANSWERS, transport=Told(said(404)).transport)

    assert api.call("GET", "/", whose="me", expect=(404,), judged_by_caller=frozenset({404})).status_code == 404


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100_000, b"true", b"null"])
def test_what_is_no_json_object_has_no_text(content: bytes) -> None:
    """However it is broken."""
    response = httpx.Response(200, content=content)

    assert not has_text(response, "said")
    assert not is_json(response)
    assert is_empty(response) == (not content)
