"""
An embedded 1Password Connect server: vaults, items, fields, and reads that lag writes.

Read in the vendor's OpenAPI 1.7.1, SDKs and Terraform provider; no vendor server was run. The parts that hurt are here:
a title may match several items, the answer to an update carries the old ``version``, the next reads are still the old
item, and a PUT silently drops every field it does not name.
"""

from __future__ import annotations

import copy
import secrets
import string
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from tests.estate.core import System, World, stamp
from tests.estate.onepassword import api, direct

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


class OnePassword(System):
    """The embedded Connect server. *lag_reads* is how many reads after a write still show the old item."""

    name = "onepassword"

    def __init__(self, world: World, url: str) -> None:
        self.vaults: dict[str, Vault] = {}
        self.tokens: dict[str, Token] = {}
        self.lag_reads = 2
        self.puts = 0
        # What happens to the next writes: a status that refuses each, and what somebody does just before one.
        self.refusals: list[int] = []
        self.meanwhile: Callable[[], None] | None = None
        super().__init__(world, url)

    def routes(self) -> ASGIApp:
        """Return the API's routes."""
        item = "/v1/vaults/{vault}/items/{item}"
        routes = [
            Route("/heartbeat", self._answer(api.heartbeat)),
            Route("/health", self._answer(api.health)),
            Route("/v1/vaults", self._answer(api.list_vaults), methods=["GET"]),
            Route("/v1/vaults/{vault}", self._answer(api.get_vault), methods=["GET"]),
            Route("/v1/vaults/{vault}/items", self._answer(api.list_items), methods=["GET"]),
            Route(item, self._answer(api.get_item), methods=["GET"]),
            Route(item, self._answer(api.patch_item), methods=["PATCH"]),
            Route(item, self._answer(api.put_item), methods=["PUT"]),
            *(Route(path, self._answer(handler), methods=[method]) for method, path, handler in direct.ROUTES),
        ]
        return Starlette(routes=routes)

    def _answer(self, handler: api.Handler) -> api.Endpoint:
        async def endpoint(request: Request) -> Response:
            try:
                return await handler(self, request)
            except api.Refusal as refusal:
                return refusal.response()

        return endpoint

    def store(self, item: Item, changed: Json) -> Json:
        """Write an item and return the answer to that write: the new content under the old version."""
        item.stale, item.stale_reads = copy.deepcopy(item.current), self.lag_reads
        old_version = item.current["version"]
        for entry in changed["fields"]:
            if entry.get("type") == "CONCEALED":
                self.secrets.add(entry.get("value"))
        item.current = changed | {
            "version": old_version + 1,
            "updatedAt": stamp(self.clock.now()),
            "lastEditedBy": new_id(),
        }
        return item.current | {"version": old_version}

    def before_writing(self) -> None:
        """Let happen what a test has planned for the next write."""
        if self.meanwhile:
            meanwhile, self.meanwhile = self.meanwhile, None
            meanwhile()
        if self.refusals:
            raise api.Refusal(self.refusals.pop(0), "refused, as the test wants it")

    # Back doors: no such call on a real server.

    def add_vault(self, name: str) -> Vault:
        """Back door: make a vault; two may have one name."""
        vault = Vault(new_id(), name, stamp(self.clock.now()))
        self.vaults[vault.id] = vault
        return vault

    def add_item(self, vault: str, title: str, fields: Iterable[tuple[str, ...]] = ()) -> Item:
        """Back door: make an item. A field is ``(label, value[, type[, section label]])``, else CONCEALED."""
        entries: list[Json] = []
        sections: dict[str, Json] = {}
        for label, value, *more in fields:
            entry: Json = {"id": new_id(), "type": more[0] if more else "CONCEALED", "label": label, "value": value}
            if len(more) > 1:
                section = sections.setdefault(more[1], {"id": new_id(), "label": more[1]})
                entry["section"] = {"id": section["id"]}
            if entry["type"] == "CONCEALED":
                self.secrets.add(value)
            entries.append(entry)
        holder, now = self.vault(vault), stamp(self.clock.now())
        current: Json = {"id": new_id(), "title": title, "vault": {"id": holder.id, "name": holder.name}}
        current |= {"category": "SECURE_NOTE", "tags": [], "version": 1, "createdAt": now, "updatedAt": now}
        current |= {"lastEditedBy": new_id(), "sections": list(sections.values()), "fields": entries}
        item = Item(current)
        holder.items[item.id] = item
        return item

    def add_token(self, vaults: Iterable[str] | None = None, writes: bool = True) -> str:
        """Back door: make a token for the *vaults* of these names (``None``: all), able to write or not."""
        text = self.secrets.new(120, prefix="ey")
        scope = None if vaults is None else frozenset(self.vault(name).id for name in vaults)
        self.tokens[text] = Token(scope, writes)
        return text

    def vault(self, name: str) -> Vault:
        """Back door: the one vault of that name or id."""
        [vault] = [vault for vault in self.vaults.values() if name in (vault.name, vault.id)]
        return vault

    def item(self, vault: str, title: str) -> Item:
        """Back door: the one item of that title or id."""
        [item] = [item for item in self.vault(vault).items.values() if title in (item.title, item.id)]
        return item

    def field(self, vault: str, item: str, label: str) -> str | None:
        """Back door: the true value of the field, however old the reads are; ``None`` where there is none."""
        found = self.item(vault, item).labelled(label)
        return found[0].get("value", "") if found else None

    def set_field(self, vault: str, item: str, label: str, value: str | None) -> None:
        """Back door: somebody edits the field by hand, seen at once; ``None`` removes it."""
        held = self.item(vault, item)
        held.stale = None
        found = held.labelled(label)
        if value is None:
            held.current["fields"] = [entry for entry in held.current["fields"] if entry not in found]
        elif found:
            found[0]["value"] = self.secrets.add(value) or value
        else:
            entry = {"id": new_id(), "type": "CONCEALED", "label": label, "value": value}
            held.current["fields"].append(entry)
            self.secrets.add(value)
        held.current["version"] += 1

    def other_fields(self, vault: str, item: str, label: str) -> list[Json]:
        """Back door: a copy of every field but those of that label, to compare byte for byte later."""
        return copy.deepcopy([entry for entry in self.item(vault, item).current["fields"] if entry["label"] != label])
