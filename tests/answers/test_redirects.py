"""
Redirects are not followed, and credentials go only where they belong: a server on another port sees nothing.

All four systems and the other server have one host, 127.0.0.1, where a cookie jar that goes by host alone would mix up
what belongs to whom.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response

from tests.answers.bent import Asked, answers, bend, is_ours, listen, system_of
from tests.answers.elsewhere import Elsewhere
from tests.answers.life import Life, lose_every_key, snapshot
from tests.answers.said import in_one_line
from tests.world import GROUP
from zot_ci.http.errors import ReconcileError, ServerError, UnexpectedAnswerError

pytestmark = pytest.mark.embedded

Ask = Callable[[Life], Any]


def _reconcile(life: Life) -> Any:
    life.world.change_account(is_active=False)
    return life.reconcile_account()


def _rejoin(life: Life) -> Any:
    life.world.leave(GROUP)
    return life.reconcile_account()


def _log_in(life: Life) -> Any:
    lose_every_key(life.world)
    return life.mint()


def _log_in_past_an_abandoned_device(life: Life) -> Any:
    life.world.estate.authentik.add_device(life.world.username, "static")
    return _log_in(life)


# What is asked, and by which call.
CALLS: dict[str, tuple[str, str, str, Ask]] = {
    "authentik_account": ("authentik", "GET", "/core/users/", Life.read_account),
    "authentik_change": ("authentik", "PATCH", "/core/users/", _reconcile),
    "authentik_group": ("authentik", "GET", "/core/groups/", _rejoin),
    "authentik_join": ("authentik", "POST", "/add_user/", _rejoin),
    "authentik_password": ("authentik", "POST", "/set_password/", _log_in),
    "authentik_brand": ("authentik", "GET", "/brands/current/", _log_in),
    "authentik_flow": ("authentik", "GET", "/flows/executor/", _log_in),
    "authentik_answer": ("authentik", "POST", "/flows/executor/", _log_in),
    "authentik_authorize": ("authentik", "GET", "/application/o/authorize/", _log_in),
    "authentik_devices": ("authentik", "GET", "/authenticators/static/", _log_in),
    "authentik_impersonate": ("authentik", "POST", "/impersonate/", _log_in_past_an_abandoned_device),
    "authentik_delete": ("authentik", "DELETE", "/core/users/", Life.delete_account),
    "zot_keys": ("zot", "GET", "/zot/auth/apikey", Life.read_key),
    "zot_mint": ("zot", "POST", "/zot/auth/apikey", Life.mint),
    "zot_revoke": ("zot", "DELETE", "/zot/auth/apikey", Life.delete_key),
    "zot_probe": ("zot", "PUT", "/blobs/uploads/", Life.read_key),
    "zot_login": ("zot", "GET", "/zot/auth/login", _log_in),
    "connect_vaults": ("onepassword", "GET", "/v1/vaults", Life.store),
    "connect_item": ("onepassword", "GET", "/items/", Life.read_field),
    "connect_write": ("onepassword", "PATCH", "/items/", Life.store_again),
    "forgejo_secrets": ("forgejo", "GET", "/actions/secrets", Life.read_secret),
    "forgejo_publish": ("forgejo", "PUT", "/actions/secrets", Life.publish),
    "forgejo_delete": ("forgejo", "DELETE", "/actions/secrets", Life.delete_secret),
}


# What is let go of with a warning, since it can be taken out of the stack file at any time.
LET_GO = ("authentik_delete", "forgejo_delete")


def _said(life: Life, call: str, ask: Ask, caplog: pytest.LogCaptureFixture) -> str:
    """
    Return the one line in which a refusal is told.
    """
    if call not in LET_GO:
        with pytest.raises(ReconcileError) as caught:
            ask(life)
        return in_one_line(life.world, caught.value)
    ask(life)
    [line] = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert " was left" in line
    assert life.world.estate.secrets.found_in(line) == []
    return line


# Every call by the status that would send it again as it is, body and all; the other two once for each system's client.
AWAY = [(name, 307) for name in CALLS] + [
    (name, status)
    for name in ("authentik_account", "authentik_answer", "zot_mint", "connect_write", "forgejo_publish")
    for status in (302, 308)
]


@pytest.mark.parametrize(("call", "status"), AWAY)
def test_a_redirect_to_another_host_is_an_error_and_that_host_sees_nothing(
    call: str, status: int, life: Life, caplog: pytest.LogCaptureFixture
) -> None:
    """Not the request, not its body, no header: the line says where it would have led, without the query."""
    system, method, path, ask = CALLS[call]
    with Elsewhere() as elsewhere:
        away = Response(status_code=status, headers={"location": f"{elsewhere.url}/x?code=a-code-of-the-server"})
        bend(system_of(life.world, system), answers(method, path, away))

        line = _said(life, call, ask, caplog)

        assert elsewhere.seen == []
    assert "a-code-of-the-server" not in line
    assert elsewhere.url in line or "leads away to another address" in line or "answered with a redirect" in line


@pytest.mark.parametrize("call", CALLS)
def test_a_redirect_to_itself_is_asked_once(call: str, life: Life, caplog: pytest.LogCaptureFixture) -> None:
    """No loop, since nothing is followed, though a flow's 302 to itself is authentik's way to say: go on."""
    system, method, path, ask = CALLS[call]
    calls: list[str] = []

    def rule(request: Request) -> Response | None:
        if not is_ours(request) or request.method != method or path not in request.url.path:
            return None
        calls.append(request.url.path)
        return Response(status_code=302, headers={"location": str(request.url)})

    bend(system_of(life.world, system), rule)

    _said(life, call, ask, caplog)

    # The questions of a flow are asked at most fifteen times, and the log-out is a flow of its own.
    assert len(calls) <= (15 if path == "/flows/executor/" else 2)


UNREADABLE = {
    "a_port_that_is_none": "http://zot.invalid:port/",
    "half_an_address": "http://[::1",
    "none": None,
    "empty": "",
    "a_script": "javascript:alert(1)",
    "another_user_s": "http://{authentik}@127.0.0.1:1/application/o/authorize/",
    "without_a_scheme": "//127.0.0.1:1/application/o/authorize/",
    "another_scheme": "https://{authentik}/application/o/authorize/",
    "a_host_that_begins_alike": "http://127.0.0.1.invalid/application/o/authorize/",
}


@pytest.mark.parametrize("location", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_a_login_that_zot_sends_somewhere_odd_ends_there(location: str | None, life: Life) -> None:
    """The session of authentik is shown to authentik alone, however the address is written."""
    own = life.world.authentik_url.removeprefix("http://")
    headers = {} if location is None else {"location": location.format(authentik=own)}
    bend(life.world.estate.zot, answers("GET", "/zot/auth/login", Response(status_code=302, headers=headers)))
    lose_every_key(life.world)
    before = snapshot(life.world)
    life.world.estate.log.clear()

    with pytest.raises(UnexpectedAnswerError) as caught:
        life.mint()

    assert "zot GET /zot/auth/login" in in_one_line(life.world, caught.value)
    assert not [call for call in life.world.estate.log if "/authorize/" in call.path]
    assert snapshot(life.world) == before


@pytest.mark.parametrize("location", ["http://zot.invalid:port/", "http://127.0.0.1:1/zot/auth/callback/oidc?code=x"])
def test_a_code_is_brought_to_the_registry_alone(location: str, life: Life) -> None:
    """authentik answers with an address that is not the registry's: the code in it goes nowhere."""
    away = Response(status_code=302, headers={"location": location})
    bend(life.world.estate.authentik, answers("GET", "/application/o/authorize/", away))
    lose_every_key(life.world)
    before = snapshot(life.world)

    with pytest.raises(UnexpectedAnswerError) as caught:
        life.mint()

    assert "authentik GET /application/o/authorize/" in in_one_line(life.world, caught.value)
    assert snapshot(life.world) == before


