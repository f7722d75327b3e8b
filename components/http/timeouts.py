"""
How long every call waits: for HTTP, and for the programs and libraries that reach 1Password.
"""

from __future__ import annotations

import math
import os

import httpx

from .errors import EnvironmentUnfitError

_VARIABLE = "ZOT_CI_TIMEOUT_SECONDS"
# zot answers a refused login only after its `failDelay`, and a homelab can be slow.
_SECONDS = 20.0
_LONGEST = 3600.0


def timeout() -> httpx.Timeout:
    """
    Return the time-outs of every call, from the environment where it sets them.

    Raises:
        EnvironmentUnfitError: what it sets is no number of seconds.
    """
    text = os.environ.get(_VARIABLE, "").strip()
    try:
        seconds = float(text or _SECONDS)
    except ValueError:
        seconds = math.nan
    # 0 would give up before any answer can come, and an endless wait holds the stack's lock for ever.
    if not 0 < seconds <= _LONGEST:
        rule = f"more than 0, at most {_LONGEST:g}"
        msg = f"{_VARIABLE} is not a number of seconds, {rule}; correct it or take it out of the environment"
        raise EnvironmentUnfitError(msg)
    return httpx.Timeout(seconds, connect=5)
