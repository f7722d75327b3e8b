"""
A key that the state knows and the run has not looked at: no place is given it where the registry refuses it.
"""

from __future__ import annotations

from typing import Any

import pytest
from pulumi.runtime import mocks

from tests.dynamic.wanted import NO_KEY, calls, field, outs_of, secret, writes
from tests.mocks import Monitor, Providers, run
from tests.settings.given import RIGHT, given
from tests.world import GROUP, World
from zot_ci.dynamic.entries import KeySeen
from zot_ci.dynamic.errors import KeyRefusedError
from zot_ci.dynamic.run import RUN
from zot_ci.forgejo.actions_secret import ActionsSecretProvider
from zot_ci.onepassword.item_field import ItemFieldProvider
from zot_ci.zot.known_alive import ask

pytestmark = pytest.mark.embedded

FIELDS, SECRETS = ItemFieldProvider(), ActionsSecretProvider()


def test_the_registry_is_asked_as_the_key(signed_in: World) -> None:
    """One that is refused is dead, one that is accepted is alive."""
    alive = signed_in.estate.zot.mint(signed_in.username, "by hand", groups=[GROUP])

    ask(signed_in.zot_url, signed_in.username, alive, "alive")
    ask(signed_in.zot_url, signed_in.username, NO_KEY, "dead")

    assert RUN.key_is_alive("alive") is True
    assert RUN.key_is_alive("dead") is False
    assert RUN.key_is_alive("another") is None


def test_a_registry_that_does_not_answer_has_not_refused_the_key(signed_in: World) -> None:
    """What is published already goes on being published while the registry is down."""
    ask("http://127.0.0.1:9", signed_in.username, NO_KEY, "unknown")

    assert RUN.key_is_alive("unknown") is None


def test_a_dead_key_is_written_nowhere(signed_in: World) -> None:
    """Field and secret stay as they are, and the line says how to run."""
    stored, published = outs_of(FIELDS.create(field())), outs_of(SECRETS.create(secret(signed_in)))
    signed_in.estate.log.clear()
    RUN.note(KeySeen("the-dead-one", False))

    for provider, outs, wanted in (
        (FIELDS, stored, field(uuid="the-dead-one")),
        (SECRETS, published, secret(signed_in, uuid="the-dead-one")),
    ):
        with pytest.raises(KeyRefusedError, match=r"refuses key the-dead-one.*; run `pulumi up` without --target"):
            provider.update("id", outs, wanted)
        with pytest.raises(KeyRefusedError):
            provider.create(wanted)

    assert writes(signed_in) == []


@pytest.mark.parametrize(
    ("known", "asked"), [(None, ["GET /zot/auth/apikey"]), (True, []), (False, [])], ids=["nothing", "alive", "dead"]
)
def test_the_program_asks_about_the_state_s_key_only_where_nothing_is_known_of_it(
    known: bool | None, asked: list[str], signed_in: World
) -> None:
    """`--target` and `--exclude` can leave its own resource out; else that has looked."""

    class OfTheState(Providers):
        def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
            id_, outputs = super().new_resource(args)
            return id_, outputs | ({"uuid": "of-the-state"} if args.typ.endswith("zot:ApiKey") else {})

    if known is not None:
        RUN.note(KeySeen("of-the-state", known))

    run(given(RIGHT | {"zot": {"url": signed_in.zot_url}}), monitor=Monitor(OfTheState()))

    assert calls(signed_in, "zot") == asked
    # The registry knows no such key.
    assert RUN.key_is_alive("of-the-state") is bool(known)
