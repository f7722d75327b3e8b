"""
What zot shows of keys and of what they may do, as far as this program asks.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from ..http.shapes import Instant, SecretText


class ListedKey(msgspec.Struct, frozen=True):
    """
    A key as zot lists it: everything but the key itself.

    *expires_at* and *last_used* are None for "never". *last_used* moves with every use as basic auth, the very request
    that lists it included.
    """

    uuid: str
    label: str
    created_at: Instant = msgspec.field(name="createdAt")
    expires_at: Instant | None = msgspec.field(name="expirationDate")
    is_expired: bool = msgspec.field(name="isExpired")
    last_used: Instant | None = msgspec.field(name="lastUsed")
    scopes: list[Any] | None = None

    def __post_init__(self) -> None:
        # zot writes Go's zero time for "never".
        for name in ("expires_at", "last_used"):
            time = getattr(self, name)
            if time is not None and time.year == 1:
                msgspec.structs.force_setattr(self, name, None)


class KeyList(msgspec.Struct, frozen=True):
    """
    All keys of one user.
    """

    keys: list[ListedKey] = msgspec.field(name="apiKeys")


class MintedKey(ListedKey, frozen=True, kw_only=True):
    """
    A new key: what zot lists of it, and the key itself, which zot shows this once.
    """

    key: SecretText = msgspec.field(name="apiKey")


class Listing(msgspec.Struct, frozen=True):
    """
    All keys of one user, oldest first, and the registry's clock when it answered.

    *accepted* is False if the registry refuses the credential, the one answer that says that a key is dead; there are
    no *keys* then.
    """

    accepted: bool
    keys: tuple[ListedKey, ...]
    time: datetime

    def find(self, uuid: str) -> ListedKey | None:
        """
        Return the key of that uuid.
        """
        return next((key for key in self.keys if key.uuid == uuid), None)


class Access(msgspec.Struct, frozen=True):
    """
    What a key may do in the repository that was probed. *update*, to put something else under a tag that exists, is
    None if it was not asked: asking needs such a tag.
    """

    create: bool
    delete: bool
    update: bool | None = None

    @property
    def may(self) -> dict[str, bool]:
        """
        Whether it has a right, for each right that was asked about.
        """
        asked = {"create": self.create, "update": self.update, "delete": self.delete}
        return {right: has for right, has in asked.items() if has is not None}

    def __str__(self) -> str:
        return ", ".join(f"{'can' if has else 'cannot'} {right}" for right, has in self.may.items())
