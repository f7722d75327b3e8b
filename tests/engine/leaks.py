"""
Where a secret could be left: texts, files, and what everybody on the machine sees of a process.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


def leaks(secrets: set[str], text: bytes) -> list[str]:
    """
    Return the secrets, shortened, that stand in *text*; the short ones say nothing and are left out.
    """
    return [secret[:6] for secret in sorted(secrets) if len(secret) >= 8 and secret.encode() in text]


def leaks_in(secrets: set[str], folder: Path) -> list[str]:
    """
    Return "file: secret" for every secret in every file below *folder*.
    """
    return [
        f"{path.relative_to(folder)}: {leak}"
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
        for leak in leaks(secrets, path.read_bytes())
    ]


def processes(session: int) -> Iterator[int]:
    """
    Yield the processes of a session. The engine's plugins lead process groups of their own; the session is shared.
    """
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(ProcessLookupError):
                if os.getsid(int(entry.name)) == session:
                    yield int(entry.name)


def command_lines(session: int) -> set[str]:
    """
    Return what the process table shows of a session: the arguments of each of its processes.
    """
    seen = set()
    for pid in processes(session):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            seen.add(Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return seen
