"""
How seldom a process of seconds looks for garbage.
"""

from __future__ import annotations

import atexit
import gc
from functools import cache


@cache
def collect_rarely() -> None:
    """
    Look for garbage less often than Python does by itself, and not at the end, which frees everything anyway. Once for
    a process: each of its five providers calls this.

    Of a preview of a hundred accounts the one took a third of the program's time, and the other a third of a second in
    each process (3.11, measured).
    """
    gc.set_threshold(50_000, 20, 100)
    atexit.register(gc.freeze)
