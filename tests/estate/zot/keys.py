"""API keys of the embedded zot: how they look, live, are used and die. Measured on zot v2.1.20."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.choice import drawn
from tests.estate.core import ZERO_TIME, Clock, SecretBook


def nanoseconds(moment: datetime) -> str:
    """Write a time as Go does: up to nine digits of fraction, trailing zeros dropped, so its length varies."""
    fraction = f"{moment.microsecond:06d}{secrets.randbelow(1000):03d}".rstrip("0")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S") + (f".{fraction}" if fraction else "") + "Z"


@dataclass
class Key:
    """One API key. *secret* is the text a client sends; zot itself keeps only its hash."""

    uuid: str
    username: str
    secret: str
    label: str
    scopes: list[Any]
    created_at: str
    creator_ua: str
    expiration: str
    expires: datetime | None
    last_used: str = ZERO_TIME

    def expired(self, now: datetime) -> bool:
        """Tell whether the key's time is over."""
        return self.expires is not None and self.expires <= now

    def shown(self, now: datetime) -> dict[str, Any]:
        """Return what a list shows: everything but the key."""
        return {
            "createdAt": self.created_at,
            "expirationDate": self.expiration,
            "isExpired": self.expired(now),
            "creatorUa": self.creator_ua,
            "generatedBy": "manual",
            "lastUsed": self.last_used,
            "label": self.label,
            "scopes": self.scopes,
            "uuid": self.uuid,
        }


class Keys:
    """The keys of all users."""

    def __init__(self, clock: Clock, book: SecretBook) -> None:
        self.clock, self.book = clock, book
        self.by_uuid: dict[str, Key] = {}
        self._chance = drawn("the order of listed keys")

    def mint(self, username: str, label: str, scopes: list[Any], expiration: str, agent: str) -> Key:
        """
        Make a key. *expiration* is echoed as it came, empty means never.

        Raises:
            ValueError: the expiry is no RFC 3339 time with a zone, or past.
        """
        now = self.clock.now()
        expires = parse_expiry(expiration) if expiration else None
        if expires is not None and expires <= now:
            message = "the expiry is past"
            raise ValueError(message)
        secret = self.book.add("zak_" + uuid.uuid4().hex)
        shown = expiration or ZERO_TIME
        key = Key(str(uuid.uuid4()), username, secret, label, scopes, nanoseconds(now), agent, shown, expires)
        self.by_uuid[key.uuid] = key
        return key

    def live(self, username: str, secret: str) -> Key | None:
        """Return the live key of that user and text; do not count it as a use."""
        for key in list(self.by_uuid.values()):
            if key.secret == secret and key.username == username and not key.expired(self.clock.now()):
                return key
        return None

    def use(self, username: str, secret: str) -> Key | None:
        """Return the live key and move its ``lastUsed``: every basic auth counts, the listing itself included."""
        key = self.live(username, secret)
        if key is not None:
            key.last_used = nanoseconds(self.clock.now())
        return key

    def of(self, username: str) -> list[Key]:
        """
        Return a user's keys, expired ones too, in any order, as zot's map iteration gives them; here in an order that
        can be repeated.
        """
        mine = [key for key in list(self.by_uuid.values()) if key.username == username]
        self._chance.shuffle(mine)
        return mine

    def delete(self, username: str, identifier: str) -> None:
        """Delete a user's key; an unknown id, or another user's, changes nothing and is no error."""
        key = self.by_uuid.get(identifier)
        if key is not None and key.username == username:
            self.by_uuid.pop(identifier, None)


def parse_expiry(text: str) -> datetime:
    """Return an RFC 3339 time; a date alone and a time without a zone are refused, as Go's parser does."""
    if len(text) < 20 or text[10] != "T":
        message = "not RFC 3339"
        raise ValueError(message)
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        message = "no zone"
        raise ValueError(message)
    return moment
