"""Back doors of the embedded Connect server: what a test or a person does to the vaults. No such call on a real one."""

from __future__ import annotations

import copy
from collections.abc import Iterable

from tests.estate.core import Clock, SecretBook, stamp
from tests.estate.onepassword.model import Item, Json, Token, Vault, new_id


class BackDoors:
    """What stands behind Connect's HTTP side, for tests."""

    clock: Clock
    secrets: SecretBook
    vaults: dict[str, Vault]
    tokens: dict[str, Token]

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
        """Back door: the one item of that title or id; an archived or deleted one only if there is no other."""
        found = [item for item in self.vault(vault).items.values() if title in (item.title, item.id)]
        [item] = [item for item in found if not item.state] or found
        return item

    def archive_item(self, vault: str, item: str) -> Item:
        """Back door: somebody archives an item: no list has it, by id it is still read."""
        return self._put_into(vault, item, "ARCHIVED")

    def delete_item(self, vault: str, item: str, for_good: bool = False) -> Item:
        """Back door: somebody deletes an item: no list has it, by id it is still read, unless it is gone *for_good*."""
        held = self._put_into(vault, item, "DELETED")
        if for_good:
            del self.vault(vault).items[held.id]
        return held

    def recover_item(self, vault: str, item: str) -> Item:
        """Back door: somebody takes an archived or deleted item back."""
        return self._put_into(vault, item, "")

    def _put_into(self, vault: str, item: str, state: str) -> Item:
        held = self.item(vault, item)
        held.stale = None
        held.current.pop("state", None)
        if state:
            held.current["state"] = state
        held.current["version"] += 1
        return held

    def delete_vault(self, vault: str) -> None:
        """Back door: somebody deletes a vault; tokens that were for it are for nothing there."""
        del self.vaults[self.vault(vault).id]

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

    def add_raw(self, vault: str, item: str, entry: Json, section: Json | None = None, first: bool = False) -> Json:
        """Back door: another program leaves a field, and perhaps a section, in whatever shape."""
        held = self.item(vault, item)
        held.stale = None
        held.current["fields"].insert(0 if first else len(held.current["fields"]), entry)
        if section is not None:
            held.current["sections"].append(section)
        if isinstance(entry.get("value"), str):
            self.secrets.add(entry["value"])
        held.current["version"] += 1
        return entry

    def rename_item(self, vault: str, item: str, title: str) -> None:
        """Back door: somebody gives an item another title."""
        held = self.item(vault, item)
        held.stale = None
        held.current["title"] = title
        held.current["version"] += 1

    def rename_vault(self, vault: str, name: str) -> None:
        """Back door: somebody gives a vault another name; its items are the same."""
        held = self.vault(vault)
        held.name = name
        for item in held.items.values():
            item.stale = None
            item.current["vault"]["name"] = name

    def other_fields(self, vault: str, item: str, label: str) -> list[Json]:
        """Back door: a copy of every field but those of that label, to compare byte for byte later."""
        return copy.deepcopy([one for one in self.item(vault, item).current["fields"] if one.get("label") != label])
