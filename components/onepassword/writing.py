"""
Adds a field or sets its value, by any backend, and compares the result with the request.
"""

from __future__ import annotations

import logging

from ..http.errors import UnexpectedAnswerError
from ..settings.place import Place
from .item import Field, ItemAccess, ItemRef
from .outcome import differences, faults

_log = logging.getLogger(__name__)


def add_field(access: ItemAccess, ref: ItemRef, place: Place, value: str) -> str:
    """
    Add the field of that *place* to the item, and return its id. A field that differs from the request is removed
    again.

    Raises:
        UnexpectedAnswerError: the new field has another label or value.
    """
    label = place.path[2]
    field_id = access.add_field(ref, label, value)
    added = access.seen_item(ref).by_id(field_id)
    found = faults(added, label, value) if added else []
    if found:
        access.remove_field(ref, field_id)
        hint = "the field was taken out again: name one that 1Password keeps as it is named, or make it by hand"
        msg = f"{access.name} took {place.thing} and gave it {' and '.join(found)}; {hint}"
        raise UnexpectedAnswerError(msg)
    _say_differences(None, added, place)
    return field_id


def set_field(access: ItemAccess, ref: ItemRef, field: Field, place: Place, value: str) -> None:
    """
    Set the value of the *field* at *place*.

    Raises:
        UnexpectedAnswerError: the field has another value afterwards.
    """
    access.set_value(ref, field.id, value)
    after = access.seen_item(ref).by_id(field.id)
    found = faults(after, None, value) if after else []
    if found:
        hint = "look at the field, and whether something else writes to it; then run again"
        msg = f"{access.name} took a value for {place.thing} and shows {' and '.join(found)}; {hint}"
        raise UnexpectedAnswerError(msg)
    _say_differences(field, after, place)


def _say_differences(before: Field | None, after: Field | None, place: Place) -> None:
    for difference in differences(before, after) if after else []:
        _log.warning("%s: since it was written, %s", place.thing, difference)
