"""
How long every call waits: for HTTP, and for the programs and libraries that reach 1Password.
"""

from __future__ import annotations

import httpx

from .numbers import number_from

_VARIABLE = "ZOT_CI_TIMEOUT_SECONDS"
# zot answers a refused login only after its `failDelay`, and a homelab can be slow.
_SECONDS = 20.0
_LONGEST = 3600.0
# A whole answer may take so many times as long as one wait.
_WHOLE = 2.0


def timeout() -> httpx.Timeout:
    """
    Return the time-outs of every call, from the environment where it sets them: how long to wait for an answer to begin
    or to go on.

    Raises:
        EnvironmentUnfitError: the environment's value is no number of seconds.
    """
    # Zero would give up before any answer, and an endless wait would hold the stack's lock for ever.
    seconds = number_from(_VARIABLE, "seconds", _LONGEST) or _SECONDS
    return httpx.Timeout(seconds, connect=5)


def whole_answer_seconds(each: httpx.Timeout) -> float:
    """
    Return how long a whole answer may take, where *each* is what `timeout` returns.
    """
    return _WHOLE * (each.read or _SECONDS)
