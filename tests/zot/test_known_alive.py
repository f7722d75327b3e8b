"""
A key that the state knows and the run has not looked at: no place is given it where the registry refuses it.
"""

from __future__ import annotations

import pytest

from components.dynamic.run import RUN, KeySeen
from components.forgejo.actions_secret import ActionsSecretProvider
from components.http.errors import KeyRefusedError
from components.onepassword.item_field import ItemFieldProvider
from components.zot.known_alive import ask
from tests.dynamic.wanted import NO_KEY, field, outs_of, secret, writes
from tests.world import GROUP, World

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
