"""
An item as JSON text, in which one field can be changed while every other byte stays.

Parsing JSON and writing it again makes other changes: `1e3` becomes `1000.0`, one of two members with the same name is
lost, and an escaped letter is no longer escaped. So the one field is found and changed in the text. This module knows
only the members `fields`, `id` and `value`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()

# *read* adds this member to an object that has two members of one name, and shows the last of the two.
DOUBLED = "has a member twice"
# Where a value begins and ends in the text.
_Span = tuple[int, int]


class DoubledError(ValueError):
    """
    The field or its value exists twice, and choosing one would be a guess.
    """


class ItemText:
    """
    One item's text.

    Args:
        text: JSON.

    Raises:
        ValueError: it is no JSON, no object, or has several or invalid lists of fields.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        msg = "no item"
        try:
            self.read = _read(text)
        except (ValueError, RecursionError):
            raise ValueError(msg) from None
        lists = _named(text, _start(text), "fields") if isinstance(self.read, dict) else []
        if not isinstance(self.read, dict) or len(lists) > 1 or not isinstance(self.read.get("fields"), list | None):
            raise ValueError(msg)

    def objects(self, name: str) -> list[dict[str, Any]]:
        """
        Return the objects in the item's list *name*.
        """
        listed = self.read.get(name)
        return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []

    def set_value(self, field_id: str, value: str) -> bool:
        """
        Set the value of the field with that id; return whether there is such a field.

        Raises:
            DoubledError: several fields have that id, or this one has it or its value twice.
        """
        found = self._with_id(field_id)
        if not found:
            return False
        start, end = found[0]
        values = _named(self.text, start, "value")
        if len(found) > 1 or len(values) > 1 or len(_named(self.text, start, "id")) > 1:
            raise DoubledError
        if values:
            self._replace(values[0], json.dumps(value))
        else:
            # Before the closing brace: `op` leaves an empty value out.
            self._replace((end - 1, end - 1), f', "value": {json.dumps(value)}')
        return True

    def add(self, field: str) -> None:
        """
        Add a *field*, given as JSON, at the end of the list.
        """
        span = self._fields()
        if span and self.text[span[0]] == "[":
            elements = self._elements()
            end = elements[-1][1] if elements else span[1] - 1
            self._replace((end, end), f", {field}" if elements else field)
        elif span:
            # null
            self._replace(span, f"[{field}]")
        else:
            end = self.text.rindex("}")
            comma = ", " if self.read else ""
            self._replace((end, end), f'{comma}"fields": [{field}]')

    def remove(self, field_id: str) -> None:
        """
        Remove the field with that id, if there is one.

        Raises:
            DoubledError: several fields have that id, or this one has it twice.
        """
        found = self._with_id(field_id)
        if not found:
            return
        if len(found) > 1 or len(_named(self.text, found[0][0], "id")) > 1:
            raise DoubledError
        elements = self._elements()
        at = elements.index(found[0])
        start, end = found[0]
        if at:
            start = elements[at - 1][1]
        elif len(elements) > 1:
            end = elements[1][0]
        self._replace((start, end), "")

    def _fields(self) -> _Span | None:
        return next(iter(_named(self.text, _start(self.text), "fields")), None)

    def _elements(self) -> list[_Span]:
        span = self._fields()
        return list(_elements(self.text, span[0])) if span and self.text[span[0]] == "[" else []

    def _with_id(self, field_id: str) -> list[_Span]:
        objects = [one for one in self._elements() if self.text[one[0]] == "{"]
        return [
            one for one in objects if field_id in [_value(self.text, id_) for id_ in _named(self.text, one[0], "id")]
        ]

    def _replace(self, span: _Span, by: str) -> None:
        self.text = self.text[: span[0]] + by + self.text[span[1] :]
        self.read = _read(self.text)


def _read(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_noting_what_is_doubled)


def _noting_what_is_doubled(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    return read if len(read) == len(pairs) else read | {DOUBLED: True}


def _start(text: str) -> int:
    return _after_space(text, 0)


def _after_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _value(text: str, span: _Span) -> Any:
    return _DECODER.raw_decode(text, span[0])[0]


def _named(text: str, at: int, name: str) -> list[_Span]:
    """
    Return the spans of the values of all members with that *name*, in the object that begins at *at*.
    """
    return [span for member, span in _members(text, at) if member == name]


def _members(text: str, at: int) -> Iterator[tuple[str, _Span]]:
    at = _after_space(text, at + 1)
    while text[at] != "}":
        name, at = _DECODER.raw_decode(text, at)
        # Past the colon.
        start = _after_space(text, _after_space(text, at) + 1)
        end = _DECODER.raw_decode(text, start)[1]
        yield name, (start, end)
        at = _after_comma(text, end)


def _elements(text: str, at: int) -> Iterator[_Span]:
    at = _after_space(text, at + 1)
    while text[at] != "]":
        end = _DECODER.raw_decode(text, at)[1]
        yield at, end
        at = _after_comma(text, end)


def _after_comma(text: str, at: int) -> int:
    at = _after_space(text, at)
    return _after_space(text, at + 1) if text[at] == "," else at
