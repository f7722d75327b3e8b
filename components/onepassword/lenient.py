"""
How the parts of an item are read that other programs made: whatever is not as the vendor's documents have it is read as
not there, and stops nobody who does not need it.
"""

from __future__ import annotations

from typing import Annotated, Any

import pydantic
from pydantic import BeforeValidator


def _text(value: Any) -> str | None:
    # An empty id, or one that is no text, is none.
    return value if isinstance(value, str) and value else None


def _held(value: Any) -> Any:
    # By the vendor's documents a value can be a number, which is no key, and of interest only as that.
    return str(value) if isinstance(value, int | float) else value


def _type(value: Any) -> Any:
    return "CONCEALED" if value is None else value if isinstance(value, str) else "?"


def _object(value: Any) -> Any:
    return value if isinstance(value, dict | pydantic.BaseModel) else None


def _objects(value: Any) -> Any:
    if not isinstance(value, list):
        return [] if value is None else value
    return [_object(one) or {} for one in value]


Text = Annotated[str | None, BeforeValidator(_text)]
TextOrEmpty = Annotated[str, BeforeValidator(lambda value: _text(value) or "")]
Value = Annotated[str | None, BeforeValidator(_held)]
FieldType = Annotated[str, BeforeValidator(_type)]
IF_OBJECT = BeforeValidator(_object)
OBJECTS = BeforeValidator(_objects)
