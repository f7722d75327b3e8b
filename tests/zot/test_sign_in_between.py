"""
What can be wrong between two systems that a person set up by hand: for each, what the line says, and that it is true.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from starlette.responses import Response

from tests.authentik.account import BEFORE, USER, made
from tests.http.between import Between
from tests.messages import assert_names
from tests.world import World
from tests.zot.signing_in import blocked, log_in
from zot_ci.authentik.api import authentik_at
from zot_ci.authentik.errors import LoginBlockedError
from zot_ci.dynamic.findings import Findings
from zot_ci.http.errors import NotFoundError, ReconcileError, SignInRefusedError
from zot_ci.rotation import Policy
from zot_ci.zot.api import zot_at
from zot_ci.zot.first_look import look
from zot_ci.zot.minting import Order

pytestmark = pytest.mark.embedded

CALLBACK = ("zot GET /zot/auth/callback/oidc", "401", USER)


def sources(world: World, *slugs: str) -> None:
    """People log in by something else; nobody types a name."""
    world.estate.authentik.sources = list(slugs)
    world.estate.authentik.user_fields = []


def another_application_s_issuer(world: World) -> None:
    """Two providers in authentik, and zot's issuer is the other one's."""
    authentik, provider = world.estate.authentik, world.estate.zot.provider
    assert provider is not None
    authentik.applications["other"] = authentik.applications["zot"].__class__(
        slug="other", client_id="other", client_secret="a-secret-of-the-other-s", redirect_uris=[]
    )
    provider.issuer = provider.issuer.replace("/zot/", "/other/")


def sends_to(login: str, world: World) -> None:
    """authentik does not take the session for one."""
    answer = Response(status_code=302, headers={"location": login})
    Between(world.estate.authentik).answer("GET /application/o/authorize/", answer)


ONCE_MORE = ("authentik GET /application/o/authorize/", "wants zot-ci to log in once more", "login stage")
BETWEEN: dict[str, tuple[Callable[[World], object], type[ReconcileError], tuple[str, ...]]] = {
    "one external source, at once": (
        lambda world: sources(world, "github"),
        LoginBlockedError,
        ("authentik flow default-authentication-flow", "this flow only offers an external source", "user fields"),
    ),
    "two external sources": (
        lambda world: sources(world, "github", "gitlab"),
        LoginBlockedError,
        ("authentik flow default-authentication-flow", "this flow only offers an external source", "user fields"),
    ),
    "authentik's clock is ahead": (
        lambda world: setattr(world.estate.authentik, "ahead", timedelta(minutes=47)),
        SignInRefusedError,
        (*CALLBACK, "authentik's clock is 28", " s ahead of zot's", "set the one that is wrong"),
    ),
    "authentik's clock is behind": (
        lambda world: setattr(world.estate.authentik, "ahead", timedelta(hours=-3)),
        SignInRefusedError,
        (*CALLBACK, "authentik's clock is 1080", " s behind zot's"),
    ),
    "several nodes of zot": (
        lambda world: setattr(world.estate.zot, "several_nodes", True),
        SignInRefusedError,
        (*CALLBACK, "did not get back the cookies", "several nodes", "sessionKeysFile"),
    ),
    "another application's issuer": (
        another_application_s_issuer,
        SignInRefusedError,
        (*CALLBACK, "zot's log", "an issuer that is another application's"),
    ),
    "another login is wanted, as authentik 2026.2.1 asks": (
        partial(sends_to, "/flows/-/default/authentication/?next=/application/o/authorize/"),
        LoginBlockedError,
        ONCE_MORE,
    ),
    "another login is wanted, as authentik 2026.5.0-rc1 asks": (
        partial(sends_to, "/if/flow/our-login/?client_id=zot&next=%2Fapplication%2Fo%2Fauthorize%2F"),
        LoginBlockedError,
        ONCE_MORE,
    ),
}


@pytest.mark.parametrize("fault", BETWEEN)
def test_what_is_wrong_between_the_two_systems_is_said(fault: str, signed_in: World) -> None:
    """One line, without "consent", "client secret" or "signing key" where it is none of them; nothing is left."""
    user = made(signed_in)
    spoil, kind, words = BETWEEN[fault]
    spoil(signed_in)

    message = blocked(signed_in, kind)

    assert_names(message, *words)
    if "issuer" not in fault:
        assert not any(word in message for word in ("consent", "client secret", "signing key"))
    assert (user.devices, signed_in.estate.authentik.sessions_of(USER), user.password_changes) == ([], [], 2)
    assert user.password not in (None, BEFORE)


def test_clocks_a_few_seconds_apart_stop_no_login(signed_in: World) -> None:
    """What zot lets a token be ahead."""
    made(signed_in)
    signed_in.estate.authentik.ahead = timedelta(seconds=4)

    log_in(signed_in)


def test_several_providers_are_told_by_the_name_that_zot_does_not_know(signed_in: World) -> None:
    """zot has one by another name; nothing is changed."""
    user = made(signed_in)

    message = blocked(signed_in, ReconcileError, provider="github")

    assert_names(message, "zot GET /zot/auth/login", "400", "no OpenID provider github", "oidcProvider")
    assert user.password_changes == 0


def test_an_account_that_nobody_has_is_told_before_zot_is_asked(signed_in: World) -> None:
    """The name in the settings is one of zot's, say, and not authentik's."""
    assert_names(blocked(signed_in, NotFoundError), "authentik has no account zot-ci")


@pytest.fixture
def lan(signed_in: World, monkeypatch: pytest.MonkeyPatch) -> str:
    """The registry's address over plain http, by a name that is not this machine's own."""
    ask = socket.getaddrinfo

    def known(host: Any, *arguments: Any, **options: Any) -> Any:
        return ask("127.0.0.1" if host == "registry.lan" else host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", known)
    url = signed_in.zot_url.replace("127.0.0.1", "registry.lan")
    monkeypatch.setattr(signed_in.estate.zot, "url", url)
    signed_in.estate.authentik.applications["zot"].redirect_uris.append(f"{url}/zot/auth/callback/oidc")
    return url


def test_a_registry_over_plain_http_is_told_before_a_password_is_set(signed_in: World, lan: str) -> None:
    """Its cookies are for https only, so no login ends there: the way is asked for first, without effect."""
    user = made(signed_in)

    message = blocked(signed_in, LoginBlockedError, zot_url=lan)

    assert_names(message, "zot GET /zot/auth/login", "the cookie state", "Secure", lan, "plain http", "https")
    assert not any(word in message for word in ("client secret", "signing key"))
    assert (user.password, user.password_changes) == (BEFORE, 0)


def test_the_first_look_tells_it_too(signed_in: World, lan: str) -> None:
    """Before the first `up`."""
    made(signed_in)
    order = Order(USER, "zot-ci/test/zot-ci", "probe", "oidc", Policy(90, 120))
    found = Findings("zot API key")

    look(found, zot_at(lan), authentik_at(signed_in.authentik_url), order, None, managed=True, as_wanted=True)

    assert any("over plain http" in fault for fault in found.faults), found.faults
