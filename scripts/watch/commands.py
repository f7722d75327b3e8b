"""
The commands that look at a stack and change nothing. Each returns its exit code: 0, or 1 if the preview failed.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from .document import Status
from .files import write_whole
from .looking import look_at
from .metrics import exposition
from .table import table


def summary(stack: str | None) -> int:
    """
    Print the table; add it to the file that `GITHUB_STEP_SUMMARY` names, if it names one.
    """
    status = look_at(stack)
    text = table(status)
    print(text)
    file = os.environ.get("GITHUB_STEP_SUMMARY")
    if file:
        with Path(file).open("a", encoding="utf-8") as out:
            out.write(text + "\n")
    return int(not status.succeeded)


def status(stack: str | None) -> int:
    """
    Print the status document.
    """
    found = look_at(stack)
    print(found.as_json())
    return int(not found.succeeded)


def metrics(stack: str | None, output: Path | None) -> int:
    """
    Print the metrics, or write them to *output*; those that are known also where the preview failed.
    """
    found = look_at(stack)
    text = exposition(found)
    if output:
        write_whole(output, text)
    else:
        print(text, end="")
    return _told(found)


def _told(found: Status) -> int:
    """
    Say on the error stream why a preview failed, for who reads a timer's mail; return the exit code.
    """
    for line in found.errors if not found.succeeded else []:
        print(f"stack: {line}", file=sys.stderr)
    return int(not found.succeeded)
