"""
What `ZOT_CI_DEBUG=1` would show: a traceback forced at every request holds no secret, though the spoilt answer did.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from tests.answers.bent import is_ours, system_of
from tests.answers.life import Life, lose_every_key
from tests.answers.said import traceback_of
from tests.estate import NAMES
from tests.estate.core import Shell
from tests.world import World
from zot_ci.authentik.service_account import ServiceAccountProvider
from zot_ci.dynamic.errors import StateUnfitError
from zot_ci.dynamic.provider import AnyProvider, Props
from zot_ci.forgejo.actions_secret import ActionsSecretProvider
from zot_ci.http import connections
from zot_ci.onepassword.item_field import ItemFieldProvider
from zot_ci.zot.api_key import ApiKeyProvider
from zot_ci.zot.retired_keys import RetiredKeysProvider

pytestmark = pytest.mark.embedded


def by_login(life: Life) -> Any:
    """Make a key where only a login can."""
    lose_every_key(life.world)
    return life.mint()


def by_live_key(life: Life) -> Any:
    """Make a key by the one in the field."""
    life.world.set_field(life.key["api_key"])
    return life.mint()


ASKS: dict[str, Callable[[Life], Any]] = {
    "read account": Life.read_account,
    "reconcile account": Life.reconcile_account,
    "read key": Life.read_key,
    "mint by a live key": by_live_key,
    "mint by a login": by_login,
    "read field": Life.read_field,
    "store": Life.store,
    "read secret": Life.read_secret,
    "publish": Life.publish,
    "read sweep": Life.read_sweep,
    "retire": Life.retire,
}

# Each resource, as the last run recorded it.
KEPT: dict[type[AnyProvider], Callable[[Life], Props]] = {
    ServiceAccountProvider: lambda life: life.account,
    ApiKeyProvider: lambda life: life.key,
    ItemFieldProvider: lambda life: life.field_,
    ActionsSecretProvider: lambda life: life.secret,
    RetiredKeysProvider: lambda life: life.sweep,
}


class Spoiler:
    """
    Spoils this program's request number *at*, counted over all systems: the system answers, and on the way back the
    status becomes one that nobody expects, the body loses its end, or each secret in its JSON is in a list of its own.
    """

    def __init__(self, world: World, how: str) -> None:
        self.at = self.count = 0
        self._how = how
        self._secrets = world.estate.secrets
        for name in NAMES:
            shell = system_of(world, name).app
            assert isinstance(shell, Shell)
            shell.inner = self._around(shell.inner)

    def _is_secret(self, text: str) -> bool:
        return bool(self._secrets.found_in(text))

    def _around(self, itself: Any) -> Any:
        async def spoilt(scope: Scope, receive: Receive, send: Send) -> None:
            if not is_ours(Request(scope)):
                await itself(scope, receive, send)
                return
            self.count += 1
            await itself(scope, receive, self._bent(send) if self.count == self.at else send)

        return spoilt

    def _bent(self, send: Send) -> Send:
        async def bent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [(key, value) for key, value in message.get("headers", ()) if key != b"content-length"]
                status = 418 if self._how == "status" else message["status"]
                message = {**message, "status": status, "headers": headers}
            elif self._how == "body":
                message = {**message, "body": message.get("body", b"")[:-1]}
            else:
                body = message.get("body", b"")
                # Where there is no secret in it, any part will do.
                has_secret = self._is_secret(body.decode())
                message = {**message, "body": _of_another_shape(body, self._is_secret if has_secret else bool)}
            await send(message)

        return bent


def _of_another_shape(body: bytes, is_meant: Callable[[str], bool]) -> bytes:
    """
    Give a list of one for each text in a JSON *body* that is meant.
    """

    def bent(read: Any) -> Any:
        if isinstance(read, dict):
            return {name: bent(one) for name, one in read.items()}
        if isinstance(read, list):
            return [bent(one) for one in read]
        return [read] if isinstance(read, str) and is_meant(read) else read

    try:
        return json.dumps(bent(json.loads(body))).encode()
    except ValueError:
        return body


@pytest.mark.parametrize("how", ["status", "body", "shape"])
@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS.keys())
def test_a_traceback_at_any_request_holds_no_secret(ask: Callable[[Life], Any], how: str, life: Life) -> None:
    """Causes and contexts included, as Python prints them."""
    spoiler = Spoiler(life.world, how)
    shown: list[str] = []

    while spoiler.count >= spoiler.at:
        spoiler.at, spoiler.count = spoiler.at + 1, 0
        # As another run: what the last one has read would not be asked for again, and so not be spoilt.
        connections.forget_all()
        try:
            ask(life)
        except Exception as error:  # of any class: whatever comes out would be shown
            shown.append(traceback_of(error))

    assert shown
    assert life.world.estate.secrets.found_in("\n".join(shown)) == []


@pytest.mark.parametrize("kind", KEPT, ids=lambda kind: str(kind.__name__))
def test_a_traceback_of_a_state_that_cannot_be_read_holds_no_secret(kind: type[AnyProvider], life: Life) -> None:
    """The key in the place of each property, in a form that none has; the class of every resource."""
    provider, props = kind(), KEPT[kind](life)
    shown: list[str] = []

    for name in provider.state.__struct_fields__:
        for ask in (provider.read, provider.delete):
            with pytest.raises(StateUnfitError) as caught:
                ask("id", props | {name: [[life.key["api_key"]]]})
            shown.append(traceback_of(caught.value))
    shown += [repr(provider.recorded("id", props)), repr(provider.asked(props))]

    assert life.world.estate.secrets.found_in("\n".join(shown)) == []


def test_a_secret_in_a_cause_is_found(life: Life) -> None:
    """The search can fail."""
    cause = ValueError(life.key["api_key"])
    error = RuntimeError("said in one line")
    error.__cause__ = cause

    assert life.world.estate.secrets.found_in(traceback_of(error)) == [life.key["api_key"]]
