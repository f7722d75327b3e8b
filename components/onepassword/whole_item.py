"""
What two backends share, the CLI and the SDK, which write a whole item at a time: they read the item, change one field,
write the item, and begin again if somebody else wrote in between.

Everything but that field goes back as it came, in the vendor's own shape: what this program does not know of an item
is kept. One write runs at a time in a process, since each locks the whole vault at the vendor.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

import stamina

from ..http.errors import NotFoundError, UnexpectedAnswerError
from .item import Item, ItemRef

Raw = TypeVar("Raw")

_ATTEMPTS = 6


class ConflictError(Exception):
    """
    Somebody else wrote between our read and our write, which changed nothing; only between attempts.
    """


class WholeItemAccess(Generic[Raw]):
    """
    A backend that reads and writes whole items only. *Raw* is an item in the vendor's own shape.
    """

    name: str

    def __init__(self) -> None:
        self._writing = Lock()

    def refuse_unwritable(self, vault: str, item: str) -> None:
        """
        What can be read can be written, unless a backend knows better.
        """

    def read(self, ref: ItemRef) -> Item:
        """
        Read the item, values in clear.
        """
        item = self._parsed(self._get(ref))
        item.insist_that_it_is_there(self.name)
        return item

    def set_value(self, ref: ItemRef, field_id: str, value: str) -> None:
        """
        Give one field a value.
        """

        def change(raw: Raw) -> None:
            if not self._set(raw, field_id, value):
                hint = "somebody removed it during this run; run again"
                msg = f"{self.name} item {ref.item} has no field {field_id} any more; {hint}"
                raise NotFoundError(msg)

        written = self._rewrite(ref, change)
        field = written.by_id(field_id)
        self._insist(ref, field is not None and field.value == value)

    def add_field(self, ref: ItemRef, label: str, value: str) -> str:
        """
        Add a concealed field outside any section. A conflict has added nothing, so that it may be met by another try.
        """
        written = self._rewrite(ref, lambda raw: self._add(raw, label, value))
        added = next((field for field in written.fields if field.label == label and field.value == value), None)
        self._insist(ref, added is not None)
        return added.id if added else ""

    def remove_field(self, ref: ItemRef, field_id: str) -> None:
        """
        Remove one field; one that is gone is no error, and nothing is written then.
        """
        if self.read(ref).by_id(field_id) is None:
            return
        written = self._rewrite(ref, lambda raw: self._remove(raw, field_id))
        self._insist(ref, written.by_id(field_id) is None)

    def _rewrite(self, ref: ItemRef, change: Callable[[Raw], None]) -> Item:
        """
        Read the item, *change* it, write it; return what the vendor says is there now.
        """
        try:
            with self._writing:
                for attempt in stamina.retry_context(
                    on=ConflictError, attempts=_ATTEMPTS, timeout=60, wait_initial=0.2, wait_jitter=0.3
                ):
                    with attempt:
                        raw = self._get(ref)
                        self._parsed(raw).insist_that_it_is_there(self.name)
                        change(raw)
                        written = self._parsed(self._put(ref, raw))
        except ConflictError:
            hint = "something else is writing to the vault; run again when it is done"
            msg = f"{self.name} refused {_ATTEMPTS} times to write item {ref.item} for a conflict; {hint}"
            raise UnexpectedAnswerError(msg) from None
        return written

    def _insist(self, ref: ItemRef, done: bool) -> None:
        if not done:
            hint = "bring it up to date (`op` 2.23 or newer), then run again"
            msg = f"{self.name} took a change of item {ref.item} and shows the item without it; {hint}"
            raise UnexpectedAnswerError(msg)

    # Implemented by each backend.

    def _get(self, ref: ItemRef) -> Raw:
        raise NotImplementedError

    def _put(self, ref: ItemRef, raw: Raw) -> Raw:
        raise NotImplementedError

    def _parsed(self, raw: Raw) -> Item:
        raise NotImplementedError

    def _set(self, raw: Raw, field_id: str, value: str) -> bool:
        raise NotImplementedError

    def _add(self, raw: Raw, label: str, value: str) -> None:
        raise NotImplementedError

    def _remove(self, raw: Raw, field_id: str) -> None:
        raise NotImplementedError
