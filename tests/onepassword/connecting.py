"""
A client of 1Password Connect, over the embedded server or over prepared answers, and the item that it looks at.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.http.told import URL, Answer, Told
from tests.world import ITEM, VAULT, World
from zot_ci.onepassword.access import onepassword
from zot_ci.onepassword.connect import Connect
from zot_ci.onepassword.item import ItemAccess, ItemRef

REF = ItemRef("v" * 26, "i" * 26)


def item_with(*fields: dict[str, Any]) -> dict[str, Any]:
    """An item as the server shows it."""
    return {"id": REF.item, "title": ITEM, "fields": list(fields)}


def told_client(monkeypatch: pytest.MonkeyPatch, *answers: Answer) -> tuple[Told, Connect]:
    """A client of a server that answers what it is told."""
    monkeypatch.setenv("OP_CONNECT_HOST", URL)
    monkeypatch.setenv("OP_CONNECT_TOKEN", "a-token")
    told = Told(*answers)
    return told, Connect(told.transport)


def located(world: World) -> tuple[ItemAccess, ItemRef]:
    """The client, and where its item is."""
    access = onepassword()
    world.estate.log.clear()
    return access, access.locate(VAULT, ITEM)
