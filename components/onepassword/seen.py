"""
The items that a process has read, for all resources that look at the same item.

Most fields of a shared item belong to others. A value stays in memory only if it has the form of a zot API key.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..http.once import Once
from .item import Field, Item, ItemRef
from .outcome import ids_in

# A run can wait an hour for a canary. A field must not be overwritten because of something that was read before that.
_SECONDS = 60.0


class SeenItems:
    """
    The memory of a backend, for all three backends.
    """

    def __init__(self) -> None:
        self._refs: Once[tuple[str, str], ItemRef] = Once()
        self._items: Once[ItemRef, Item] = Once(_SECONDS)
        self._last: dict[ItemRef, Item] = {}
        self._places: dict[tuple[str, ...], tuple[ItemRef, str]] = {}

    def note_place(self, path: tuple[str, ...], ref: ItemRef, field_id: str) -> None:
        """
        Note the ids of the field that a setting names by *path*: vault, item and field.
        """
        self._places[path] = (ref, field_id)

    def known_place(self, path: tuple[str, ...]) -> tuple[ItemRef, str] | None:
        """
        Return the ids of the field that a setting names by *path*, if this process knows them.
        """
        return self._places.get(path)

    def seen_ref(self, vault: str, item: str) -> ItemRef:
        """
        Return what `locate` returns, asked once for each pair of names.
        """
        return self._refs.get((vault, item), lambda: self.locate(vault, item))

    def seen_item(self, ref: ItemRef) -> Item:
        """
        Return the item as this process read it within the last minute, with its later writes, and without values that
        are no zot API keys.
        """
        item = self._items.get(ref, lambda: self.read(ref).without_other_values())
        self._note_read(ref, item)
        return item

    def _note_read(self, ref: ItemRef, item: Item) -> None:
        self._last[ref] = item.without_other_values()

    def _ids_seen(self, ref: ItemRef) -> set[str] | None:
        """
        Return the ids of the item's fields at the last look; None if there was no look.
        """
        item = self._last.get(ref)
        return None if item is None else ids_in(item)

    def _field_seen(self, ref: ItemRef, field_id: str) -> Field | None:
        """
        Return the field as it was at the last look at the item; None if there was no look.

        Raises:
            AmbiguousError: another field had the same id.
        """
        item = self._last.get(ref)
        return item.by_id(field_id) if item else None

    @contextmanager
    def _writing_to(self, ref: ItemRef) -> Iterator[None]:
        """
        Forget the item if the write inside fails, since its content is unknown then.
        """
        try:
            yield
        except BaseException:  # also an interrupt may have come after the write was sent
            self._items.forget(lambda known: known == ref)
            raise

    def _note_field(self, ref: ItemRef, field: Field) -> None:
        """
        Note a *field* as it was seen after a write.
        """
        self._items.amend(ref, lambda item: item.with_field(field).without_other_values())

    def _note_removed(self, ref: ItemRef, field_id: str) -> None:
        self._items.amend(ref, lambda item: item.without_field(field_id))

    def locate(self, vault: str, item: str) -> ItemRef:
        """
        Ask for the ids of the one item; each backend implements it.
        """
        raise NotImplementedError

    def read(self, ref: ItemRef) -> Item:
        """
        Ask for the item; each backend implements it.
        """
        raise NotImplementedError
