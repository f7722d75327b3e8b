"""
Which of the points of `make faults` a day's tests try: every point has its turn within two weeks.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime

# Each point is three runs of the engine, and there are 134 of them: all on one day would be half of all tests' time.
STRIPES = 14


def choose() -> int:
    """
    Return today's stripe, or the one that STRIPE in the environment names; a failure of another day is so repeated.
    """
    chosen = os.environ.get("STRIPE") or str(datetime.now(UTC).toordinal() % STRIPES)
    if chosen not in map(str, range(STRIPES)):
        raise ValueError(f"STRIPE is {chosen!r}; it must be a number from 0 to {STRIPES - 1}")
    return int(chosen)
