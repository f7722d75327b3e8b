"""
One answer for all threads of a process that ask the same question.

The engine calls a provider from four threads, and many resources look at one thing, such as an item or a list. A thread
that asks while the same question is in flight waits for its answer. A thread that asks later gets the known answer. No
lock is held during a request.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

import msgspec

from .errors import UnreachableError

_Key = TypeVar("_Key", bound=Hashable)
_Answer = TypeVar("_Answer")

# A question that took this long to fail is not asked again at once: each thread would wait for its own time-out.
_LONG_SECONDS = 2.0
_LONGEST_SILENCE = 30.0


class _Entry(msgspec.Struct, Generic[_Answer], eq=False):
    answer: Future[_Answer] = msgspec.field(default_factory=Future)
    # By the monotonic clock; None while the question is in flight.
    lasts_until: float | None = None


class Once(Generic[_Key, _Answer]):
    """
    The known answers, by question.

    Args:
        seconds: how long an answer is used at most; by default as long as the process lives.
    """

    def __init__(self, seconds: float = float("inf")) -> None:
        self._seconds = seconds
        self._lock = Lock()
        self._entries: dict[_Key, _Entry[_Answer]] = {}

    def get(self, key: _Key, ask: Callable[[], _Answer]) -> _Answer:
        """
        Return what *ask* returns, or what it returned for this *key* before.

        Raises:
            ReconcileError: *ask* raised it; all waiting threads get it. Only a silence that took long to notice is
                remembered, for some seconds.
        """
        with self._lock:
            entry = self._entries.get(key)
            asking = entry is None or (entry.lasts_until is not None and entry.lasts_until <= time.monotonic())
            if entry is None or asking:
                entry = self._entries[key] = _Entry()
        if asking:
            self._fill(key, entry, ask)
        return entry.answer.result()

    def _fill(self, key: _Key, entry: _Entry[_Answer], ask: Callable[[], _Answer]) -> None:
        began = time.monotonic()
        try:
            answer = ask()
        except BaseException as exc:  # whatever it is, no thread may wait for ever
            took = time.monotonic() - began
            lasts = isinstance(exc, UnreachableError) and took >= _LONG_SECONDS
            self._settle(key, entry, min(took, _LONGEST_SILENCE) if lasts else 0.0)
            entry.answer.set_exception(exc)
        else:
            self._settle(key, entry, self._seconds)
            entry.answer.set_result(answer)

    def _settle(self, key: _Key, entry: _Entry[_Answer], seconds: float) -> None:
        """
        Use the answer for so many *seconds* from now on.
        """
        with self._lock:
            entry.lasts_until = time.monotonic() + seconds
            if not seconds and self._entries.get(key) is entry:
                del self._entries[key]

    def amend(self, key: _Key, change: Callable[[_Answer], _Answer]) -> None:
        """
        Apply a *change* to the known answer. An answer in flight may be from before or after the change, so only the
        threads that wait for it get it.
        """
        with self._lock:
            entry = self._entries.pop(key, None)
            if entry is None or entry.lasts_until is None or entry.answer.exception():
                return
            amended = self._entries[key] = _Entry(lasts_until=entry.lasts_until)
            amended.answer.set_result(change(entry.answer.result()))

    def forget(self, which: Callable[[_Key], bool] | None = None) -> None:
        """
        Forget the answers to *which* questions, or all answers, since something changed. An answer in flight goes only
        to the threads that wait for it.
        """
        with self._lock:
            self._entries = {key: one for key, one in self._entries.items() if which is not None and not which(key)}


class SingleFlight(Generic[_Key, _Answer]):
    """
    Questions whose answers are not remembered; threads that ask while the same question is in flight share its answer.

    That answer may be a moment old, which suits a thread that polls until something can be seen.
    """

    def __init__(self) -> None:
        self._once: Once[_Key, _Answer] = Once(0.0)

    def get(self, key: _Key, ask: Callable[[], _Answer]) -> _Answer:
        """
        Return what *ask* returns, or the answer in flight.
        """
        return self._once.get(key, ask)
