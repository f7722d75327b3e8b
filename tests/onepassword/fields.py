"""
The provider of the field, the field as a run recorded it, and what the item holds beside it.
"""

from __future__ import annotations

from typing import Any

from tests.dynamic.wanted import field, next_run, outs_of
from tests.world import FIELD, ITEM, VAULT, World
from zot_ci.dynamic.provider import Props
from zot_ci.onepassword.item_field import ItemFieldProvider

PROVIDER = ItemFieldProvider()
ANOTHER_KEY = "zak_" + 32 * "1"
FOREIGN = "a-password-of-somebody"


def in_sync(world: World, **inputs: Any) -> Props:
    """The field as the last run recorded it."""
    outs = outs_of(PROVIDER.create(field(**inputs)))
    next_run(world)
    return outs


def others(world: World) -> list[dict[str, Any]]:
    """Every other field of the item."""
    return world.estate.onepassword.other_fields(VAULT, ITEM, FIELD)


def held(world: World, label: str = FIELD) -> list[dict[str, Any]]:
    """The fields of that label."""
    return world.estate.onepassword.item(VAULT, ITEM).labelled(label)
