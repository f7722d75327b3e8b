"""
1Password, one field of one item at a time, by three ways: `choice.py` says which.
"""

from __future__ import annotations

from components.clients.onepassword.item import Field, Item, ItemAccess, ItemRef
from components.clients.onepassword.reference import Reference

__all__ = ["Field", "Item", "ItemAccess", "ItemRef", "Reference"]
