"""
Where a cell is played: the systems behind proxies, the stack of the state that it begins in, and who is in it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.commands.states import Account, State
from tests.engine.prepared import Prepared
from tests.engine.stack import Run, Stack
from tests.world import OWNER, REPOSITORY


class Ground:
    """
    Systems and stack of one process. Use *opened*, and *begin* before anything else.
    """

    stack: Stack
    accounts: tuple[Account, ...]

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._prepared = Prepared(folder / "states", behind_proxies=True)
        self.proxies, self.world = self._prepared.proxies, self._prepared.world
        self.estate = self.world.estate

    @classmethod
    @contextmanager
    def opened(cls) -> Iterator[Ground]:
        """
        Start the systems, with a folder of their own for as long.
        """
        with TemporaryDirectory(prefix="commands-") as folder:
            ground = cls(Path(folder))
            try:
                yield ground
            finally:
                ground._prepared.stop()

    def begin(self, state: State) -> None:
        """
        Make systems and stack what they are in a state; what the cell before has left goes.
        """
        folder = self._folder / "cell"
        shutil.rmtree(folder, ignore_errors=True)
        self.stack = self._prepared.stack(state.begins, folder)
        self.accounts = state.accounts
        self.estate.forgejo.set_value(OWNER, REPOSITORY, "SOMEBODY_ELSES", self.estate.secrets.new())
        self.let_reads_catch_up()

    def let_reads_catch_up(self) -> None:
        """
        Let pass what a Connect server's reads lag behind its writes: nobody types the next command within that moment.
        """
        for vault in self.estate.onepassword.vaults.values():
            for item in vault.items.values():
                while item.seen() is not item.current:
                    pass

    @property
    def scratch(self) -> Path:
        """
        A folder for what a command writes.
        """
        return self.stack.folder

    def run(self, *arguments: str) -> Run:
        """
        Run one command of the engine.
        """
        return self.finish(self.stack.begin(*arguments))

    def finish(self, process: subprocess.Popen[str]) -> Run:
        """
        Wait for a command, without the look at the process table that *Stack.finish* takes a hundred times a second.
        """
        text, _ = process.communicate(timeout=300)
        return Run(process.returncode, text)


def owned_environment() -> None:
    """
    Take anybody's real credentials out of this process's environment.
    """
    for name in list(os.environ):
        if name.upper().startswith(("AUTHENTIK_", "FORGEJO_", "OP_", "PULUMI_")):
            del os.environ[name]
