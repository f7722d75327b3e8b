"""
What the program asks for a field, and what is recorded about it.
"""

from __future__ import annotations

from itertools import product

from ..dynamic.claims import Claim, Identity
from ..dynamic.key_place import PlaceWanted
from ..dynamic.properties import Naming, Replacing, Volatile
from ..settings.place import Place
from .item import ItemRef


class FieldWanted(PlaceWanted, kw_only=True):
    """
    What the program asks for a field.

    Args:
        vault, item, field: each by name or id. The item must exist; the field need not.
        onepassword_access: the backend that reaches 1Password, if the environment does not choose it.
    """

    vault: Naming[Replacing[str]]
    item: Naming[Replacing[str]]
    field: Naming[Replacing[str]]
    onepassword_access: str | None = None

    @property
    def place(self) -> Place:
        """
        Where the field is, by its names in the settings.
        """
        return Place.field(self.vault, self.item, self.field)


class FieldState(FieldWanted, kw_only=True):
    """
    What is recorded.

    Args:
        vault_id, item_id, field_id: where the field is, by its ids.
        mark: the instance's own (`dynamic/claims.py`).
        made_here: this program added it and did not adopt it.
        via: the backend that was used last.
        renamed: a sentence if vault or item have other names now; else empty. It is only reported.
    """

    vault_id: str
    item_id: str
    field_id: str
    mark: str
    made_here: bool
    via: str
    renamed: Volatile[str] = ""

    @property
    def ref(self) -> ItemRef:
        """
        Where the item is, by its ids.
        """
        return ItemRef(self.vault_id, self.item_id)

    @property
    def identity(self) -> Identity:
        """
        The field, by its ids.
        """
        return identity_of(self.ref, self.field_id)

    @property
    def claim(self) -> Claim:
        """
        The instance's claim.
        """
        names = tuple(self.names_with())
        return Claim(self.identity, self.mark, self.key_uuid, str(self.place), made_here=self.made_here, names=names)

    def names_with(self, vault: str | None = None, title: str | None = None, label: str | None = None) -> set[Identity]:
        """
        Return all that the settings can call the field: each part by name or id. *vault*, *title* and *label* are what
        its parts are called now, if that is known.
        """
        ways = product(
            {self.vault, self.vault_id, vault or self.vault},
            {self.item, self.item_id, title or self.item},
            {self.field, self.field_id, label or self.field},
        )
        return {Place.field(*way).identity for way in ways}


def identity_of(ref: ItemRef, field_id: str) -> Identity:
    """
    Return a field by its ids.
    """
    return ("field", ref.vault, ref.item, field_id)
