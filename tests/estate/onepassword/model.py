"""What the embedded Connect server knows: vaults, items with their fields, tokens."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


def new_id() -> str:
    """Return an id as the vendor makes them: 26 of ``[a-z0-9]``."""
    return "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(26))


@dataclass
class Item:
    """One item: the *current* truth, and the *stale* copy that the next reads still show."""

    current: Json
    stale: Json | None = None
    stale_reads: int = 0

    @property
    def id(self) -> str:
        """Return the item's id."""
        return str(self.current["id"])

    @property
    def title(self) -> str:
        """Return the item's title."""
        return str(self.current["title"])

    @property
    def state(self) -> str:
        """Return ``ARCHIVED`` or ``DELETED``, empty for an item that is neither and is listed."""
        return str(self.current.get("state", ""))

    def seen(self) -> Json:
        """Return what a read shows now, and come one read nearer to the truth."""
        if self.stale is not None and self.stale_reads > 0:
            self.stale_reads -= 1
            return self.stale
        self.stale = None
        return self.current

    def labelled(self, label: str) -> list[Json]:
        """Return the fields of that label."""
        return [entry for entry in self.current["fields"] if entry.get("label") == label]


@dataclass
class Vault:
    """A vault and its items by id."""

    id: str
    name: str
    created_at: str
    items: dict[str, Item] = field(default_factory=dict)


@dataclass(frozen=True)
class Token:
    """A Connect token: the vaults in scope (``None``: all) and whether it may write."""

    vaults: frozenset[str] | None
    writes: bool
