"""
1Password, one field of one item at a time.
"""

from __future__ import annotations

from components.clients.onepassword.item import Field, Item, ItemAccess, ItemRef

__all__ = ["Field", "Item", "ItemAccess", "ItemRef"]
