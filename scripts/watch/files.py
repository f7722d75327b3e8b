"""
Files that somebody else reads while they are written.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from .engine import StackError

# Readable by everybody: a node_exporter or a web server runs as somebody else.
_MODE = 0o644


def write_whole(path: Path, text: str) -> None:
    """
    Write *path* so that a reader sees the old text or the new one, never a part. The mode is 0644.

    Raises:
        StackError: it cannot be written; the old file is as it was.
    """
    temporary = None
    try:
        # In the same folder, since a rename does not cross file systems, and under a name that no collector reads.
        handle, temporary = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(text)
            os.fchmod(out.fileno(), _MODE)
        # Onto the file that a link leads to: the link stays.
        Path(temporary).replace(path.resolve() if path.is_symlink() else path)
    except OSError as exc:
        if temporary:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
        msg = f"{path} cannot be written: {exc.strerror or type(exc).__name__}"
        raise StackError(msg) from None
