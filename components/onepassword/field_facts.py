"""
What a look at a field finds beside its value. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..http.errors import AmbiguousError
from ..settings.place import Place
from .item import Item, ItemRef
from .ownership import field_to_write


def other_names(item: Item, ref: ItemRef, vault: str, title: str) -> str:
    """
    Say that vault or item are called otherwise by now than *vault* and *title*, by which the settings name them; empty
    if they are not. Connect and the SDK do not say what the vault of an item is called.
    """
    called = item.vault.name if item.vault else None
    now = [("vault", vault, ref.vault, called), ("item", title, ref.item, item.title)]
    others = [f"{what} {name} is called {new} now" for what, name, id_, new in now if new and name not in (id_, new)]
    return f"{' and '.join(others)}, and was found by its id: write that into the settings" if others else ""


def why_not_added(item: Item, ref: ItemRef, place: Place, named: Sequence[tuple[str, Place]]) -> str:
    """
    Say why a field that is gone cannot be added anew at *place*; empty if it can.

    Args:
        named: every field that the settings name, with the user name of its account.
    """
    try:
        field_to_write(item, ref, place, named)
    except AmbiguousError as exc:
        return f": {exc}"
    return ""
