"""
A limit for the whole of an answer.

httpx limits only the wait for the next bytes: a server, or a proxy in front of it, that sends one byte now and then
would hold a run, and with it the stack's lock, for ever (httpx 0.28, measured).
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx


class Limit(threading.local):
    """
    When the answer that this thread waits for has to be there, by the monotonic clock; each thread has one of its own.
    """

    ends_at = math.inf

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """
        Let each answer that is waited for inside be there within so many *seconds*, else raise `httpx.ReadTimeout`.
        """
        self.ends_at = time.monotonic() + seconds
        try:
            yield
        finally:
            self.ends_at = math.inf


def limit(transport: httpx.HTTPTransport, by: Limit) -> None:
    """
    Let every connection of *transport* keep to that limit. It has none yet.
    """
    pool = transport._pool
    # httpx has no argument for it; httpcore has one, of that name.
    vars(pool)["_network_backend"] = _Backend(vars(pool)["_network_backend"], by)


# These are httpcore's NetworkBackend and NetworkStream. httpx loads httpcore with the first client, which not every
# process has.


class _Backend:
    def __init__(self, backend: Any, by: Limit) -> None:
        self._backend, self._by = backend, by

    def connect_tcp(self, *given: Any, **more: Any) -> _Stream:
        return _Stream(self._backend.connect_tcp(*given, **more), self._by)


class _Stream:
    def __init__(self, stream: Any, by: Limit) -> None:
        self._stream, self._by = stream, by

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def read(self, max_bytes: int, timeout: float | None = None) -> Any:
        left = self._by.ends_at - time.monotonic()
        if left <= 0:
            from httpcore import ReadTimeout

            raise ReadTimeout
        return self._stream.read(max_bytes, left if timeout is None else min(left, timeout))

    def start_tls(self, *given: Any, **more: Any) -> _Stream:
        return _Stream(self._stream.start_tls(*given, **more), self._by)
