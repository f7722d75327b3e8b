"""
What the processes of one run of the engine tell each other: a file among the temporary ones, for the time of the run.

A run has several: the program, and one process of the provider, or two where the settings have changed or where
`--replace '**'` replaces the provider itself (then the deletions come in the older one, which has seen none of what
the newer one created). What they have in common is the address of their engine, an argument of each (engine 3.250,
SDK 3.257 and 3.272, measured). The program makes the file and removes it when it ends, after the last deletion; each
process appends what the others should know, and reads what they have appended. There are two: one of a real `up`, for
all that is noted, and one of a preview as well, for what the program is to tell. A `refresh` or a `destroy`, which runs
no program, has neither, and outside the engine there is none. No secret is ever written to them.
"""

from __future__ import annotations

import atexit
import hashlib
import itertools
import json
import os
import re
import stat
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..http.errors import EnvironmentUnfitError

_ADDRESS = re.compile(r"[0-9A-Za-z.\[\]:-]+:[0-9]+")

Entry = list[Any]


def engine_address(arguments: Sequence[str]) -> str | None:
    """
    Return the engine's address in a process's own *arguments*: `… --engine <address> …` of the program,
    `-m pulumi.dynamic <address>` of the provider; None for any other process.
    """
    for option, value in itertools.pairwise(arguments):
        if option in ("--engine", "pulumi.dynamic") and _ADDRESS.fullmatch(value):
            return value
    return None


class Journal:
    """
    The journal in *file*, or none.

    Its first line is the number of the program's process. A file whose program is gone is a killed run's, whose engine
    had the same port: it is not believed.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._begun = b""
        self._read = 0

    def begin(self) -> bool:
        """
        Make the file, anew if a killed run left one; it goes when this process ends. Return whether there is one now:
        outside the engine there is none.

        Raises:
            EnvironmentUnfitError: the folder cannot be written, or something of that name is there that is not this
                user's file.
        """
        file = self._file
        if file is None:
            return False
        try:
            if _is_ours(file):
                file.unlink()
            handle, whole = tempfile.mkstemp(dir=file.parent, prefix=f"{file.name}.")
            try:
                with os.fdopen(handle, "wb") as out:
                    out.write(f"{os.getpid()}\n".encode())
                # Whole or not at all, and never in the place of somebody else's.
                os.link(whole, file)
            finally:
                os.unlink(whole)
        except OSError as exc:
            hint = "set TMPDIR to a folder that this user alone can write, or leave it out"
            msg = f"no temporary file can be made for this run ({(exc.strerror or 'refused').lower()}); {hint}"
            raise EnvironmentUnfitError(msg) from None
        atexit.register(self.end)
        return True

    def end(self) -> None:
        """
        Remove the file.
        """
        if self._file is not None and _is_ours(self._file):
            self._file.unlink()

    @property
    def is_there(self) -> bool:
        """
        Whether this run has one.
        """
        return self._file is not None and _lives(_first_line(self._file))

    def append(self, entry: Entry) -> bool:
        """
        Add *entry* for all processes of the run; return whether there is a journal.
        """
        if self._file is None or not self.is_there:
            return False
        with self._file.open("ab", buffering=0) as file:
            # One write, so that the lines of several processes do not mix.
            file.write(json.dumps(entry).encode() + b"\n")
        return True

    def news(self) -> list[Entry]:
        """
        Return the entries since the last call, of this process and of all others.
        """
        begun = _first_line(self._file) if self._file is not None else b""
        if self._file is None or not _lives(begun):
            return []
        if begun != self._begun:
            self._begun, self._read = begun, len(begun)
        with self._file.open("rb") as file:
            file.seek(self._read)
            lines = file.read().splitlines(keepends=True)
        whole = [line for line in lines if line.endswith(b"\n")]
        self._read += sum(map(len, whole))
        return [json.loads(line) for line in whole]


def _first_line(file: Path) -> bytes:
    if not _is_ours(file):
        return b""
    try:
        with file.open("rb") as journal:
            return journal.readline(32)
    except OSError:
        return b""


def _lives(begun: bytes) -> bool:
    """
    Whether the process of that number is there.
    """
    if not begun.strip().isdigit():
        return False
    try:
        os.kill(int(begun), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _is_ours(file: Path) -> bool:
    # Temporary files are everybody's: another user's file, or a link to elsewhere, is not believed.
    try:
        found = file.lstat()
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_uid == os.getuid()


def journal_of(address: str) -> Path:
    """
    Return the file of the run whose engine has that *address*.
    """
    name = hashlib.sha256(address.encode()).hexdigest()[:16]
    return _temporary() / f"zot-ci-{name}.journal"


def _temporary() -> Path:
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError:
        # None can be written. A preview needs no file, and `begin` will say why not.
        return Path(os.environ.get("TMPDIR") or "/tmp")  # noqa: S108 - the fault is said, nothing is written


_ENGINE = engine_address(sys.orig_argv)
JOURNAL = Journal(journal_of(_ENGINE) if _ENGINE else None)
TOLD_JOURNAL = Journal(journal_of(_ENGINE).with_suffix(".told") if _ENGINE else None)


def is_preview() -> bool:
    """
    Whether the engine runs the program in a preview; for a provider's `check`, which only such a run calls besides an
    `up`, and an `up` has a journal.
    """
    return _ENGINE is not None and not JOURNAL.is_there
