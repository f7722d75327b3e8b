"""
One look at a stack: what is asked of the engine for a status document.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from .document import Status
from .engine import StackError, ask, ask_for_json
from .gathering import gather
from .look import HISTORY, PREVIEW, stack_name, take_apart

# Read by the providers, components/dynamic/provider.py: a preview for a person leaves out what moves by itself.
_EVERY_FACT = {"ZOT_CI_EVERY_FACT": "1"}


def look_at(stack: str | None, patience_seconds: float | None = None) -> Status:
    """
    Return the status document of a stack: its state, a preview, and when its last `up`s ran. Changes nothing. A preview
    that takes longer than *patience_seconds* has failed.

    Raises:
        StackError: the state cannot be read. A preview that fails is part of the document.
    """
    return _look(stack, lambda: ask(stack, *PREVIEW, patience_seconds=patience_seconds, env=_EVERY_FACT))


def recorded(stack: str | None) -> Status:
    """
    Return the document of what the state records, without asking any system. It says that no look succeeded.

    Raises:
        StackError: the state cannot be read.
    """
    return _look(stack, lambda: None)


def _look(stack: str | None, preview: Callable[[], subprocess.CompletedProcess[str] | None]) -> Status:
    now = datetime.now(UTC)
    state = ask_for_json(stack, "stack", "export")
    found = preview()
    name = stack or stack_name(state) or "the selected stack"
    return gather(name.rpartition("/")[2], take_apart(state, found, _history(stack)), now)


def _history(stack: str | None) -> list[dict[str, Any]]:
    try:
        history: list[dict[str, Any]] = ask_for_json(stack, *HISTORY) or []
    except StackError:
        return []  # not every backend keeps one
    return history
