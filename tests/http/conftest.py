"""
Repeats without their waits, and the waits that were asked for.
"""

from __future__ import annotations

from tests.http.waits import no_waits, slept

__all__ = ["no_waits", "slept"]
