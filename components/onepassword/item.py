"""
The interface of a backend, the parts of an item, and how a field is found in it.

Other programs made most parts of an item. A part that differs from the vendor's documents, such as a field without an
id, is no fault unless the settings name it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

import msgspec
from msgspec.structs import replace

from ..http.errors import AmbiguousError, NotFoundError
from ..http.shapes import Concealed
from ..rotation import looks_like_a_key
from .names import lookalike, shown

CONCEALED = "CONCEALED"
_PUT_AWAY = ("ARCHIVED", "DELETED")


class Section(msgspec.Struct, frozen=True):
    """
    One section of an item. A field names its section by id; some backends add the label.
    """

    id: str | None = None
    label: str | None = None


class Vault(msgspec.Struct, frozen=True):
    """
    The vault of an item; not every backend shows it.
    """

    name: str | None = None


class Field(Concealed, frozen=True):
    """
    One field of an item. A missing value counts as an empty one, and so does a missing id; a field that others made may
    lack any part.

    Args:
        is_doubled: one of its parts exists twice.
        is_hidden: it had a value that is no zot API key, which was removed from memory.
    """

    id: str = ""
    type: str = CONCEALED
    label: str | None = None
    value: str | None = None
    section: Section | None = None
    is_doubled: bool = False
    is_hidden: bool = False

    @property
    def holds_something_else(self) -> bool:
        """
        Whether it has a value that is no zot API key; white space around a key is ignored.
        """
        return self.is_hidden or bool(self.value and not looks_like_a_key(self.value.strip()))

    def without_other_value(self) -> Field:
        """
        Return the field, without its value if that is no zot API key.
        """
        return replace(self, value=None, is_hidden=True) if self.holds_something_else else self


class Item(Concealed, frozen=True):
    """
    One item with its fields.
    """

    id: str
    title: str = ""
    vault: Vault | None = None
    state: str | None = None
    sections: list[Section] = msgspec.field(default_factory=list)
    fields: list[Field] = msgspec.field(default_factory=list)

    def insist_that_it_is_there(self, backend: str) -> None:
        """
        Refuse an archived or deleted item, which can still be read by its id.

        Raises:
            NotFoundError: it is archived or deleted.
        """
        if self.state and self.state.upper() in _PUT_AWAY:
            hint = "take it back out, make one of that name, or correct the setting"
            brief = f"item {self.title} is {self.state.lower()}; {hint}"
            msg = f"{backend} {brief}"
            raise NotFoundError(msg, brief=brief)

    def without_other_values(self) -> Item:
        """
        Return the item without values that are no zot API keys, which are other systems' secrets.
        """
        return replace(self, fields=[one.without_other_value() for one in self.fields])

    def with_field(self, field: Field) -> Item:
        """
        Return the item with that *field*, which replaces the field with its id.
        """
        if all(one.id != field.id for one in self.fields):
            return replace(self, fields=[*self.fields, field])
        return replace(self, fields=[field if one.id == field.id else one for one in self.fields])

    def without_field(self, field_id: str) -> Item:
        """
        Return the item without the field of that id.
        """
        return replace(self, fields=[one for one in self.fields if one.id != field_id])

    def by_id(self, field_id: str) -> Field | None:
        """
        Return the field of that id.

        Raises:
            AmbiguousError: several fields have that id.
        """
        found = [field for field in self.fields if field.id == field_id]
        if len(found) > 1:
            raise self._shared(found)
        return found[0] if found else None

    def named(self, name: str, section: str | None = None, apart: Collection[str] = ()) -> Field | None:
        """
        Return the field whose label or id is *name*, in the section with that label or id, or in any section.

        Args:
            apart: labels of other fields in the settings, which may look like *name*.

        Raises:
            AmbiguousError: several fields have that label or id, or no field has it and one has a label that looks like
                it.
        """
        fields = [field for field in self.fields if section is None or self._is_in(field, section)]
        found = [field for field in fields if name in (field.label, field.id)]
        if len(found) > 1:
            what = "labelled" if all(field.label == name for field in found) else "with the label or the id"
            hint = "rename all but one, or name the field by its id"
            msg = f"1Password item {self.title} has {len(found)} fields {what} {name}; {hint}"
            raise AmbiguousError(msg)
        if found:
            return found[0]
        for field in fields:
            near = None if field.label in apart else _near(name, field)
            if near:
                hint = f"write both the same{f', or name the field by its id {field.id}' if field.id else ''}"
                msg = f"1Password item {self.title} has no field {shown(name)}, and has {near}; {hint}"
                raise AmbiguousError(msg)
        return None

    def insist_on_its_id(self, field: Field) -> None:
        """
        Refuse to change a *field* that has no id of its own.

        Raises:
            AmbiguousError: it has no id, another field has the same id, or one of its parts exists twice.
        """
        if field.is_doubled:
            hint = "make the field anew by hand; until then it is not touched"
            msg = f"1Password item {self.title} has a field {shown(field.label or '')} with a part twice; {hint}"
            raise AmbiguousError(msg)
        if not field.id:
            hint = "make another field for the key, or take this one out: it is added anew"
            msg = f"1Password item {self.title} has a field {shown(field.label or '')} without an id; {hint}"
            raise AmbiguousError(msg)
        self.by_id(field.id)

    def _shared(self, found: Collection[Field]) -> AmbiguousError:
        labels = " and ".join(shown(field.label or "") for field in found)
        id_ = next(field.id for field in found)
        hint = "make one of them anew by hand, which gives it an id of its own; until then neither is touched"
        return AmbiguousError(f"1Password item {self.title} has {len(found)} fields of one id {id_}, {labels}; {hint}")

    def _is_in(self, field: Field, section: str) -> bool:
        if field.section is None:
            return False
        meant = [one for one in self.sections if section in (one.id, one.label)]
        ids = {one.id for one in meant if one.id}
        if field.section.label == section or section == field.section.id:
            return True
        shared = [one for one in self.sections if one.id == field.section.id and one not in meant]
        if field.section.id in ids and shared:
            # Nobody can know which of them the field is in.
            labels = " and ".join(shown(one.label or "") for one in (*meant, *shared))
            msg = f"1Password item {self.title} has sections of one id, {labels}; make one of them anew by hand"
            raise AmbiguousError(msg)
        return field.section.id in ids


def _near(name: str, field: Field) -> str:
    for what, text in (("one labelled", field.label), ("one with the id", field.id or None)):
        if near := lookalike(name, text):
            return f"{what} {near}"
    return ""


class ItemRef(msgspec.Struct, frozen=True):
    """
    The ids of an item and its vault, which a renaming does not change.
    """

    vault: str
    item: str


class ItemAccess(Protocol):
    """
    One of the three backends that reach 1Password.
    """

    name: str

    def locate(self, vault: str, item: str) -> ItemRef:
        """
        Return the ids of the one item that *vault* and *item* name, each by name or id.

        Raises:
            NotFoundError, AmbiguousError: there is none, or there are several.
        """

    def refuse_unwritable(self, vault: str, item: str) -> None:
        """
        Refuse an item that this backend can read but not write; called before a key is minted for it. Read-only.

        Raises:
            EnvironmentUnfitError: the item cannot be written.
        """

    def read(self, ref: ItemRef) -> Item:
        """
        Return the item as the server shows it now, which may lag behind the last write.

        Raises:
            NotFoundError: it does not exist, or is archived or in the trash.
        """

    def seen_ref(self, vault: str, item: str) -> ItemRef:
        """
        Return what `locate` returned in this run.
        """

    def seen_item(self, ref: ItemRef) -> Item:
        """
        Return what `read` returned in this run, with later writes, and without values that are no zot API keys.
        """

    def note_place(self, path: tuple[str, ...], ref: ItemRef, field_id: str) -> None:
        """
        Note the ids of the field that a setting names by *path*: vault, item and field.
        """

    def known_place(self, path: tuple[str, ...]) -> tuple[ItemRef, str] | None:
        """
        Return the ids of the field that a setting names by *path*, if this process knows them.
        """

    def set_value(self, ref: ItemRef, field_id: str, value: str) -> None:
        """
        Set one field's value, and return once it can be read.
        """

    def add_field(self, ref: ItemRef, label: str, value: str) -> str:
        """
        Add a concealed field, and return its id once it can be read. The new field may differ from the request, for
        example in its label or value.

        Raises:
            AmbiguousError: the item has another field of that label by now; none was added.
        """

    def remove_field(self, ref: ItemRef, field_id: str) -> None:
        """
        Remove one field, and return once it can no longer be read; a missing field is no error.
        """

    def close(self) -> None:
        """
        Close connections, threads and the like.
        """
