"""
The end of one process of the engine and the beginning of another, in a test's own process.
"""

from __future__ import annotations

from components.dynamic.run_memory import MEMORY
from components.dynamic.seen import SEEN
from components.dynamic.told import TOLD
from components.http import connections


def another_process() -> None:
    """
    What follows has no connection, has asked nothing yet and remembers nothing.
    """
    connections.forget_all()
    MEMORY.forget()
    SEEN.forget()
    TOLD.forget()
