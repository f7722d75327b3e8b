"""
What every backend offers, what an item is, and how a field is found in it.

Most of an item is somebody else's, made by other programs in their own ways: a part of it that is not as the vendor's
documents have it, such as a field without an id, is nobody's fault as long as nobody names it.
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
    One section of an item. A field names its section by id; some backends give the label there too.
    """

    id: str | None = None
    label: str | None = None


class Vault(msgspec.Struct, frozen=True):
    """
    The vault of an item; not every backend names it there.
    """

    name: str | None = None


class Field(Concealed, frozen=True):
    """
    One field of an item. An absent value is an empty one, and so is an absent id; a field that others made may lack
    anything.

    Args:
        is_doubled: a part of it is there twice.
        is_hidden: it had a value that is no zot API key, and that was taken out.
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
        Whether there is a value in it that is no zot API key, white space around it aside.
        """
        return self.is_hidden or bool(self.value and not looks_like_a_key(self.value.strip()))

    def without_other_value(self) -> Field:
        """
        Return the field without its value if that is no zot API key.
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
        return replace(self, fields=[one.without_other_value() for one in self.fields])

    def with_field(self, field: Field) -> Item:
        """
        Return the item with that *field*, in the place of the one that had its id.
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
            AmbiguousError: several fields have it.
        """
        found = [field for field in self.fields if field.id == field_id]
        if len(found) > 1:
            raise self._shared(found)
        return found[0] if found else None

    def named(self, name: str, section: str | None = None, apart: Collection[str] = ()) -> Field | None:
        """
        Return the field whose label, or id, is *name*, in the section of that label or id, or in whatever section.

        Args:
            apart: labels that are known to be meant for other fields, however much they look like *name*.

        Raises:
            AmbiguousError: several fields have that label or id, or none has it and one looks as if it had.
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
        Refuse to change a *field* that no id tells from the other ones.

        Raises:
            AmbiguousError: it has no id, or another one has the same, or a part of it is there twice.
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
            # Which of them the field is in, nobody can say.
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

    def note_place(self, path: tuple[str, ...], ref: ItemRef, field_id: str) -> None:
        """
        Note which field a run knows by the names in *path*: vault, item and field, as a setting has them.
        """

    def known_place(self, path: tuple[str, ...]) -> tuple[ItemRef, str] | None:
        """
        Return which field that is, by ids, if this process knows.
        """

    def set_value(self, ref: ItemRef, field_id: str, value: str) -> None:
        """
        Give one field a value, and return once it can be read.
        """

    def add_field(self, ref: ItemRef, label: str, value: str) -> str:
        """
        Add a concealed field, and return its id once it can be read. It may have come out otherwise than it was asked
        for, in its label or value for example.
        """

    def remove_field(self, ref: ItemRef, field_id: str) -> None:
        """
        Remove one field, and return once it is gone; one that is gone already is no error.
        """

    def close(self) -> None:
        """
        Let go of connections, threads and the like.
        """
