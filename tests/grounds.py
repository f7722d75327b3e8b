"""
Where a cell of a matrix is played: systems behind proxies, and a stack in the state that the cell begins in.

`make commands` and `make parts` play many cells in a few processes; each process has one ground and keeps the states
that it has built.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from multiprocessing.util import Finalize
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self, TypeVar

from tests.engine.prepared import Prepared, State
from tests.engine.quickly import Quickly
from tests.engine.stack import Run, Stack


class Ground:
    """
    Systems and stack of one process. Use *opened*, and *begin_at* before anything else.

    Args:
        folder: for everything that is kept in files.
        ports: where each system's proxy listens, to go on with what another process has begun; free ports otherwise.
    """

    stack: Stack

    def __init__(self, folder: Path, ports: Mapping[str, int] | None = None) -> None:
        self._folder = folder
        self._prepared = Prepared(folder / "states", behind_proxies=True, ports=ports)
        self.world, self.proxies = self._prepared.world, self._prepared.proxies

    @classmethod
    @contextmanager
    def opened(cls, ports: Mapping[str, int] | None = None) -> Iterator[Self]:
        """
        Start the systems, with a folder of their own for as long.
        """
        with TemporaryDirectory(prefix="ground-") as folder:
            ground = cls(Path(folder), ports)
            try:
                yield ground
            finally:
                ground.close()

    def close(self) -> None:
        """
        End the systems, and what begins the engine's processes.
        """
        self._prepared.stop()

    def begin_at(self, state: State) -> None:
        """
        Make systems and stack what they are in a state; what the cell before has left goes. The engine's processes
        are begun quickly: nobody looks at them here.
        """
        folder = self._folder / "cell"
        shutil.rmtree(folder, ignore_errors=True)
        self.stack = self.quickly.run(self._prepared.stack(state, folder))
        self.let_reads_catch_up()

    @property
    def quickly(self) -> Quickly:
        """
        What begins the engine's processes.
        """
        return self._prepared.quickly

    def let_reads_catch_up(self) -> None:
        """
        Let pass what a Connect server's reads lag behind its writes: nobody types the next command within that moment.
        """
        for vault in self.world.estate.onepassword.vaults.values():
            for item in vault.items.values():
                while item.seen() is not item.current:
                    pass

    def finish(self, process: subprocess.Popen[str]) -> Run:
        """
        Wait for a command, without the look at the process table that *Stack.finish* takes a hundred times a second.
        """
        text, _ = process.communicate(timeout=300)
        return Run(process.returncode, text)


_Ground = TypeVar("_Ground", bound=Ground)
_grounds: list[Ground] = []


def ground_of_this_process(kind: type[_Ground], ports: Mapping[str, int] | None = None) -> _Ground:
    """
    Return the one ground of a process that plays cells; it ends with the process, and nobody's real credentials are in
    its environment.
    """
    if not _grounds:
        for name in list(os.environ):
            if name.upper().startswith(("AUTHENTIK_", "FORGEJO_", "OP_", "PULUMI_")):
                del os.environ[name]
        ends = ExitStack()
        _grounds.append(ends.enter_context(kind.opened(ports)))
        # A process of a pool ends without what `atexit` registers.
        Finalize(None, ends.close, exitpriority=1)
    (ground,) = _grounds
    assert isinstance(ground, kind)
    return ground
