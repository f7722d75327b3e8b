"""
Writes to shared items, as few as possible: one at a time, and whoever comes meanwhile goes into the next one.

A write to a shared item takes as long as its answer, and a hundred fields of one item would wait for a hundred of them.
No lock is held while a write is under way.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

import msgspec

from .item import ItemRef

_Change = TypeVar("_Change")
_Result = TypeVar("_Result")

# The engine has four threads for a provider; more would wait here only in another program.
_MOST = 50

Send = Callable[[ItemRef, Sequence[_Change]], Sequence["_Result | Exception"]]


class _Waiting(msgspec.Struct, Generic[_Change, _Result], eq=False):
    ref: ItemRef
    change: _Change
    # None: it is this one's turn to send, for all that can go with it.
    result: Future[_Result | BaseException | None] = msgspec.field(default_factory=Future)


class WriteQueue(Generic[_Change, _Result]):
    """
    The writes that wait.

    Args:
        send: writes all changes to an item, in one go if that can be, and returns for each what came of it; raises if
            the same came of all.
        lane: what cannot be written side by side.
    """

    def __init__(self, send: Send[_Change, _Result], lane: Callable[[ItemRef], Hashable]) -> None:
        self._send = send
        self._lane = lane
        self._lock = Lock()
        # Where there is a list, somebody is sending.
        self._lanes: dict[Hashable, list[_Waiting[_Change, _Result]]] = {}

    def write(self, ref: ItemRef, change: _Change) -> _Result:
        """
        Write *change*, alone or with others, and return what came of it.

        Raises:
            ReconcileError: it was not written, or nobody knows.
        """
        mine: _Waiting[_Change, _Result] = _Waiting(ref, change)
        lane = self._lane(ref)
        with self._lock:
            is_free = lane not in self._lanes
            self._lanes.setdefault(lane, []).append(mine)
        result = None if is_free else mine.result.result()
        if result is None:
            result = self._send_with_others(lane, mine)
        if isinstance(result, BaseException):
            raise result
        return result

    def _send_with_others(self, lane: Hashable, mine: _Waiting[_Change, _Result]) -> _Result | BaseException:
        with self._lock:
            waiting = self._lanes[lane]
            batch = [one for one in waiting if one.ref == mine.ref][:_MOST]
            self._lanes[lane] = [one for one in waiting if one not in batch]
        results: Sequence[_Result | BaseException]
        try:
            results = self._send(mine.ref, [one.change for one in batch])
        except BaseException as exc:  # whatever it is, nobody may wait for ever
            results = [exc] * len(batch)
        finally:
            self._pass_on(lane)
        for one, result in zip(batch, results, strict=True):
            if one is not mine:
                one.result.set_result(result)
        return results[batch.index(mine)]

    def _pass_on(self, lane: Hashable) -> None:
        """
        Let the first of those that wait send next.
        """
        with self._lock:
            waiting = self._lanes[lane]
            if not waiting:
                del self._lanes[lane]
        if waiting:
            waiting[0].result.set_result(None)
