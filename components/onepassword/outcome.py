"""
What was asked of 1Password, compared with what it gave: a server may cut a label, put a field elsewhere, or lose one,
and answer that all is well. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from ..rotation import looks_like_a_key
from .item import CONCEALED, Field, Item
from .names import shown

# What the vendor's programs call the section of a field that was added outside any (seen in items that `op` printed).
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
    Return the field that was added to the *item* with that label and value, if it shows; with *exactly* false, also
    one that has but one of the two, if there is no other.

    Args:
        before: the ids of the fields that were there before; None if that is not known.
    """
    new = [field for field in item.fields if field.id and field.id not in (before or ())]
    exact = next((field for field in new if field.label == label and field.value == value), None)
    if exact or exactly or before is None:
        return exact
    near = [field for field in new if field.label == label or field.value == value]
    return near[0] if len(near) == 1 else None


def faults(field: Field, label: str | None, value: str) -> list[str]:
    """
    Say what is wrong with a *field* that was to have that label, if one is given, and that value. Never shows a value.
    """
    found = []
    if label is not None and field.label != label:
        found.append(f"the label {shown(field.label or '')} instead of {shown(label)}")
    if field.value != value:
        found.append("another value than the key")
    return found


def differences(before: Field | None, after: Field) -> list[str]:
    """
    Say what else a write has made of a field, which keeps nobody from the key: its type, its section, its label.
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
    Return the labels of the fields that hold no key and did not come back from a write of the whole item as they were.
    """
    missing = _others(asked) - _others(given)
    return sorted({label or "" for label, _ in missing})


def _section(field: Field | None) -> str | None:
    id_ = field.section.id if field and field.section else None
    return None if id_ in _NO_SECTION else id_


def _others(item: Item) -> Counter[tuple[str | None, str]]:
    return Counter((field.label, field.value or "") for field in item.fields if not looks_like_a_key(field.value))
