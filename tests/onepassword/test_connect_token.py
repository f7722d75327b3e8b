"""
What a Connect token says of itself, and what is said of one that was refused.
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.http.told import Told, said
from zot_ci.http.errors import SignInRefusedError
from zot_ci.onepassword.access import connect_expiry
from zot_ci.onepassword.connect import Connect
from zot_ci.onepassword.connect_token import refused

NOW = datetime(2027, 1, 10, 12, 0, tzinfo=UTC)
HOST = "https://connect.example.test"


def jwt(claims: Any) -> str:
    """A JWT with these claims, signed by nobody."""
    parts = ({"alg": "ES256", "typ": "JWT"}, claims)
    texts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*texts, "c2lnbmF0dXJl"])


@pytest.fixture(autouse=True)
def _by_connect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OP_CONNECT_HOST", HOST)


@pytest.mark.parametrize("days", [3, 29, 400])
def test_a_token_with_an_end_says_when(days: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """To the second; warned of within 30 days."""
    at = NOW + timedelta(days=days)
    monkeypatch.setenv("OP_CONNECT_TOKEN", jwt({"iat": 1, "exp": int(at.timestamp()), "sub": "x"}))

    found = connect_expiry()

    assert found is not None
    assert (found.at, found.address, found.others) == (at, HOST, 0)
    assert bool(found.warning(NOW)) == (days <= 30)
    if days == 29:
        assert found.warning(NOW) == (
            "OP_CONNECT_TOKEN expires on 2027-02-08 12:00 UTC, in 29 days; make a new token for the Connect server, "
            "and put it into OP_CONNECT_TOKEN"
        )


@pytest.mark.parametrize(
    "token",
    [
        "",
        "no-jwt",
        "a.b",
        "a.b.c",
        "a.%%%.c",
        jwt([]),
        jwt({}),
        jwt({"exp": "tomorrow"}),
        jwt({"exp": True}),
        jwt({"exp": None}),
        jwt({"exp": 1e300}),
    ],
)
def test_a_token_that_says_nothing_of_its_end_is_let_be(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A JWT that is none, and one without an end: the server decides."""
    monkeypatch.setenv("OP_CONNECT_TOKEN", token)

    assert connect_expiry() is None


def test_a_token_that_is_not_used_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the stack file names another way to 1Password."""
    monkeypatch.setenv("OP_CONNECT_TOKEN", jwt({"exp": 1}))

    assert connect_expiry("cli") is None


@pytest.mark.parametrize(
    ("token", "words"),
    [
        (jwt({"exp": int((NOW - timedelta(hours=1)).timestamp())}), "OP_CONNECT_TOKEN expired on 2027-01-10 11:00 UTC"),
        ("no-jwt", "check OP_CONNECT_TOKEN: it is no JWT, which every token of a Connect server is"),
        (jwt({"exp": int((NOW + timedelta(hours=1)).timestamp())}), "check OP_CONNECT_TOKEN"),
        (jwt({}), "check OP_CONNECT_TOKEN"),
    ],
    ids=["expired", "no JWT", "not expired", "without an end"],
)
def test_what_is_said_of_a_refused_token(token: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An expired one is told as expired, and one that is cut as such."""
    monkeypatch.setenv("OP_CONNECT_TOKEN", token)

    text = refused(NOW)

    assert text.startswith(words)
    assert ("expired" in text) == ("expired" in words)
    assert token not in text


def test_the_client_says_it_in_the_error_of_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line: call, answer, and that it expired."""
    monkeypatch.setenv("OP_CONNECT_TOKEN", jwt({"exp": 1_700_000_000}))
    told = Told(said(401, json={"status": 401, "message": "Invalid token signature"}))

    with pytest.raises(SignInRefusedError) as caught:
        Connect(told.transport).locate("v", "i")
    assert "answered 401" in str(caught.value)
    assert "OP_CONNECT_TOKEN expired on 2023-11-14 22:13 UTC: make a new token" in str(caught.value)
