"""
Lenient reading of the parts of an item that other programs made: a part that differs from the vendor's documents counts
as missing, and is no fault for whoever does not need it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def text(value: Any) -> str | None:
    """
    Return a text; None for an empty text or another type.
    """
    return value if isinstance(value, str) and value else None


def held(value: Any) -> Any:
    """
    Return a field's value as text. By the vendor's documents it can be a number, which is never a key.
    """
    return str(value) if isinstance(value, int | float) else value


def field_type(value: Any, absent: str) -> str:
    """
    Return a field's type; *absent* if it has none, and "?" for an invalid one.
    """
    return absent if value is None else value if isinstance(value, str) else "?"


def members(value: Any) -> dict[str, Any]:
    """
    Return an object; an empty one for another type.
    """
    return value if isinstance(value, dict) else {}


def objects(value: Any, read: Callable[[dict[str, Any]], Any]) -> Any:
    """
    Return a list with *read* applied to each object; an empty list for None. Another type is returned unchanged.
    """
    if not isinstance(value, list):
        return [] if value is None else value
    return [read(members(one)) for one in value]
