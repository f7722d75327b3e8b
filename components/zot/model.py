"""
What zot shows of keys and of what they may do, as far as this program asks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import pydantic


def _zero_is_never(value: object) -> object:
    """
    zot writes Go's zero time for "never".
    """
    return None if isinstance(value, str) and value.startswith("0001-01-01") else value


_Time = Annotated[pydantic.AwareDatetime | None, pydantic.BeforeValidator(_zero_is_never)]


class ListedKey(pydantic.BaseModel):
    """
    A key as zot lists it: everything but the key itself.

    *last_used* moves with every use as basic auth, the very request that lists it included.
    """

    uuid: str
    label: str
    created_at: pydantic.AwareDatetime = pydantic.Field(alias="createdAt")
    expires_at: _Time = pydantic.Field(alias="expirationDate")
    is_expired: bool = pydantic.Field(alias="isExpired")
    last_used: _Time = pydantic.Field(alias="lastUsed")
    scopes: list[Any] | None = None


class KeyList(pydantic.BaseModel):
    """
    All keys of one user.
    """

    keys: list[ListedKey] = pydantic.Field(alias="apiKeys")


class MintedKey(ListedKey):
    """
    A new key: what zot lists of it, and the key itself, which zot shows this once.
    """

    key: pydantic.SecretStr = pydantic.Field(alias="apiKey")


@dataclass(frozen=True)
class Listing:
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


@dataclass(frozen=True)
class Access:
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
