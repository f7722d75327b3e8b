"""
One look at a stack: asks the engine for the facts of a status document.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from .document import Status
from .engine import StackError, ask, ask_for_json
from .gathering import gather
from .look import HISTORY, PAGE, PREVIEW, stack_name, take_apart
from .proofs import Round, is_old, read

# Read by the providers, components/dynamic/provider.py: without it a preview leaves out volatile properties.
_EVERY_FACT = {"ZOT_CI_EVERY_FACT": "1"}


def look_at(stack: str | None, patience_seconds: float | None = None, verified: Path | None = None) -> Status:
    """
    Return the status document of a stack, from its state, a preview, its history, and the file of the last `verify`.
    Changes nothing. A preview that takes longer than *patience_seconds* has failed.

    If the file of `verify` is unusable or old, one line on the error stream says so.

    Raises:
        StackError: the state cannot be read. A preview that fails is part of the document.
    """
    return _look(stack, lambda: ask(stack, *PREVIEW, patience_seconds=patience_seconds, env=_EVERY_FACT), verified)


def recorded(stack: str | None) -> Status:
    """
    Return the document of the state alone, without asking any system; its *succeeded* is false.

    Raises:
        StackError: the state cannot be read.
    """
    return _look(stack, lambda: None)


def _look(
    stack: str | None, preview: Callable[[], subprocess.CompletedProcess[str] | None], verified: Path | None = None
) -> Status:
    now = datetime.now(UTC)
    state = ask_for_json(stack, "stack", "export")
    found = preview()
    name = stack or stack_name(state) or ask(None, "stack", "--show-name").stdout.strip()
    short = name.rpartition("/")[2]
    return gather(short, take_apart(state, found, _history(stack)), now, _verified(verified, short, now))


def _verified(file: Path | None, stack: str, now: datetime) -> Round | None:
    if file is None:
        return None
    try:
        found = read(file, stack)
    except StackError as exc:
        # The rest of the document is known, and alarms depend on it.
        print(f"stack: {exc}", file=sys.stderr)
        return None
    old = is_old(found, now)
    if old:
        print(f"stack: {file}: {old}", file=sys.stderr)
    return found


def _history(stack: str | None) -> list[dict[str, Any]]:
    """
    Return the stack's history back to the last `up` that succeeded, at least a page of it.
    """
    history: list[dict[str, Any]] = []
    for page in count(1):
        try:
            found: list[dict[str, Any]] = ask_for_json(stack, *HISTORY, "--page", str(page)) or []
        except StackError:
            break  # not every backend keeps a history
        history += found
        if len(found) < PAGE or any(one.get("kind") == "update" and one.get("result") == "succeeded" for one in found):
            break
    return history
