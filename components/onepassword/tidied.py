"""
An item as a backend shows it, reduced to the parts that `item.py` knows.
"""

from __future__ import annotations

from typing import Any

from . import lenient
from .item import CONCEALED
from .item_text import DOUBLED


def tidied_item(read: Any) -> Any:
    """
    Return the *read* JSON of an item with the names of `Item` and its parts, and without all others.

    Parts that others made are read leniently. Invalid parts are left as they are, and `shaped` refuses them.
    """
    if not isinstance(read, dict):
        return read
    known = {"id": read["id"]} if "id" in read else {}
    return known | {
        "title": lenient.text(read.get("title")) or "",
        "vault": _vault(read.get("vault")),
        "state": lenient.text(read.get("state")),
        "sections": lenient.objects(read.get("sections"), _section),
        "fields": lenient.objects(read.get("fields"), _field),
    }


def _vault(read: Any) -> Any:
    return {"name": lenient.text(read.get("name"))} if isinstance(read, dict) else None


def _section(read: dict[str, Any]) -> dict[str, Any]:
    return {"id": lenient.text(read.get("id")), "label": lenient.text(read.get("label"))}


def _field(read: dict[str, Any]) -> dict[str, Any]:
    section = read.get("section")
    return {
        "id": lenient.text(read.get("id")) or "",
        "type": lenient.field_type(read.get("type"), CONCEALED),
        "label": lenient.text(read.get("label")),
        "value": lenient.held(read.get("value")),
        "section": _section(section) if isinstance(section, dict) else None,
        "is_doubled": read.get(DOUBLED) is True,
    }
