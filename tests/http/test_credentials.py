"""
Credentials come from the environment, for each request, and are shown to nobody.
"""

from __future__ import annotations

import httpx
import pytest

from tests.http.told import SECRET, URL, Told, said
from tests.messages import assert_names
from zot_ci.authentik.api import Authentik
from zot_ci.forgejo.api import Forgejo
from zot_ci.http.api import Api, Repeats
from zot_ci.http.credentials import EnvironmentToken, from_environment
from zot_ci.http.errors import CredentialMissingError, EnvironmentUnfitError
from zot_ci.http.shapes import shaped
from zot_ci.onepassword.connect import Connect
from zot_ci.settings.place import Place
from zot_ci.settings.server import ForgejoServer
from zot_ci.zot.api import KeyAuth, MintedKey, SessionAuth

UNFIT = {
    "newline": f"{SECRET}\n{SECRET}",
    "carriage return": f"{SECRET}\r{SECRET}",
    "tab": f"{SECRET}\t{SECRET}",
    "space": f"Bearer {SECRET}",
    "not ascii": f"{SECRET}é",
    "control": f"{SECRET}\x7f",
    "zero width": f"{SECRET}\u200b",
}

KEY = Place.secret("KEY", repository="me/mine")


@pytest.mark.parametrize("value", [None, "", "  ", "\n"], ids=["unset", "empty", "blank", "newline"])
def test_a_missing_credential_is_told_by_the_variable_s_name(
    value: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And by what is to be put there."""
    if value is not None:
        monkeypatch.setenv("SOME_TOKEN", value)
    with pytest.raises(CredentialMissingError) as caught:
        from_environment("SOME_TOKEN", "a token of ours")
    assert_names(caught.value, "SOME_TOKEN", "not set", "a token of ours")


@pytest.mark.parametrize("value", UNFIT.values(), ids=UNFIT.keys())
def test_a_credential_that_cannot_be_sent_is_refused_and_never_echoed(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The HTTP library's own message would show it; and nothing is sent, once or again."""
    monkeypatch.setenv("SOME_TOKEN", value)
    told = Told(said(200))
    client = Api("system", URL, repeats=Repeats(wait=0), transport=told.transport)

    with pytest.raises(CredentialMissingError) as caught:
        client.call("GET", "/things", whose="me", auth=EnvironmentToken("SOME_TOKEN", "a token of ours"))

    assert_names(caught.value, "SOME_TOKEN", "white space or special characters", "a token of ours")
    assert SECRET not in str(caught.value)
    assert caught.value.__context__ is None
    assert told.asked == []


def test_white_space_around_a_credential_is_nobody_s_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """`export TOKEN="$(cat file)"` and its like."""
    monkeypatch.setenv("SOME_TOKEN", f" {SECRET}\n")

    assert from_environment("SOME_TOKEN", "a token") == SECRET


def test_a_credential_is_read_for_each_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client outlives a token that was replaced."""
    told = Told(said(200))
    client = Api("system", URL, transport=told.transport)
    auth = EnvironmentToken("SOME_TOKEN", "a token", scheme="token")
    for value in ("first", "second"):
        monkeypatch.setenv("SOME_TOKEN", value)
        client.call("GET", "/things", whose="me", auth=auth)

    assert [request.headers["authorization"] for request in told.asked] == ["token first", "token second"]


@pytest.mark.parametrize(
    ("variable", "ask", "header"),
    [
        (
            "AUTHENTIK_TOKEN",
            lambda transport: Authentik(URL, transport=transport).find("me"),
            f"Bearer {SECRET}",
        ),
        (
            "FORGEJO_TOKEN",
            lambda transport: Forgejo(ForgejoServer(URL), transport=transport).secret(KEY),
            f"token {SECRET}",
        ),
        ("OP_CONNECT_TOKEN", lambda transport: Connect(transport).locate("vault", "item"), f"Bearer {SECRET}"),
    ],
    ids=["authentik", "forgejo", "connect"],
)
def test_each_system_gets_its_own_token(
    variable: str, ask: object, header: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the vendor's own scheme, and no other system's."""
    assert callable(ask)
    monkeypatch.setenv("OP_CONNECT_HOST", URL)
    for name in ("AUTHENTIK_TOKEN", "FORGEJO_TOKEN", "OP_CONNECT_TOKEN"):
        monkeypatch.setenv(name, SECRET if name == variable else "another-one")
    told = Told(said(401))

    with pytest.raises(Exception, match=" 401 "):
        ask(told.transport)
    assert told.asked[0].headers["authorization"] == header


@pytest.mark.parametrize(
    ("variable", "ask"),
    [
        ("AUTHENTIK_TOKEN", lambda transport: Authentik(URL, transport=transport).find("me")),
        ("FORGEJO_TOKEN", lambda transport: Forgejo(ForgejoServer(URL), transport=transport).publish(KEY, SECRET)),
        ("OP_CONNECT_TOKEN", lambda transport: Connect(transport).locate("vault", "item")),
    ],
    ids=["authentik", "forgejo", "connect"],
)
def test_a_system_without_its_token_is_not_asked(variable: str, ask: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the variable of that system."""
    assert callable(ask)
    monkeypatch.setenv("OP_CONNECT_HOST", URL)
    told = Told(said(200))

    with pytest.raises(EnvironmentUnfitError, match=rf"^{variable} is not set"):
        ask(told.transport)
    assert told.asked == []


def test_no_repr_shows_a_secret() -> None:
    """Whatever ends in a log or in a traceback."""
    minted = shaped(
        {
            "uuid": "u",
            "label": "l",
            "createdAt": "2026-11-24T04:09:53Z",
            "expirationDate": "0001-01-01T00:00:00Z",
            "isExpired": False,
            "lastUsed": "0001-01-01T00:00:00Z",
            "apiKey": SECRET,
        },
        MintedKey,
    )
    shown = repr([minted, str(minted), KeyAuth("me", SECRET), SessionAuth({"session": SECRET})])

    assert SECRET not in shown
    assert minted.key.reveal() == SECRET


def test_a_key_is_sent_as_basic_auth_whatever_letters_a_user_has() -> None:
    """In UTF-8, as zot reads it."""
    told = Told(said(200))
    Api("system", URL, transport=told.transport).call("GET", "/", whose="me", auth=KeyAuth("zoé", SECRET))

    expected = httpx.BasicAuth("zoé".encode(), SECRET.encode())
    [request] = list(expected.auth_flow(httpx.Request("GET", URL)))
    assert told.asked[0].headers["authorization"] == request.headers["authorization"]
