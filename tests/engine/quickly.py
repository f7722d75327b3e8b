"""
The engine's Python processes, begun quickly: for tests that run many commands, and look at none of those processes.

The engine starts five of them for each command, and they spend most of their time on the same imports: here they are
forked from one that has done these (tests/commands/forks.py says what is shared then, and what is not). And it asks pip
at each command which packages are installed: here that is asked once.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Self

from tests.commands.forks import Forks
from tests.engine.stack import Stack


class Quickly:
    """
    What a stack's engine finds in the place of `python` and `pip`, in a *folder* of its own.
    """

    def __init__(self, folder: Path) -> None:
        self._modules = folder / "modules"
        (self._modules / "pip").mkdir(parents=True)
        (self._modules / "pip" / "__main__.py").write_text(f"print({_packages()!r})\n")
        self.forks = Forks(folder / "forks")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.forks.stop()

    def run(self, stack: Stack) -> Stack:
        """
        Let the engine begin the processes of this stack so; return the stack.
        """
        stack.env["PYTHONPATH"] = str(self._modules)
        stack.env["PATH"] = os.pathsep.join([str(self.forks.folder), stack.env["PATH"]])
        return stack

    @contextmanager
    def meanwhile(self, stack: Stack) -> Iterator[None]:
        """
        The same until the block ends.
        """
        path = stack.env["PATH"]
        self.run(stack)
        yield
        stack.env["PATH"] = path
        del stack.env["PYTHONPATH"]


@cache
def _packages() -> str:
    """
    What pip answers the engine at each command. To ask it takes a sixth of the processor's time of a command.
    """
    question = [sys.executable, "-m", "pip", "list", "-v", "--format", "json"]
    return subprocess.run(question, check=True, capture_output=True, text=True).stdout
