"""
A terminal into which a document's commands are pasted, one line after the other.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.engine.stack import Run

PATIENCE_SECONDS = 300


class Terminal:
    """
    A shell, in which one line after the other is pasted.
    """

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self._shell = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def paste(self, line: str) -> Run:
        """
        Run one line, and return how it ended and what it said.
        """
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        # On a line of its own, also after a command whose output does not end one.
        self._shell.stdin.write(f'{line}\nprintf "\\n[ended with %d]\\n" $?\n')
        self._shell.stdin.flush()
        said: list[str] = []
        for answer in self._shell.stdout:
            if end := re.fullmatch(r"\[ended with (\d+)\]\n", answer):
                return Run(int(end[1]), "".join(said))
            said.append(answer)
        raise AssertionError("".join(said))

    def close(self) -> None:
        """
        Leave the shell.
        """
        assert self._shell.stdin is not None
        self._shell.stdin.close()
        self._shell.wait(PATIENCE_SECONDS)
        assert self._shell.stdout is not None
        self._shell.stdout.close()


def without_what_differs(line: str) -> str:
    """
    A line without ids, times and durations, which differ from run to run.
    """
    ids = r"[0-9a-f]{8}(?:…|(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
    return re.sub(rf"{ids}|\d{{4}}-\d\d-\d\d(?: \d\d:\d\d)?|in \d+ s$", "…", line)