def test_the_registry_s_last_redirect_is_not_visited(life: Life) -> None:
    """Logged in is who has the session; the page that a browser would be shown then is nobody's business."""
    lose_every_key(life.world)
    life.world.estate.log.clear()

    life.mint()

    assert "/home" not in {call.path for call in life.world.estate.log.of("zot")}


SETTERS: dict[str, Ask] = {
    "account": lambda life: life.read_account(),
    "key": lambda life: life.read_key(),
    "item": lambda life: life.read_field(),
    "secrets": lambda life: life.read_secret(),
}


@pytest.mark.parametrize("ask", SETTERS.values(), ids=SETTERS.keys())
def test_a_cookie_of_an_api_is_not_kept(ask: Ask, life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session that an API hands out must not stand beside the token."""
    with Elsewhere(500, headers={"Set-Cookie": "session=somebody-s; Path=/"}) as elsewhere:
        life.account["authentik_url"] = life.key["zot_url"] = life.secret["forgejo_url"] = elsewhere.url
        monkeypatch.setenv("OP_CONNECT_HOST", elsewhere.url)

        with pytest.raises(ServerError):
            ask(life)

        assert len(elsewhere.seen) == 4
        assert [asked.cookies for asked in elsewhere.seen] == [set()] * 4


@pytest.fixture
def asked(life: Life) -> dict[str, list[Asked]]:
    """
    All that is asked in a life with a login past an abandoned device, a rotation, a sweep and an end.
    """
    world = life.world
    listened = {name: listen(system_of(world, name)) for name in ("authentik", "zot", "onepassword", "forgejo")}
    world.leave(GROUP)
    world.change_account(is_active=False)
    life.reconcile_account()
    life.read_account()
    key = _log_in_past_an_abandoned_device(life)
    world.mint_by(key["api_key"], key["label"])
    life.key = key
    life.sweep |= {"api_key": key["api_key"], "key_uuid": key["uuid"], "held": {}}
    for step in (Life.read_key, Life.store, Life.read_field, Life.publish, Life.read_secret, Life.read_sweep):
        step(life)
    for step in (Life.retire, Life.mint, Life.delete_secret, Life.remove_field, Life.delete_key, Life.delete_account):
        step(life)
    assert all(listened.values())
    return listened


COOKIES = {
    "authentik": {"authentik_session", "authentik_csrf", "authentik_device"},
    "zot": {"statecookie", "state", "session", "user"},
    "onepassword": set(),
    "forgejo": set(),
}


def test_each_system_gets_its_own_cookies_and_no_other_s(asked: dict[str, list[Asked]]) -> None:
    """And where a token is sent no cookie is, but in the session that an impersonation began."""
    for system, requests in asked.items():
        assert set().union(*(one.cookies for one in requests)) == COOKIES[system]
        assert not [one.path for one in requests if one.cookies and "authorization" in one.headers]


def test_each_token_goes_to_its_own_system_alone(life: Life, asked: dict[str, list[Asked]]) -> None:
    """Searched for in paths, headers and bodies; zot's key goes to the places that hold it, too."""
    homes = {"AUTHENTIK_TOKEN": "authentik", "FORGEJO_TOKEN": "forgejo", "OP_CONNECT_TOKEN": "onepassword"}
    found = {
        name: {system for system, requests in asked.items() for one in requests if secret in one.everything}
        for name, secret in ((name, life.world.env[name].encode()) for name in homes)
    }
    key = str(life.key["api_key"]).encode()

    assert found == {name: {home} for name, home in homes.items()}
    assert not [one for one in asked["authentik"] if key in one.everything]


def test_authorization_is_sent_where_it_is_asked_for_and_nowhere_else(
    life: Life, asked: dict[str, list[Asked]]
) -> None:
    """The login's own requests carry none: what counts there is the session."""
    schemes = {
        system: {
            (one.headers.get("authorization", "none").partition(" ")[0], "login" if _is_login(one) else "api")
            for one in requests
        }
        for system, requests in asked.items()
    }

    assert schemes == {
        "authentik": {("Bearer", "api"), ("none", "login")},
        # A session's cookie stands for it when the first key is minted.
        "zot": {("Basic", "api"), ("none", "api"), ("none", "login")},
        "onepassword": {("Bearer", "api")},
        "forgejo": {("token", "api")},
    }


def _is_login(one: Asked) -> bool:
    places = ("/flows/", "/application/o/", "/brands/", "/authenticators/", "/impersonate_end/", "/zot/auth/login")
    return any(place in one.path for place in (*places, "/zot/auth/callback", "/zot/auth/logout"))
