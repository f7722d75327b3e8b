"""
As few writes to shared items as possible: one at a time, and changes that arrive meanwhile share the next write.

A hundred fields of one item would otherwise wait for a hundred answers. No lock is held during a write.
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

# The engine has four threads for a provider, so more changes than that wait only in other programs.
_MOST = 50

Send = Callable[[ItemRef, Sequence[_Change]], Sequence["_Result | Exception"]]


class _Waiting(msgspec.Struct, Generic[_Change, _Result], eq=False):
    ref: ItemRef
    change: _Change
    # None: this thread has to send now, with all changes that can share the write.
    result: Future[_Result | BaseException | None] = msgspec.field(default_factory=Future)


class WriteQueue(Generic[_Change, _Result]):
    """
    The waiting writes.

    Args:
        send: writes all changes to an item, in one request if possible, and returns the result of each; raises if all
            failed in the same way.
        lane: writes with the same lane are not sent side by side.
    """

    def __init__(self, send: Send[_Change, _Result], lane: Callable[[ItemRef], Hashable]) -> None:
        self._send = send
        self._lane = lane
        self._lock = Lock()
        # A lane has a list while a thread is sending.
        self._lanes: dict[Hashable, list[_Waiting[_Change, _Result]]] = {}

    def write(self, ref: ItemRef, change: _Change) -> _Result:
        """
        Write *change*, alone or with others, and return its result.

        Raises:
            ReconcileError: it was not written, or that is unknown.
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
        except BaseException as exc:  # whatever it is, no thread may wait for ever
            results = [exc] * len(batch)
        finally:
            self._pass_on(lane)
        for one, result in zip(batch, results, strict=True):
            if one is not mine:
                one.result.set_result(result)
        return results[batch.index(mine)]

    def _pass_on(self, lane: Hashable) -> None:
        """
        Let the first waiting thread send next.
        """
        with self._lock:
            waiting = self._lanes[lane]
            if not waiting:
                del self._lanes[lane]
        if waiting:
            waiting[0].result.set_result(None)
