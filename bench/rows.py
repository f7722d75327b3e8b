"""
The rows of the table, in its order.
"""

from __future__ import annotations

from collections.abc import Callable

from bench.book import Measured
from bench.previews import growth, imports, preview_1, preview_100
from bench.writes import first_up_100, rotation_1, rotation_100, up_100

ROWS: dict[str, Callable[[], Measured]] = {
    "preview-1": preview_1,
    "preview-100": preview_100,
    "first-up-100": first_up_100,
    "up-100": up_100,
    "rotation-1": rotation_1,
    "rotation-100": rotation_100,
    "growth": growth,
    "imports": imports,
}
