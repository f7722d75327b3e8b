"""
The parts of zot's answers that this program uses: keys, and what they may do.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from ..http.shapes import Instant, SecretText


class ListedKey(msgspec.Struct, frozen=True):
    """
    A key as zot lists it, without its value.

    *expires_at* and *last_used* are None for "never". Every use as basic auth moves *last_used*, also the request that
    lists the key.
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
    A new key with its value, which zot shows only once.
    """

    key: SecretText = msgspec.field(name="apiKey")


class Listing(msgspec.Struct, frozen=True):
    """
    All keys of one user, oldest first, and the registry's clock when it answered.

    *accepted* is False if the registry refuses the credential, which is the only sign of a revoked or expired key. Then
    there are no *keys*.
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
    What a key may do in the probed repository. *update*, to replace the image under an existing tag, is None if it was
    not probed, since the probe needs such a tag.
    """

    create: bool
    delete: bool
    update: bool | None = None

    @property
    def may(self) -> dict[str, bool]:
        """
        For each probed right, whether the key has it.
        """
        asked = {"create": self.create, "update": self.update, "delete": self.delete}
        return {right: has for right, has in asked.items() if has is not None}

    def __str__(self) -> str:
        return ", ".join(f"{'can' if has else 'cannot'} {right}" for right, has in self.may.items())
