"""
Files that somebody else reads while they are written.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from .engine import StackError

# Readable for everybody: a node_exporter or a web server runs as another user.
_MODE = 0o644


def write_whole(path: Path, text: str) -> None:
    """
    Write *path* so that a reader sees the old text or the new one, never a part. The mode is 0644. What is no file,
    a pipe or `/dev/stdout`, is written to as it is.

    Raises:
        StackError: it cannot be written; the old file is as it was.
    """
    temporary = None
    try:
        if path.exists() and not path.is_file():
            with path.open("w", encoding="utf-8") as out:
                out.write(text)
            return
        # A link stays; the file that it leads to is replaced.
        whole = path.resolve() if path.is_symlink() else path.absolute()
        # In the same folder, since a rename cannot cross file systems, and with a name that no collector reads.
        handle, temporary = tempfile.mkstemp(dir=whole.parent, prefix=f".{whole.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(text)
            os.fchmod(out.fileno(), _MODE)
        Path(temporary).replace(whole)
    except OSError as exc:
        if temporary:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
        msg = f"{path} cannot be written: {exc.strerror or type(exc).__name__}"
        raise StackError(msg) from None
