"""
Whether and when a request is sent again: after an answer or a failure that may pass, and only where that is safe.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import httpx
import stamina

from .wording import PROXY_REFUSES_SIGN_IN, no_answer_in_words

# The same request may succeed after these answers. Only a request that is safe to repeat is sent again.
TRANSIENT = frozenset({409, 429, 500, 502, 503, 504})
_LONGEST_RETRY_AFTER = 20.0


class _TransientAnswer(Exception):
    """
    An answer worth a second try; only between the attempts of one call.
    """

    def __init__(self, response: httpx.Response) -> None:
        super().__init__(response.status_code)
        self.response = response


@dataclass(frozen=True)
class Repeats:
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
        try:
            for attempt in stamina.retry_context(
                on=lambda exc: _repeats_after(exc, after_no_answer=after_no_answer),
                attempts=self.attempts,
                timeout=90,
                wait_initial=self.wait,
                wait_jitter=self.wait,
            ):
                with attempt:
                    response = send()
                    if response.status_code in transient:
                        raise _TransientAnswer(response)
        except _TransientAnswer as exc:
            return exc.response
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
