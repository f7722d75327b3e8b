"""
Facts about a field other than its value. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..http.errors import AmbiguousError
from ..settings.place import Place
from .item import Field, Item, ItemRef
from .ownership import field_to_write
from .state import FieldWanted


def other_names(item: Item, ref: ItemRef, field: Field | None, wanted: FieldWanted) -> str:
    """
    Return a sentence if vault, item or field have other names now than in the settings; else an empty text. Connect and
    the SDK do not show the vault's name in an item.
    """
    called = item.vault.name if item.vault else None
    now = [("vault", wanted.vault, ref.vault, called), ("item", wanted.item, ref.item, item.title)]
    if field is not None:
        now.append(("field", wanted.field, field.id, field.label))
    others = [f"{what} {name} is called {new} now" for what, name, id_, new in now if new and name not in (id_, new)]
    return f"{' and '.join(others)}, and was found by its id: write that into the settings" if others else ""


def why_not_added(item: Item, ref: ItemRef, place: Place, named: Sequence[tuple[str, Place]]) -> str:
    """
    Return why a missing field cannot be added again at *place*; empty if it can.

    Args:
        named: every field in the settings, with the user name of its account.
    """
    try:
        field_to_write(item, ref, place, named)
    except AmbiguousError as exc:
        return f": {exc}"
    return ""
