"""
The temporary file that the processes of one run of the engine share while the run lasts.

A run has several processes: the program and a provider, or two providers where the settings have changed or where
`--replace '**'` replaces the provider itself. Then one provider creates and the other deletes. Each process has the
address of the engine among its arguments (engines 3.250 and 3.276, SDK 3.257 and 3.272, measured).

The first process makes the file: the provider, if the run begins with a refresh, else the program. The others join it.
The first line has the number of the process that made the file, and each process that joins adds its own. If none of
these processes lives, the file belongs to a killed run whose engine had the same port, and is replaced. No secret is
ever written to it.
"""

from __future__ import annotations

import atexit
import errno
import fcntl
import hashlib
import itertools
import json
import os
import re
import stat
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import Any

from ..http.errors import EnvironmentUnfitError

_ADDRESS = re.compile(r"[0-9A-Za-z.\[\]:-]+:[0-9]+")
_PROCESS = "process"

# One line of the file: what is noted, by name.
Line = dict[str, Any]


def engine_address(arguments: Sequence[str]) -> str | None:
    """
    Return the engine's address from a process's *arguments*: `… --engine <address> …` of the program,
    `-m pulumi.dynamic <address>` of the provider; None for any other process.
    """
    for option, value in itertools.pairwise(arguments):
        if option in ("--engine", "pulumi.dynamic") and _ADDRESS.fullmatch(value):
            return value
    return None


def file_of(address: str) -> Path:
    """
    Return the file of the run whose engine has that *address*.
    """
    name = hashlib.sha256(address.encode()).hexdigest()[:16]
    return _temporary() / f"zot-ci-{name}.run"


def file_of_this_run() -> RunFile:
    """
    Return the file of the run that this process belongs to, which has no path outside the engine.
    """
    address = engine_address(sys.orig_argv)
    return RunFile(file_of(address) if address else None)


class RunFile:
    """
    The file at *path*, or none. Not safe for several threads.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        # Our own line in the file, once this process has joined it.
        self._joined = b""
        self._read = 0

    @property
    def has_engine(self) -> bool:
        """
        Whether this process belongs to a run of the engine.
        """
        return self._path is not None

    def join(self) -> bool:
        """
        Join the file, or make it; the last process of the run deletes it. Return whether there is one: outside the
        engine there is none.

        Raises:
            EnvironmentUnfitError: the folder cannot be written, or something of that name exists that is not this
                user's file.
        """
        if self._path is None or self._joined:
            return self._joined != b""
        me = _line({_PROCESS: os.getpid()})
        try:
            while not _join(self._path, me):
                continue
        except OSError as exc:
            hint = "set TMPDIR to a folder that this user alone can write, or unset it"
            msg = f"no temporary file can be made for this run ({(exc.strerror or 'refused').lower()}); {hint}"
            raise EnvironmentUnfitError(msg) from None
        self._joined = me
        atexit.register(self.leave)
        return True

    def leave(self, *, for_all: bool = False) -> None:
        """
        Delete the file if no other process of the run lives, or in any case if *for_all*.
        """
        if self._joined and self._path is not None and _is_ours(self._path):
            # Another process may have deleted it since, and a next run have made its own.
            with suppress(FileNotFoundError), _locked(self._path) as file:
                mine = self._joined in (lines := file.read()) and _is_still(self._path, file)
                others = any(pid != os.getpid() for pid in _living(lines))
                if mine and (for_all or not others):
                    self._path.unlink()
        self._joined = b""

    def append(self, *lines: Line) -> bool:
        """
        Append *lines* to the file; return whether there is one.
        """
        if not self._joined or self._path is None or not _is_ours(self._path):
            return False
        _append(self._path, b"".join(map(_line, lines)))
        return True

    def news(self) -> list[Line]:
        """
        Return the lines that all processes have written since the last call.
        """
        found = _ours(self._path) if self._joined and self._path is not None else None
        if self._path is None or found is None or found.st_size <= self._read:
            return []
        with self._path.open("rb") as file:
            file.seek(self._read)
            lines = file.read().splitlines(keepends=True)
        whole = [line for line in lines if line.endswith(b"\n")]
        self._read += sum(map(len, whole))
        return [line for line in map(json.loads, whole) if _PROCESS not in line]


def _join(path: Path, me: bytes) -> bool:
    """
    Add the line *me* to the file, which is made if there is none; what a killed run has left in it goes. Return False
    if the file was deleted meanwhile, so that it has to be made again.

    Raises:
        OSError: it is another user's file, or a link, or cannot be made.
    """
    if os.path.lexists(path) and not _is_ours(path):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
    with _locked(path, os.O_CREAT) as file:
        if not _is_still(path, file):
            return False
        lines = file.read()
        if not any(_living(lines)):
            file.truncate(0)
            lines = b""
        if me not in lines:
            file.write(me)
    return True


@contextmanager
def _locked(path: Path, flags: int = 0) -> Iterator[FileIO]:
    """
    Open the file, so that no other process joins or deletes it meanwhile. What is written goes to its end.
    """
    flags |= os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW
    with FileIO(path, "r+", opener=lambda name, _: os.open(name, flags, 0o600)) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def _is_still(path: Path, file: FileIO) -> bool:
    """
    Return whether the *file* that was opened at the path is the one that is there now.
    """
    now = _ours(path)
    return now is not None and now.st_ino == os.fstat(file.fileno()).st_ino


def _append(path: Path, line: bytes) -> None:
    with path.open("ab", buffering=0) as file:
        # One write, so that the lines of several processes do not mix.
        file.write(line)


def _line(line: Line) -> bytes:
    return json.dumps(line).encode() + b"\n"


def _living(lines: bytes) -> Iterator[int]:
    """
    Yield the living processes that have joined the file.
    """
    for line in lines.splitlines():
        if line.startswith(b'{"process"'):
            pid = json.loads(line)[_PROCESS]
            if _is_running(pid):
                yield pid


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _is_ours(file: Path) -> bool:
    return _ours(file) is not None


def _ours(file: Path) -> os.stat_result | None:
    # Everybody can write to the folder of temporary files: never trust another user's file or a link.
    try:
        found = file.lstat()
    except OSError:
        return None
    return found if stat.S_ISREG(found.st_mode) and found.st_uid == os.getuid() else None


def _temporary() -> Path:
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError:
        # No folder can be written. A preview needs no file; for an `up`, `join` reports the fault.
        return Path(os.environ.get("TMPDIR") or "/tmp")  # noqa: S108 - the fault is said, nothing is written
