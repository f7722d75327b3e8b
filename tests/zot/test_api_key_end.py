"""
How a key ends: by a destroy, or by the deletion of what was replaced.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.dynamic.wanted import LABEL, MARK, key, made_by, program_has
from tests.messages import assert_names
from tests.world import World
from zot_ci.dynamic.claims import Claim
from zot_ci.dynamic.run import RUN
from zot_ci.http.errors import NotFoundError, SignInRefusedError, UnexpectedAnswerError
from zot_ci.zot.api import Zot
from zot_ci.zot.api_key import ApiKeyProvider

pytestmark = pytest.mark.embedded

PROVIDER = ApiKeyProvider()


def stay(world: World, uuid: str) -> bool:
    """Whether a key is still there."""
    return uuid in world.estate.zot.keys


def test_a_destroy_revokes_the_key_itself(signed_in: World) -> None:
    """And nobody else's; gone already is no error."""
    olds = made_by(signed_in)
    theirs = signed_in.estate.zot.mint("zot-ci", "theirs")

    PROVIDER.delete(olds["uuid"], olds)
    PROVIDER.delete(olds["uuid"], olds)

    assert [held.secret for held in signed_in.estate.zot.of("zot-ci")] == [theirs]


@pytest.mark.parametrize("known_by", ["its creation", "a refresh", "the program"])
def test_a_replaced_key_with_a_live_successor_is_left_to_the_sweep(known_by: str, signed_in: World) -> None:
    """A field or a secret may still hold it."""
    olds = made_by(signed_in)
    news = made_by(signed_in, olds["api_key"])
    if known_by == "its creation":
        RUN.note(Claim(("key", signed_in.zot_url, "zot-ci"), news["mark"]))
    elif known_by == "a refresh":
        PROVIDER.diff(news["uuid"], news, key(signed_in))
    else:
        program_has(("key", signed_in.zot_url, "zot-ci"))

    PROVIDER.delete(olds["uuid"], olds)

    assert stay(signed_in, olds["uuid"])
    assert stay(signed_in, news["uuid"])


def test_a_destroy_ends_a_newer_key_that_no_state_knows(signed_in: World, caplog: pytest.LogCaptureFixture) -> None:
    """A run was killed between the registry's answer and the engine's note of it: nobody else would ever end it."""
    caplog.set_level("INFO")
    olds = made_by(signed_in)
    lost = signed_in.estate.zot.mint("zot-ci", LABEL)
    PROVIDER.diff(olds["uuid"], olds, key(signed_in))

    PROVIDER.delete(olds["uuid"], olds)

    assert not signed_in.accepts(lost)
    assert signed_in.estate.zot.of("zot-ci") == []
    assert RUN.keys_left() == {("key", signed_in.zot_url, "zot-ci"): ()}
    assert caplog.messages[-1] == f"zot: revoked key {olds['uuid']} of zot-ci"


def test_a_newer_key_that_a_place_still_holds_is_not_ended(signed_in: World) -> None:
    """The program still has that place, by another resource."""
    olds = made_by(signed_in)
    held = signed_in.estate.zot.mint("zot-ci", LABEL)
    [uuid] = [key.uuid for key in signed_in.estate.zot.of("zot-ci") if key.secret == held]
    RUN.note(Claim(("field", "a", "b", "c"), MARK, uuid, "1Password a/b/c"))

    PROVIDER.delete(olds["uuid"], olds)

    assert signed_in.accepts(held)
    assert not signed_in.accepts(olds["api_key"])


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["old first", "new first"])
def test_a_destroy_without_a_refresh_ends_both_instances(order: tuple[int, int], signed_in: World) -> None:
    """A killed replacement has left two, and nothing has told this process which is newer: it does not matter."""
    olds = made_by(signed_in)
    both = (olds, made_by(signed_in, olds["api_key"]))

    for one in order:
        PROVIDER.delete(both[one]["uuid"], both[one])

    assert signed_in.estate.zot.of("zot-ci") == []


def test_a_key_that_was_ended_amid_the_others_says_what_it_left(
    signed_in: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its 401 means that it is dead, which one more listing confirms; not that all is done."""
    olds = made_by(signed_in)
    signed_in.estate.zot.mint("zot-ci", LABEL, age=timedelta(days=2))
    signed_in.estate.zot.mint("zot-ci", LABEL, age=timedelta(days=1))
    first, second, _ = sorted(signed_in.estate.zot.of("zot-ci"), key=lambda one: one.created_at)
    revoke = Zot.revoke

    def and_somebody_ends_it(zot: Zot, auth: httpx.Auth, username: str, uuid: str) -> None:
        revoke(zot, auth, username, uuid)
        signed_in.estate.zot.revoke(olds["uuid"])

    monkeypatch.setattr(Zot, "revoke", and_somebody_ends_it)

    PROVIDER.delete(olds["uuid"], olds)

    assert [held.uuid for held in signed_in.estate.zot.of("zot-ci")] == [second.uuid]
    assert first.uuid != second.uuid
    assert f"was revoked meanwhile, and can revoke no other; left {second.uuid}" in caplog.text
    [left] = RUN.keys_left()["key", signed_in.zot_url, "zot-ci"]
    assert second.uuid in left


def test_a_refusal_amid_a_destroy_that_is_not_the_key_s_death_is_an_error(
    signed_in: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The registry accepts it a moment later: the state keeps it, and the next destroy goes on."""
    olds = made_by(signed_in)

    def refused(*_: object) -> None:
        msg = "zot DELETE /zot/auth/apikey answered 401 for zot-ci"
        raise SignInRefusedError(msg)

    monkeypatch.setattr(Zot, "revoke", refused)

    with pytest.raises(SignInRefusedError, match="is not revoked yet"):
        PROVIDER.delete(olds["uuid"], olds)


@pytest.mark.parametrize("other", ["older", "expired", "other label"])
def test_a_key_without_a_live_successor_revokes_itself(other: str, signed_in: World) -> None:
    """Whatever else there is."""
    olds = made_by(signed_in)
    options: dict[str, Any] = {
        "older": {"age": timedelta(days=1)},
        "expired": {"expires": timedelta(days=1)},
        "other label": {},
    }[other]
    signed_in.estate.zot.mint("zot-ci", "theirs" if other == "other label" else LABEL, **options)
    if other == "expired":
        signed_in.estate.clock.advance(days=2)

    PROVIDER.delete(olds["uuid"], olds)

    assert not stay(signed_in, olds["uuid"])


def test_a_destroy_that_the_registry_does_not_answer_is_an_error(signed_in: World) -> None:
    """The state forgets only what is gone."""
    olds = made_by(signed_in)
    signed_in.estate.zot.switch_api_keys_off()

    with pytest.raises((NotFoundError, UnexpectedAnswerError)) as caught:
        PROVIDER.delete(olds["uuid"], olds)
    assert_names(caught.value, "answered 404 for zot-ci", f"key {olds['uuid']} of zot-ci is not revoked yet")
