"""
A limit for the whole of an answer.

httpx limits only the wait for the next bytes: a server, or a proxy in front of it, that sends one byte now and then
would hold a run, and with it the stack's lock, for ever (httpx 0.28, measured).
"""

from __future__ import annotations

import math
import time
from typing import Any

import httpx


def limit(transport: httpx.HTTPTransport, seconds: float) -> None:
    """
    Let each answer on a connection of *transport* be there within so many *seconds* after its request was sent, else
    raise `httpx.ReadTimeout`. The transport has no connection yet.
    """
    # httpx has no argument for it; httpcore has one, of that name.
    pool = vars(transport._pool)
    pool["_network_backend"] = _Backend(pool["_network_backend"], seconds)


# These are httpcore's NetworkBackend and NetworkStream. httpx loads httpcore with the first client, which not every
# process has.


class _Backend:
    def __init__(self, backend: Any, seconds: float) -> None:
        self._backend, self._seconds = backend, seconds

    def connect_tcp(self, *given: Any, **more: Any) -> _Stream:
        return _Stream(self._backend.connect_tcp(*given, **more), self._seconds)


class _Stream:
    def __init__(self, stream: Any, seconds: float) -> None:
        self._stream, self._seconds = stream, seconds
        self._ends_at = math.inf

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, *given: Any, **more: Any) -> None:
        self._stream.write(*given, **more)
        self._ends_at = time.monotonic() + self._seconds

    def read(self, max_bytes: int, timeout: float | None = None) -> Any:
        left = self._ends_at - time.monotonic()
        if left <= 0:
            from httpcore import ReadTimeout

            raise ReadTimeout
        return self._stream.read(max_bytes, left if timeout is None else min(left, timeout))

    def start_tls(self, *given: Any, **more: Any) -> _Stream:
        return _Stream(self._stream.start_tls(*given, **more), self._seconds)
