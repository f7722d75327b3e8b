"""
References in the vendor's form, `op://vault/item/[section/]field`: where a secret is, instead of the secret.

Each part is a name or an id, taken as it stands; a name that has a slash in it has to be given by its id. The vendor's
query parameters (`?attribute=otp`) are not taken. Reading *through* a reference is `onepassword/reference.py`'s part.
"""

from __future__ import annotations

import msgspec

_SCHEME = "op://"


class Reference(msgspec.Struct, frozen=True):
    """
    The place of one field.
    """

    vault: str
    item: str
    section: str | None
    field: str

    @classmethod
    def parse(cls, text: str) -> Reference:
        """
        Read a reference.

        Raises:
            ValueError: it is none. The message does not show *text*, which could be a secret in the wrong place.
        """
        parts = text.removeprefix(_SCHEME).split("/")
        if not text.startswith(_SCHEME) or len(parts) not in (3, 4) or not all(map(str.strip, parts)) or "?" in text:
            msg = "must be a 1Password reference, op://vault/item/[section/]field; a token itself does not belong here"
            raise ValueError(msg)
        vault, item, *section, field = parts
        return cls(vault, item, section[0] if section else None, field)

    def __str__(self) -> str:
        parts = (self.vault, self.item, self.section, self.field)
        return _SCHEME + "/".join(part for part in parts if part is not None)


class StoredToken(msgspec.Struct, frozen=True):
    """
    A system's token that is kept in 1Password: where it is, and the backend to read it by (None: the environment
    chooses).
    """

    reference: str
    backend: str | None = None
