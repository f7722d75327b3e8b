#!/usr/bin/env python3
"""
The command for a stack, the same for a person and for CI's workflows.

    scripts/stack.py [--stack NAME] check
    scripts/stack.py [--stack NAME] preview | drift | up | rotate ACCOUNT [--keep-old DAYS]
    scripts/stack.py [--stack NAME] summary | status --json | metrics [--output FILE] | report --html FILE
    scripts/stack.py [--stack NAME] verify [ACCOUNT …] [--json FILE] [--metrics FILE]

`check` asks the real systems before the first `up`, and `verify` asks CI whether its secrets work, both without the
engine. The commands of the second line become the engine's own command, so exit codes and signals are the engine's.
Only Python's standard library is needed, except for the commands that `scripts/watch/` names. Programs come from this
checkout's .venv if it exists, else from PATH.
"""

from __future__ import annotations

import sys
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 - for who calls it by another one than pyproject.toml asks for
    sys.exit(f"stack: Python 3.11 or newer is needed, and this is {sys.version.split()[0]}: `make tools` finds one")
if not __package__:
    # Called as a file: its folder is on the path, and the package is above it. Links are not followed.
    sys.path.insert(0, str(Path(__file__).absolute().parents[1]))

from scripts.watch.command_line import COMMANDS, WATCHING, days, main, program

__all__ = ["COMMANDS", "WATCHING", "days", "main"]

if __name__ == "__main__":
    sys.exit(program())
