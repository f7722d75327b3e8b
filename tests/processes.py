"""
The end of one process of the engine and the beginning of another, in a test's own process.
"""

from __future__ import annotations

from zot_ci.dynamic.run import RUN
from zot_ci.dynamic.seen import SEEN
from zot_ci.http import connections


def another_process() -> None:
    """
    What follows has no connection, has asked nothing yet and remembers nothing.
    """
    connections.forget_all()
    RUN.forget()
    SEEN.forget()


def another_process_of_the_run() -> None:
    """
    What follows is a second process of the same run: it has seen nothing itself, and knows what the others have noted.
    """
    connections.forget_all()
    SEEN.forget()
