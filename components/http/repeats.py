"""
Whether and when a request is sent again: after an answer or a failure that may pass, and only where that is safe.

The retry library is loaded when something is tried again, which most runs never do: its import would be a twentieth of
what a process of the provider loads (26.1, measured).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import httpx
import msgspec

from .wording import PROXY_REFUSES_SIGN_IN, no_answer_in_words

if TYPE_CHECKING:
    import stamina

# The same request may succeed after these answers. Only a request that is safe to repeat is sent again.
TRANSIENT = frozenset({409, 429, 500, 502, 503, 504})
_LONGEST_RETRY_AFTER = 20.0
# All tries of one request together, in seconds.
_LONGEST = 90.0
_is_quiet = False


def quieten() -> None:
    """
    Let the library log nothing in this process: its lines have the exception that led to a repeat.
    """
    global _is_quiet  # it is the process that is quiet
    _is_quiet = True


def attempts(on: type[Exception] | Callable[[Exception], bool | float], **how: Any) -> Iterator[stamina.Attempt]:
    """
    Return the attempts at something, each to be made inside `with`; an exception that *on* names or accepts leads to
    the next one. *how* is `stamina.retry_context`'s.
    """
    import stamina

    if _is_quiet:
        stamina.instrumentation.set_on_retry_hooks([])
    return iter(stamina.retry_context(on, **how))


class _TransientAnswer(Exception):
    """
    An answer worth a second try; only between the attempts of one call.
    """

    def __init__(self, response: httpx.Response) -> None:
        super().__init__(response.status_code)
        self.response = response


class Repeats(msgspec.Struct, frozen=True):
    """
    How often and how long a request is tried.

    Args:
        attempts: tries in all, the first included.
        wait: seconds before the second try, doubled each time up to five seconds.
    """

    attempts: int = 4
    wait: float = 0.2

    def send(
        self, send: Callable[[], httpx.Response], transient: frozenset[int], *, after_no_answer: bool
    ) -> httpx.Response:
        """
        Return what *send* returns. It is called again after an answer with a *transient* status and, if that is safe,
        *after_no_answer*. The last answer counts, whatever its status.

        Raises:
            httpx.TransportError: the last call got no answer.
        """
        if not transient:
            return send()
        began = time.monotonic()
        try:
            return _unless_transient(send(), transient)
        except (httpx.TransportError, _TransientAnswer) as exc:
            failed = exc
        try:
            for attempt in attempts(
                on=lambda exc: _repeats_after(exc, after_no_answer=after_no_answer),
                attempts=self.attempts,
                timeout=_LONGEST - (time.monotonic() - began),
                wait_initial=self.wait,
                wait_jitter=self.wait,
            ):
                with attempt:
                    if attempt.num == 1:
                        raise failed
                    response = _unless_transient(send(), transient)
        except _TransientAnswer as exc:
            return exc.response
        return response


def _unless_transient(response: httpx.Response, transient: frozenset[int]) -> httpx.Response:
    if response.status_code in transient:
        raise _TransientAnswer(response)
    return response


def _repeats_after(exc: Exception, *, after_no_answer: bool) -> bool | float:
    """
    Return whether to send again, or the seconds to wait if the server named them.
    """
    if isinstance(exc, _TransientAnswer):
        after = exc.response.headers.get("retry-after", "")
        return min(float(after), _LONGEST_RETRY_AFTER) if after.isdecimal() else True
    # A proxy may lock whoever shows it a wrong password again and again.
    return (
        after_no_answer and isinstance(exc, httpx.TransportError) and no_answer_in_words(exc) != PROXY_REFUSES_SIGN_IN
    )
