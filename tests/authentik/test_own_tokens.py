"""
When the token ends by which authentik is asked, as far as its own list says.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.world import World
from zot_ci.authentik.api import authentik_at
from zot_ci.authentik.own_tokens import expiry_of
from zot_ci.http.token_expiry import TokenExpiry

pytestmark = pytest.mark.embedded


def found(world: World) -> TokenExpiry | None:
    """What this process's client says."""
    known = expiry_of(authentik_at(world.authentik_url))
    return known[0] if known else None


def with_token(world: World, monkeypatch: pytest.MonkeyPatch, days: float | None, who: str = "bot") -> None:
    """A token that ends in so many days, in the environment."""
    expires = None if days is None else world.estate.clock.now() + timedelta(days=days)
    monkeypatch.setenv("AUTHENTIK_TOKEN", world.estate.authentik.add_token(who, expires=expires))


def test_a_token_says_when_it_ends_and_needs_no_right_for_it(signed_in: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the server's clock, whatever this machine's says."""
    signed_in.estate.clock.advance(days=400)
    with_token(signed_in, monkeypatch, 12.5)

    known = expiry_of(authentik_at(signed_in.authentik_url))

    assert known is not None
    expiry, now = known
    assert timedelta(days=12.4) < expiry.at - now < timedelta(days=12.6)
    assert expiry.others == 0
    assert expiry.warning(now) == (
        f"AUTHENTIK_TOKEN expires on {expiry.at:%Y-%m-%d %H:%M} UTC, in 12 days; make a new token in authentik, as an "
        "API token of the same account, and put it into AUTHENTIK_TOKEN"
    )


def test_a_token_without_an_end_says_nothing(signed_in: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """As most have none."""
    with_token(signed_in, monkeypatch, None)

    assert found(signed_in) is None


def test_of_several_tokens_the_first_end_is_said_and_that_it_may_be_another(
    signed_in: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No answer says which of them the request came with."""
    for days in (None, 40.0, 5.0, 20.0):
        with_token(signed_in, monkeypatch, days)

    known = expiry_of(authentik_at(signed_in.authentik_url))

    assert known is not None
    expiry, now = known
    assert (round((expiry.at - now) / timedelta(days=1)), expiry.others) == (5, 3)
    assert "(or another token of its user does, who has 3 more)" in expiry.warning(now)


def test_a_token_that_has_ended_and_an_app_password_are_not_ours(
    signed_in: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request was made by one that lives, and opens the API."""
    with_token(signed_in, monkeypatch, 5)
    signed_in.estate.authentik.tokens[list(signed_in.estate.authentik.tokens)[-1]].intent = "app_password"
    with_token(signed_in, monkeypatch, -1)
    with_token(signed_in, monkeypatch, 50)

    expiry = found(signed_in)

    assert expiry is not None
    assert expiry.others == 0
    assert expiry.at - signed_in.estate.clock.now() > timedelta(days=49)


def test_an_administrator_s_list_of_everybody_s_tokens_says_nothing(
    signed_in: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else's token that ends tomorrow is no news here."""
    with_token(signed_in, monkeypatch, 3, who="somebody")
    with_token(signed_in, monkeypatch, 5, who="akadmin")

    assert found(signed_in) is None


def test_a_refused_token_is_no_fault_here(signed_in: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever needs it is told what is wrong with it."""
    monkeypatch.setenv("AUTHENTIK_TOKEN", "wrong")

    assert found(signed_in) is None


def test_a_server_without_such_a_list_is_no_fault(signed_in: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """An older one, or a proxy that lets only some paths pass."""
    monkeypatch.setattr("zot_ci.authentik.api._TOKENS", "/api/v3/core/nowhere/")

    assert found(signed_in) is None


def test_a_server_that_is_silent_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told of elsewhere."""
    monkeypatch.setenv("AUTHENTIK_TOKEN", "a-token")

    assert expiry_of(authentik_at("http://127.0.0.1:9")) is None
