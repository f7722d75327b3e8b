"""
An item in the shape of the SDK's core (0.4.2): how it is read, and how a field is added. Pure.
"""

from __future__ import annotations

import json
import secrets
from typing import Any

from ..http.shapes import shaped
from .item import CONCEALED, Item
from .item_text import DOUBLED, ItemText
from .tidied import tidied_item

# The types in Connect's words; other types differ only in capital letters.
_TYPES = {"Concealed": CONCEALED, "Text": "STRING"}
# The SDK's word for all unknown types.
_UNKNOWN = "Unsupported"


def parsed(text: ItemText) -> Item:
    """
    Return the item in a text.

    Raises:
        ShapeError: it is no item.
    """
    sections = [{"id": one.get("id"), "label": one.get("title")} for one in text.objects("sections")]
    fields = [_field(one) for one in text.objects("fields")]
    return shaped(tidied_item({**text.read, "fields": fields, "sections": sections}), Item)


def new_field(label: str, value: str) -> str:
    """
    Return a concealed field outside any section, as JSON.
    """
    # An id has 26 characters, as the vendor's own clients make it.
    named = {"id": secrets.token_hex(13), "title": label, "sectionId": None}
    return json.dumps({**named, "fieldType": "Concealed", "value": value, "details": None})


def has_unknown_type(text: ItemText) -> bool:
    """
    Whether the item has a field of a type that is unknown to the SDK.
    """
    return any(field.get("fieldType") == _UNKNOWN for field in text.objects("fields"))


def _field(field: dict[str, Any]) -> dict[str, Any]:
    type_, section = field.get("fieldType"), field.get("sectionId")
    return {
        "id": field.get("id"),
        "type": _TYPES.get(type_, type_.upper()) if isinstance(type_, str) else type_,
        "label": field.get("title"),
        "value": field.get("value"),
        "section": {"id": section} if section else None,
        DOUBLED: field.get(DOUBLED, False),
    }
