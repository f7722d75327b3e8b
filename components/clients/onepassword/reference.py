"""
References in the vendor's form, `op://vault/item/[section/]field`: where a secret is, instead of the secret.

Each part is a name or an id, taken as it stands; a name that has a slash in it has to be given by its id. The vendor's
query parameters (`?attribute=otp`) are not taken.
"""

from __future__ import annotations

from dataclasses import dataclass

from components.clients.errors import CredentialMissingError, NotFoundError
from components.clients.onepassword.item import ItemAccess

_SCHEME = "op://"


@dataclass(frozen=True)
class Reference:
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

    def resolve(self, access: ItemAccess) -> str:
        """
        Return the value of the field. Read-only.

        Raises:
            NotFoundError, CredentialMissingError: there is no such field, or nothing in it.
        """
        field = access.read(access.locate(self.vault, self.item)).named(self.field, self.section)
        if field is None:
            msg = f"{access.name} shows no field at {self}; correct the reference or add the field"
            raise NotFoundError(msg)
        if not field.value:
            msg = f"the 1Password field {self} is empty; put the token into it"
            raise CredentialMissingError(msg)
        return field.value
