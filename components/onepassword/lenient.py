"""
How the parts of an item are read that other programs made: whatever is not as the vendor's documents have it is read as
not there, and stops nobody who does not need it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def text(value: Any) -> str | None:
    """
    Return a text; None for one that is empty, and for what is none.
    """
    return value if isinstance(value, str) and value else None


def held(value: Any) -> Any:
    """
    Return a field's value as text. By the vendor's documents it can be a number, which is no key, and of interest only
    as that.
    """
    return str(value) if isinstance(value, int | float) else value


def field_type(value: Any, absent: str) -> str:
    """
    Return a field's type, *absent* for one without, and "?" for what cannot be one.
    """
    return absent if value is None else value if isinstance(value, str) else "?"


def members(value: Any) -> dict[str, Any]:
    """
    Return an object as it is; an empty one for what is none.
    """
    return value if isinstance(value, dict) else {}


def objects(value: Any, read: Callable[[dict[str, Any]], Any]) -> Any:
    """
    Return a list with each of its objects *read*; an empty list if there is none. What is no list is left as it is.
    """
    if not isinstance(value, list):
        return [] if value is None else value
    return [read(members(one)) for one in value]
