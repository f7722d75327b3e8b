"""
The common part of two backends, the CLI and the SDK, which write a whole item: they read the item, change one field,
write the item, and start again if somebody else wrote in between.

Every byte except that field is written back unchanged in the vendor's own shape, so parts that this program does not
know are kept. A process runs one write at a time, since each write locks the whole vault at the vendor.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

from ..http.errors import AmbiguousError, EnvironmentUnfitError, NotFoundError, UnexpectedAnswerError
from ..http.repeats import attempts
from .item import Item, ItemRef
from .item_text import DoubledError, ItemText
from .outcome import added_field, ids_in, lost_fields
from .seen import SeenItems
from .write_queue import WriteQueue

_log = logging.getLogger(__name__)

_Shown = TypeVar("_Shown")
_Change = Callable[[ItemText], None]
# The item before a write, and the vendor's answer to the write.
_Written = tuple[Item, Item]

_ATTEMPTS = 6


class ConflictError(Exception):
    """
    Somebody else wrote between our read and our write, so our write changed nothing; only between attempts.
    """


class WholeItemAccess(SeenItems):
    """
    A backend that reads and writes whole items only.
    """

    name: str

    def __init__(self) -> None:
        super().__init__()
        self._unwritable: dict[ItemRef, str] = {}
        # All items share one lane, since the vendor locks the whole vault.
        self._queue: WriteQueue[_Change, _Written] = WriteQueue(self._rewrite, lane=lambda ref: None)

    def refuse_unwritable(self, vault: str, item: str) -> None:
        """
        Refuse an item that cannot be written, by the backend's last look at it.
        """
        ref = self.seen_ref(vault, item)
        self.seen_item(ref)
        why = self._unwritable.get(ref)
        if why:
            msg = f"{self.name} cannot write item {item} in {vault}, so no key was made for it; {why}"
            raise EnvironmentUnfitError(msg)

    def read(self, ref: ItemRef) -> Item:
        """
        Read the item with its values.
        """
        text = self._get(ref)
        self._unwritable[ref] = self._why_unwritable(text)
        item = self._parsed(text)
        item.insist_that_it_is_there(self.name)
        return item

    def set_value(self, ref: ItemRef, field_id: str, value: str) -> None:
        """
        Set one field's value.
        """

        def change(text: ItemText) -> None:
            if not text.set_value(field_id, value):
                hint = "somebody removed it during this run; run again"
                msg = f"{self.name} item {ref.item} has no field {field_id} any more; {hint}"
                raise NotFoundError(msg)

        with self._writing_to(ref):
            _, written = self._queue.write(ref, change)
            shown = self._insist(ref, written.by_id(field_id))
        self._note_field(ref, shown)

    def add_field(self, ref: ItemRef, label: str, value: str) -> str:
        """
        Add a concealed field outside any section. After a conflict it is tried again, since nothing was added.
        """
        field = self._new_field(label, value)
        with self._writing_to(ref):
            before, written = self._queue.write(ref, lambda text: text.add(field))
            added = self._insist(ref, added_field(ids_in(before), written, label, value, exactly=False))
        self._note_field(ref, added)
        return added.id

    def remove_field(self, ref: ItemRef, field_id: str) -> None:
        """
        Remove one field. A missing field is no error, and nothing is written then.
        """
        if self.read(ref).by_id(field_id) is None:
            return
        with self._writing_to(ref):
            _, written = self._queue.write(ref, lambda text: text.remove(field_id))
            self._insist(ref, written if written.by_id(field_id) is None else None)
        self._note_removed(ref, field_id)

    def _rewrite(self, ref: ItemRef, changes: Sequence[_Change]) -> Sequence[_Written | Exception]:
        """
        Read the item, make the *changes* and write it; return for each change the item before and after the write. A
        change that cannot be made is returned as its error and stops no other.
        """
        try:
            for attempt in attempts(
                on=ConflictError, attempts=_ATTEMPTS, timeout=60, wait_initial=0.2, wait_jitter=0.3
            ):
                with attempt:
                    text = self._get(ref)
                    before = self._parsed(text)
                    before.insist_that_it_is_there(self.name)
                    faults = [_fault(change, text, before) for change in changes]
                    if all(faults):
                        return [fault for fault in faults if fault]
                    asked = self._parsed(text)
                    written = self._parsed(self._put(ref, text))
        except ConflictError:
            hint = "something else is writing to the vault; run again when it is done"
            msg = f"{self.name} refused {_ATTEMPTS} times to write item {ref.item} for a conflict; {hint}"
            raise UnexpectedAnswerError(msg) from None
        lost = lost_fields(asked, written)
        if lost:
            hint = "look at it, and take them back from the item's history"
            what = f"item {before.title} came back from a write without these fields as they were"
            _log.warning("%s: %s: %s; %s", self.name, what, ", ".join(lost), hint)
        return [fault or (before, written) for fault in faults]

    def _insist(self, ref: ItemRef, shown: _Shown | None) -> _Shown:
        if shown is None:
            hint = "bring it up to date (`op` 2.23 or newer), then run again"
            msg = f"{self.name} took a change of item {ref.item} and shows the item without it; {hint}"
            raise UnexpectedAnswerError(msg)
        return shown

    # Implemented by each backend.

    def _get(self, ref: ItemRef) -> ItemText:
        raise NotImplementedError

    def _put(self, ref: ItemRef, text: ItemText) -> ItemText:
        raise NotImplementedError

    def _parsed(self, text: ItemText) -> Item:
        raise NotImplementedError

    def _why_unwritable(self, text: ItemText) -> str:
        """
        Return why the item cannot be written, and what to do; empty if no reason is known.
        """
        raise NotImplementedError

    def _new_field(self, label: str, value: str) -> str:
        """
        Return a concealed field in the vendor's shape, as JSON.
        """
        raise NotImplementedError


def _fault(change: _Change, text: ItemText, item: Item) -> NotFoundError | AmbiguousError | None:
    try:
        change(text)
    except NotFoundError as exc:
        return exc
    except DoubledError:
        hint = "make the field anew by hand; until then neither is touched"
        return AmbiguousError(f"1Password item {item.title} has a field whose id or value is there twice; {hint}")
    return None
