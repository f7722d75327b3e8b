"""Back doors of the embedded zot: what a test or the demo does to it. No such call on a real server."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.estate.core import SecretBook, json_body, stamp
from tests.estate.zot.keys import Key, Keys

if TYPE_CHECKING:
    from tests.estate.core import Clock
    from tests.estate.zot import Zot


class BackDoors:
    """What stands behind zot's HTTP side, for tests."""

    clock: Clock
    secrets: SecretBook
    keyring: Keys
    groups: dict[str, frozenset[str]]
    apikeys_enabled: bool
    openid_enabled: bool

    @property
    def keys(self) -> dict[str, Key]:
        """Back door: every key by uuid."""
        return self.keyring.by_uuid

    def mint(
        self,
        username: str,
        label: str,
        groups: Iterable[str] | None = None,
        expires: timedelta | None = None,
        age: timedelta | None = None,
    ) -> str:
        """
        Back door: a key as somebody makes it by hand in the web page; return its text.

        *groups* are what the user's last login brought (unchanged if ``None``), *expires* counts from now,
        *age* makes the key that old already.
        """
        until = stamp(self.clock.now() + expires) if expires else ""
        key = self.keyring.mint(username, label, [], until, "Mozilla/5.0")
        if age:
            key.created_at = stamp(self.clock.now() - age)
        if groups is not None:
            self.groups[username] = frozenset(groups)
        return key.secret

    def revoke(self, uuid: str) -> None:
        """Back door: somebody deletes a key in the web page."""
        self.keyring.by_uuid.pop(uuid, None)

    def switch_api_keys_off(self) -> None:
        """Back door: ``apikey: false``, which counts only without OpenID."""
        self.apikeys_enabled = self.openid_enabled = False

    def accepts(self, username: str, key: str) -> bool:
        """Back door: whether zot would let this key in; does not move ``lastUsed``."""
        return self.keyring.live(username, key) is not None

    def of(self, username: str) -> list[Key]:
        """Back door: the user's keys, oldest first."""
        return [key for key in list(self.keyring.by_uuid.values()) if key.username == username]

    def key(self, secret: str) -> Key | None:
        """Back door: the key of that text, dead or alive, unless it is deleted."""
        return next((key for key in list(self.keyring.by_uuid.values()) if key.secret == secret), None)


async def move_clock(zot: Zot, request: Request) -> Response:
    """``POST /_estate/clock {"days": 91}``: let time pass from outside the process. Not zot's."""
    body = await json_body(request)
    days = body.get("days") if isinstance(body, dict) else None
    if not isinstance(days, int | float):
        return JSONResponse({"error": 'want {"days": <number>}'}, 400)
    zot.clock.advance(days=days)
    return JSONResponse({"now": stamp(zot.clock.now())})
