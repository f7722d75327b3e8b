"""
References in the vendor's form, `op://vault/item/[section/]field`, which name the place of a secret.

Each part is a name or an id; a thing with a slash in its name has to be given by its id. The vendor's query parameters
(`?attribute=otp`) are refused. `onepassword/reference.py` reads the secret.
"""

from __future__ import annotations

import msgspec

_SCHEME = "op://"


class Reference(msgspec.Struct, frozen=True):
    """
    The parts of a reference.
    """

    vault: str
    item: str
    section: str | None
    field: str

    @classmethod
    def parse(cls, text: str) -> Reference:
        """
        Parse a reference.

        Raises:
            ValueError: it is invalid. The message does not show *text*, which could be a secret in the wrong place.
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
    A system's token that is kept in 1Password: its reference, and the backend that reads it (None: the environment
    chooses).
    """

    reference: str
    backend: str | None = None
