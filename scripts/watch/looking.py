"""
One look at a stack: what is asked of the engine for a status document.
"""

from __future__ import annotations

from datetime import UTC, datetime

from .document import Status
from .engine import StackError, ask, ask_for_json
from .gathering import gather
from .look import HISTORY, PREVIEW, stack_name, take_apart


def look_at(stack: str | None) -> Status:
    """
    Return the status document of a stack: its state, a preview, and when its last `up`s ran. Changes nothing.

    Raises:
        StackError: the state cannot be read. A preview that fails is part of the document.
    """
    now = datetime.now(UTC)
    state = ask_for_json(stack, "stack", "export")
    preview = ask(stack, *PREVIEW)
    try:
        history = ask_for_json(stack, *HISTORY)
    except StackError:
        history = []  # not every backend keeps one
    name = stack or stack_name(state) or "the selected stack"
    return gather(name.rpartition("/")[2], take_apart(state, preview, history), now)
