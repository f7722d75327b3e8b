"""
What 1Password did, compared with the request: a server may cut a label, move a field to another section, or lose one,
and still answer with success. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from ..rotation import looks_like_a_key
from .item import CONCEALED, Field, Item
from .names import shown

# The vendor's name for the section of a field outside any section (seen in items that `op` printed).
_NO_SECTION = (None, "add more")


def ids_in(item: Item) -> set[str]:
    """
    Return the ids of the item's fields.
    """
    return {field.id for field in item.fields if field.id}


def added_field(
    before: Collection[str] | None, item: Item, label: str, value: str, *, exactly: bool = True
) -> Field | None:
    """
    Return the field that was added to the *item* with that label and value; None if there is none. If *exactly* is
    false, a single new field with only the label or only the value counts, too.

    Args:
        before: the ids of the fields before the write; None if they are not known.
    """
    new = [field for field in item.fields if field.id and field.id not in (before or ())]
    exact = next((field for field in new if field.label == label and field.value == value), None)
    if exact or exactly or before is None:
        return exact
    near = [field for field in new if field.label == label or field.value == value]
    return near[0] if len(near) == 1 else None


def faults(field: Field, label: str | None, value: str) -> list[str]:
    """
    Return what is wrong with a *field* that should have that label, if one is given, and that value. No value is shown.
    """
    found = []
    if label is not None and field.label != label:
        found.append(f"the label {shown(field.label or '')} instead of {shown(label)}")
    if field.value != value:
        found.append("another value than the key")
    return found


def differences(before: Field | None, after: Field) -> list[str]:
    """
    Return what else a write changed in a field, which still has the key: its type, its section, its label.
    """
    found = []
    type_ = before.type if before else CONCEALED
    if after.type != type_:
        visible = ", so the key can be read over a shoulder" if after.type == "STRING" else ""
        found.append(f"it is of type {after.type} instead of {type_} now{visible}")
    if _section(after) != _section(before):
        found.append(f"it is in section {shown(_section(after) or '')} instead of {shown(_section(before) or '')} now")
    if before and after.label != before.label:
        found.append(f"its label is {shown(after.label or '')} instead of {shown(before.label or '')} now")
    return found


def lost_fields(asked: Item, given: Item) -> list[str]:
    """
    Return the labels of fields without a key that a write of the whole item changed or lost.
    """
    missing = _others(asked) - _others(given)
    return sorted({label or "" for label, _ in missing})


def _section(field: Field | None) -> str | None:
    id_ = field.section.id if field and field.section else None
    return None if id_ in _NO_SECTION else id_


def _others(item: Item) -> Counter[tuple[str | None, str]]:
    return Counter((field.label, field.value or "") for field in item.fields if not looks_like_a_key(field.value))
