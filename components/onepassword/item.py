"""
What every backend offers, and how a field is found in an item.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import pydantic

from ..http.errors import AmbiguousError, NotFoundError
from ..rotation import looks_like_a_key

CONCEALED = "CONCEALED"
_PUT_AWAY = ("ARCHIVED", "DELETED")


class Section(pydantic.BaseModel):
    """
    One section of an item. A field names its section by id; some backends give the label there too.
    """

    id: str
    label: str | None = None


class Field(pydantic.BaseModel):
    """
    One field of an item. An absent value is an empty one.
    """

    id: str
    type: str = CONCEALED
    label: str | None = None
    value: str | None = pydantic.Field(default=None, repr=False)
    section: Section | None = None
    _is_hidden: bool = pydantic.PrivateAttr(default=False)

    @property
    def holds_something_else(self) -> bool:
        """
        Whether there is a value in it that is no zot API key, white space around it aside.
        """
        return self._is_hidden or bool(self.value and not looks_like_a_key(self.value.strip()))

    def without_other_value(self) -> Field:
        """
        Return the field without its value if that is no zot API key.
        """
        if not self.holds_something_else:
            return self
        hidden = self.model_copy(update={"value": None})
        hidden._is_hidden = True
        return hidden


class Item(pydantic.BaseModel):
    """
    One item with its fields.
    """

    id: str
    title: str = ""
    state: str | None = None
    sections: list[Section] = []
    fields: list[Field] = pydantic.Field(default=[], repr=False)

    def insist_that_it_is_there(self, backend: str) -> None:
        """
        Refuse an item that somebody has put away: it may still be read by its id, and nobody looks for it there.

        Raises:
            NotFoundError: it is archived or deleted.
        """
        if self.state and self.state.upper() in _PUT_AWAY:
            hint = "take it back out, make one of that name, or correct the setting"
            gone = f"item {self.title} is {self.state.lower()}; {hint}"
            msg = f"{backend} {gone}"
            raise NotFoundError(msg, brief=gone)

    def without_other_values(self) -> Item:
        """
        Return the item without the values that are no zot API keys: they are other systems' secrets.
        """
        return self.model_copy(update={"fields": [field.without_other_value() for field in self.fields]})

    def with_field(self, field: Field) -> Item:
        """
        Return the item with that *field*, in the place of the one that had its id.
        """
        if self.by_id(field.id) is None:
            return self.model_copy(update={"fields": [*self.fields, field]})
        return self.model_copy(update={"fields": [field if one.id == field.id else one for one in self.fields]})

    def without_field(self, field_id: str) -> Item:
        """
        Return the item without the field of that id.
        """
        return self.model_copy(update={"fields": [one for one in self.fields if one.id != field_id]})

    def by_id(self, field_id: str) -> Field | None:
        """
        Return the field of that id.
        """
        return next((field for field in self.fields if field.id == field_id), None)

    def named(self, name: str, section: str | None = None) -> Field | None:
        """
        Return the field whose label, or id, is *name*, in the section of that label or id, or in whatever section.

        Raises:
            AmbiguousError: several fields have that label.
        """
        fields = [field for field in self.fields if section is None or self._is_in(field, section)]
        found = [field for field in fields if field.label == name]
        if len(found) > 1:
            hint = "rename all but one, or name the field by its id"
            msg = f"1Password item {self.title} has {len(found)} fields labelled {name}; {hint}"
            raise AmbiguousError(msg)
        return found[0] if found else next((field for field in fields if field.id == name), None)

    def _is_in(self, field: Field, section: str) -> bool:
        ids = {one.id for one in self.sections if section in (one.id, one.label)}
        return field.section is not None and (field.section.id in ids or field.section.label == section)


@dataclass(frozen=True)
class ItemRef:
    """
    Where an item is, by ids, which survive a renaming.
    """

    vault: str
    item: str


class ItemAccess(Protocol):
    """
    A backend: one of the three ways to reach 1Password.
    """

    name: str

    def locate(self, vault: str, item: str) -> ItemRef:
        """
        Return where the one item is that *vault* and *item* name, each by name or id.

        Raises:
            NotFoundError, AmbiguousError: none, or several.
        """

    def refuse_unwritable(self, vault: str, item: str) -> None:
        """
        Refuse an item that this backend can read and never write; asked before a key is made for it. Read-only.

        Raises:
            EnvironmentUnfitError: it is such an item.
        """

    def read(self, ref: ItemRef) -> Item:
        """
        Return the item as the server gives it now, which may be a little behind the last write.

        Raises:
            NotFoundError: it is gone, archived or in the trash.
        """

    def seen_ref(self, vault: str, item: str) -> ItemRef:
        """
        Return what `locate` has returned in this run.
        """

    def seen_item(self, ref: ItemRef) -> Item:
        """
        Return what `read` has returned in this run, with what was written since, and without the values that are no zot
        API keys.
        """

    def set_value(self, ref: ItemRef, field_id: str, value: str) -> None:
        """
        Give one field a value, and return once it can be read.
        """

    def add_field(self, ref: ItemRef, label: str, value: str) -> str:
        """
        Add a concealed field, and return its id once it can be read.
        """

    def remove_field(self, ref: ItemRef, field_id: str) -> None:
        """
        Remove one field, and return once it is gone; one that is gone already is no error.
        """

    def close(self) -> None:
        """
        Let go of connections, threads and the like.
        """
