"""
Repeats without their waits, for every test of this folder.
"""

from __future__ import annotations

from tests.http.waits import no_waits, without_waits

__all__ = ["no_waits", "without_waits"]
