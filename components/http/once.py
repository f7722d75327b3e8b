"""
One answer for all who ask for the same: within a process, which is a run of the engine or a part of one.

The engine calls a provider from four threads, and many resources look at one thing: an item, a list. Whoever asks while
the same question is in the air waits for its answer; whoever asks later gets the answer that is known. No lock is held
while the network is asked.
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

# A question that took so long to fail is not asked again at once: others would wait for a time-out each.
_LONG_SECONDS = 2.0
_LONGEST_SILENCE = 30.0


class _Entry(msgspec.Struct, Generic[_Answer], eq=False):
    answer: Future[_Answer] = msgspec.field(default_factory=Future)
    # By this process's own clock; None while it is in the air.
    lasts_until: float | None = None


class Once(Generic[_Key, _Answer]):
    """
    The answers that are known, by what was asked.

    Args:
        seconds: how long an answer serves at most; without it, as long as the process lives.
    """

    def __init__(self, seconds: float = float("inf")) -> None:
        self._seconds = seconds
        self._lock = Lock()
        self._entries: dict[_Key, _Entry[_Answer]] = {}

    def get(self, key: _Key, ask: Callable[[], _Answer]) -> _Answer:
        """
        Return what *ask* returns, or returned when it was called for this *key* last.

        Raises:
            ReconcileError: what *ask* raised, to all who were waiting. It is not remembered, except for some seconds a
                silence that took long to find out.
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
        except BaseException as exc:  # whatever it is, nobody may wait for ever
            took = time.monotonic() - began
            lasts = isinstance(exc, UnreachableError) and took >= _LONG_SECONDS
            self._settle(key, entry, min(took, _LONGEST_SILENCE) if lasts else 0.0)
            entry.answer.set_exception(exc)
        else:
            self._settle(key, entry, self._seconds)
            entry.answer.set_result(answer)

    def _settle(self, key: _Key, entry: _Entry[_Answer], seconds: float) -> None:
        """
        Let the answer serve for so long, from now on.
        """
        with self._lock:
            entry.lasts_until = time.monotonic() + seconds
            if not seconds and self._entries.get(key) is entry:
                del self._entries[key]

    def amend(self, key: _Key, change: Callable[[_Answer], _Answer]) -> None:
        """
        *change* the answer that is known, by what is known to have changed. One that is in the air may be from before
        or after: it serves those who wait for it, and nobody later.
        """
        with self._lock:
            entry = self._entries.pop(key, None)
            if entry is None or entry.lasts_until is None or entry.answer.exception():
                return
            amended = self._entries[key] = _Entry(lasts_until=entry.lasts_until)
            amended.answer.set_result(change(entry.answer.result()))

    def forget(self, which: Callable[[_Key], bool] | None = None) -> None:
        """
        Forget the answers to *which* questions, or all of them: they were changed. What is in the air serves nobody
        who asks from now on.
        """
        with self._lock:
            self._entries = {key: one for key, one in self._entries.items() if which is not None and not which(key)}


class Together(Generic[_Key, _Answer]):
    """
    Questions that are not remembered: who asks while the same one is in the air gets its answer too.

    That answer may be from a moment before: fit for whoever waits until something can be seen.
    """

    def __init__(self) -> None:
        self._once: Once[_Key, _Answer] = Once(0.0)

    def get(self, key: _Key, ask: Callable[[], _Answer]) -> _Answer:
        """
        Return what *ask* returns, or what is just coming.
        """
        return self._once.get(key, ask)
