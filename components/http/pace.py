"""
How fast one client asks its system: as many requests at once as the engine has threads, and within its rate limit.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore, Event, Lock

from .numbers import number_from

_VARIABLE = "ZOT_CI_REQUESTS_PER_SECOND"
_MOST_A_SECOND = 1000.0
# How many requests to one system are in flight at once, and so its connections. The engine calls a provider from four
# threads, and one call may send some requests side by side.
AT_ONCE = 4
# The share of the allowed rate that is used: requests do not arrive as evenly as they were sent.
_USED = 0.75
# Seconds between two requests, after the first 429: as if 20 a second were allowed.
_FIRST_INTERVAL = 1 / (_USED * 20)
_LONGEST_INTERVAL = 1.0


class Pace:
    """
    The pace of one client's requests, which all go to one system.

    If the environment sets no rate, requests begin at once until the system answers 429; from then on they begin one
    interval apart.

    Raises:
        EnvironmentUnfitError: the rate in the environment is no number of requests.
    """

    def __init__(self) -> None:
        self._room = BoundedSemaphore(AT_ONCE)
        self._lock = Lock()
        allowed = number_from(_VARIABLE, "requests", _MOST_A_SECOND)
        self._interval = 1 / (_USED * allowed) if allowed else 0.0
        self._next = 0.0
        self._slowed_at = 0.0

    @contextmanager
    def one(self) -> Iterator[float]:
        """
        Wait for the turn of one request, which is sent inside; yield the time at which it begins.
        """
        with self._lock:
            now = time.monotonic()
            begin = max(now, self._next)
            self._next = begin + self._interval
        if begin > now:
            Event().wait(begin - now)
        with self._room:
            yield time.monotonic()

    def was_too_fast(self, began: float) -> None:
        """
        Slow down, if the request that was answered 429 *began* after the last slow-down.
        """
        with self._lock:
            now = time.monotonic()
            if began < self._slowed_at:
                return
            self._slowed_at = now
            slower = min(max(2 * self._interval, _FIRST_INTERVAL), _LONGEST_INTERVAL)
            # The environment may have set a lower rate than that.
            self._interval = max(self._interval, slower)
            self._next = max(self._next, now + self._interval)
