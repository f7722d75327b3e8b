"""
How much memory the provider's process takes, and how long its imports do, by the kernel's own figures.
"""

from __future__ import annotations

import os
import resource
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.engine.stack import ROOT

_LOOK_SECONDS = 0.1
# What a user has: in the tests' environment httpx loads more, a command line that its packages make possible.
PYTHON = ROOT / ".venv" / "bin" / "python"


@contextmanager
def memory_while(session: int, seen: list[float]) -> Iterator[None]:
    """
    Look at the provider's processes of a *session* while the body runs; what is *seen* of each is added, in MB.
    """
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(_LOOK_SECONDS):
            seen.extend(_of_providers(session))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _of_providers(session: int) -> Iterator[float]:
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        with suppress(OSError, StopIteration):
            if b"pulumi.dynamic" in (folder / "cmdline").read_bytes() and os.getsid(int(folder.name)) == session:
                lines = (folder / "status").read_text().splitlines()
                yield int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


def cpu_of_imports(statement: str, folder: Path) -> float:
    """
    Return the seconds of CPU of a Python process that runs *statement* in *folder*, in a user's environment, without
    what Python does at its end: a fifth of such a process's time, most of which the provider's processes leave out
    (`garbage.py`).
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    statement = f"import os; {statement}; os._exit(0)"
    subprocess.run([str(PYTHON), "-c", statement], cwd=folder, env=env, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
