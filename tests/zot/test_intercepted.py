"""
A registry behind a proxy that wants a login of its own: its answers are never taken for zot's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from starlette.responses import HTMLResponse, JSONResponse, Response

from tests.authentik.account import made
from tests.dynamic.wanted import calls, key, made_by, observed, writes
from tests.http.between import Between
from tests.messages import assert_names
from tests.world import GROUP, World
from tests.zot.signing_in import blocked
from zot_ci.http.errors import InterceptedError
from zot_ci.zot.api import KeyAuth, zot_at
from zot_ci.zot.api_key import ApiKeyProvider

pytestmark = pytest.mark.embedded

PROVIDER = ApiKeyProvider()
USER = "zot-ci"
PAGE = "<html><body>Sign in</body></html>"
LOGIN_PAGE = "https://login.example.test/?rd=https://registry.example.test/"

PROXIES: dict[str, Callable[[], Response]] = {
    "401 in its words": lambda: HTMLResponse(PAGE, 401, {"www-authenticate": 'Basic realm="proxy"'}),
    "401 without words": lambda: Response(status_code=401),
    "401 in other JSON": lambda: JSONResponse({"error": "unauthorized"}, 401),
    "403": lambda: HTMLResponse(PAGE, 403),
    "302 to its login page": lambda: Response(status_code=302, headers={"location": LOGIN_PAGE}),
    "307 to its login page": lambda: Response(status_code=307, headers={"location": LOGIN_PAGE}),
    "its login page": lambda: HTMLResponse(PAGE, 200),
}


def behind(world: World, proxy: str, *parts: str) -> None:
    """Let the proxy answer whatever is asked below these paths."""

    def rule(method: str, path: str) -> Response | None:
        return PROXIES[proxy]() if any(part in path for part in parts) else None

    Between(world.estate.zot).rules.append(rule)


ASKED: dict[str, Callable[[World, dict[str, Any]], object]] = {
    "read": lambda world, props: observed(PROVIDER, props),
    "mint": lambda world, props: PROVIDER.create(key(world)),
    "end": lambda world, props: PROVIDER.delete(props["uuid"], props),
}


@pytest.mark.parametrize("proxy", PROXIES)
@pytest.mark.parametrize("asked", ASKED)
def test_no_key_is_dead_on_the_word_of_a_proxy(asked: str, proxy: str, signed_in: World) -> None:
    """It is an error that names the proxy and the paths; no login is begun, no password changed, nothing ended."""
    signed_in.make_account(GROUP)
    held = made_by(signed_in)
    signed_in.set_field(held["api_key"])
    signed_in.estate.log.clear()
    behind(signed_in, proxy, "/zot/", "/v2/")

    with pytest.raises(InterceptedError) as caught:
        ASKED[asked](signed_in, held)

    assert_names(caught.value, "zot GET /zot/auth/apikey", USER, "in front of zot", "/zot/auth/ and /v2/")
    assert "login.example.test/?" not in str(caught.value)
    assert signed_in.estate.secrets.found_in(str(caught.value)) == []
    assert writes(signed_in) == []
    assert signed_in.accepts(held["api_key"])


@pytest.mark.parametrize("proxy", [*PROXIES, "404"])
@pytest.mark.parametrize("part", ["/blobs/uploads/", "/manifests/no-such-tag"])
def test_a_probe_that_a_proxy_answers_says_nothing_of_the_key(
    part: str, proxy: str, signed_in: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither may nor may not: a proxy can stand in front of one path alone."""
    monkeypatch.setitem(PROXIES, "404", lambda: HTMLResponse(PAGE, 404))
    held = signed_in.estate.zot.mint(USER, "x", groups=[GROUP])
    behind(signed_in, proxy, part)

    with pytest.raises(Exception, match=r"zot (PUT|DELETE) /v2/somewhere/.* zot-ci; "):
        zot_at(signed_in.zot_url).access(KeyAuth(USER, held), USER, "somewhere")


@pytest.mark.parametrize("proxy", PROXIES)
@pytest.mark.parametrize("path", ["/zot/auth/login", "/zot/auth/callback/"])
def test_a_login_that_a_proxy_stands_in_front_of_is_told_as_such(path: str, proxy: str, signed_in: World) -> None:
    """Where it is the way to the login that is barred, before the account's password is changed."""
    user = made(signed_in)
    behind(signed_in, proxy, path)

    message = blocked(signed_in, Exception)  # type: ignore[arg-type]  # which one is the next line's matter

    if path == "/zot/auth/login":
        assert_names(message, "zot GET /zot/auth/login", USER)
        assert "front of zot" in message or "not followed" in message
        assert user.password_changes == 0
    else:
        assert_names(message, "zot GET /zot/auth/callback/oidc", USER)
        assert user.password_changes == 2
    assert "login.example.test/?" not in message


def test_the_whole_registry_behind_forward_auth(signed_in: World) -> None:
    """As the estate's front has it."""
    held = made_by(signed_in)
    signed_in.estate.zot.forward_auth = True

    seen = PROVIDER.read(held["uuid"], held).outs or {}
    assert str(seen["condition"]).startswith("not checked: zot at ")
    assert PROVIDER.diff(held["uuid"], seen, key(signed_in)).replaces == []

    signed_in.estate.zot.forward_auth = False
    assert PROVIDER.read(held["uuid"], held).outs["condition"] == "current"  # type: ignore[index]


def test_zot_s_own_refusals_are_still_what_they_were(signed_in: World) -> None:
    """Of a key: revoked."""
    held = made_by(signed_in)
    signed_in.estate.zot.revoke(held["uuid"])

    outs = PROVIDER.read(held["uuid"], held).outs

    assert outs is not None
    assert outs["condition"] == "refused by the registry: revoked"
    assert calls(signed_in, "zot") == ["GET /zot/auth/apikey"]
