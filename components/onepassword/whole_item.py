"""
What two backends share, the CLI and the SDK, which write a whole item at a time: they read the item, change one field,
write the item, and begin again if somebody else wrote in between.

Everything but that field goes back as it came, in the vendor's own shape: what this program does not know of an item
is kept. One write runs at a time in a process, since each locks the whole vault at the vendor.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import stamina

from ..http.errors import NotFoundError, UnexpectedAnswerError
from .item import Item, ItemRef
from .seen import SeenItems
from .write_queue import WriteQueue

Raw = TypeVar("Raw")
_Shown = TypeVar("_Shown")

_ATTEMPTS = 6


class ConflictError(Exception):
    """
    Somebody else wrote between our read and our write, which changed nothing; only between attempts.
    """


class WholeItemAccess(SeenItems, Generic[Raw]):
    """
    A backend that reads and writes whole items only. *Raw* is an item in the vendor's own shape.
    """

    name: str

    def __init__(self) -> None:
        super().__init__()
        # One lane for all: the vendor locks the whole vault.
        self._queue: WriteQueue[Callable[[Raw], None], Item] = WriteQueue(self._rewrite, lane=lambda ref: None)

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

        with self._writing_to(ref):
            field = self._queue.write(ref, change).by_id(field_id)
            shown = self._insist(ref, field if field and field.value == value else None)
        self._note_field(ref, shown)

    def add_field(self, ref: ItemRef, label: str, value: str) -> str:
        """
        Add a concealed field outside any section. A conflict has added nothing, so that it may be met by another try.
        """
        with self._writing_to(ref):
            written = self._queue.write(ref, lambda raw: self._add(raw, label, value))
            added = (field for field in written.fields if field.label == label and field.value == value)
            field = self._insist(ref, next(added, None))
        self._note_field(ref, field)
        return field.id

    def remove_field(self, ref: ItemRef, field_id: str) -> None:
        """
        Remove one field; one that is gone is no error, and nothing is written then.
        """
        if self.read(ref).by_id(field_id) is None:
            return
        with self._writing_to(ref):
            written = self._queue.write(ref, lambda raw: self._remove(raw, field_id))
            self._insist(ref, written if written.by_id(field_id) is None else None)
        self._note_removed(ref, field_id)

    def _rewrite(self, ref: ItemRef, changes: Sequence[Callable[[Raw], None]]) -> Sequence[Item | Exception]:
        """
        Read the item, make the *changes*, write it; return for each what the vendor says is there now. One that cannot
        be made stops no other.
        """
        try:
            for attempt in stamina.retry_context(
                on=ConflictError, attempts=_ATTEMPTS, timeout=60, wait_initial=0.2, wait_jitter=0.3
            ):
                with attempt:
                    raw = self._get(ref)
                    self._parsed(raw).insist_that_it_is_there(self.name)
                    faults = [_fault(change, raw) for change in changes]
                    if all(faults):
                        return [fault for fault in faults if fault]
                    written = self._parsed(self._put(ref, raw))
        except ConflictError:
            hint = "something else is writing to the vault; run again when it is done"
            msg = f"{self.name} refused {_ATTEMPTS} times to write item {ref.item} for a conflict; {hint}"
            raise UnexpectedAnswerError(msg) from None
        return [fault or written for fault in faults]

    def _insist(self, ref: ItemRef, shown: _Shown | None) -> _Shown:
        if shown is None:
            hint = "bring it up to date (`op` 2.23 or newer), then run again"
            msg = f"{self.name} took a change of item {ref.item} and shows the item without it; {hint}"
            raise UnexpectedAnswerError(msg)
        return shown

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


def _fault(change: Callable[[Raw], None], raw: Raw) -> NotFoundError | None:
    try:
        change(raw)
    except NotFoundError as exc:
        return exc
    return None
