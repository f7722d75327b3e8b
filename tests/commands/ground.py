"""
Where a cell is played: the systems behind proxies, the stack of the state that it begins in, and who is in it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.commands.forks import Forks
from tests.commands.states import Account, State
from tests.engine.prepared import Prepared
from tests.engine.stack import Run, Stack
from tests.faults.scenarios import kill_session
from tests.world import OWNER, REPOSITORY


class Ground:
    """
    Systems and stack of one process. Use *opened*, and *begin* before anything else.

    *plain_up* has, by the name of a state, what is not as promised of a plain `up` in it, once that was tried.
    """

    stack: Stack
    accounts: tuple[Account, ...]

    def __init__(self, folder: Path) -> None:
        self.plain_up: dict[str, list[str]] = {}
        self._folder = folder
        self._modules = _with_a_pip_that_knows(folder / "modules")
        self.forks = Forks(folder / "forks")
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
                ground.forks.stop()
                ground._prepared.stop()

    def begin(self, state: State) -> None:
        """
        Make systems and stack what they are in a state; what the cell before has left goes.
        """
        folder = self._folder / "cell"
        shutil.rmtree(folder, ignore_errors=True)
        self.stack = self._prepared.stack(state.begins, folder)
        self.stack.env["PYTHONPATH"] = str(self._modules)
        self.stack.env["PATH"] = os.pathsep.join([str(self.forks.folder), self.stack.env["PATH"]])
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

    def recorded(self) -> str:
        """
        Return what tells one content of the state from another.
        """
        files = sorted((self.stack.state / ".pulumi" / "stacks").rglob("*.json"))
        return hashlib.sha256(b"".join(str(file).encode() + file.read_bytes() for file in files)).hexdigest()

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

    def kill(self, process: subprocess.Popen[str]) -> None:
        """
        `kill -9` a command and all that it started.
        """
        self.forks.kill()
        kill_session(process)

    def finish(self, process: subprocess.Popen[str]) -> Run:
        """
        Wait for a command, without the look at the process table that *Stack.finish* takes a hundred times a second.
        """
        text, _ = process.communicate(timeout=300)
        return Run(process.returncode, text)


def _with_a_pip_that_knows(folder: Path) -> Path:
    """
    Fill a folder for PYTHONPATH with a `pip` that has the answer to what the engine asks at each command: which
    packages are installed. Asking the real one takes a sixth of the processor's time of a command.
    """
    question = [sys.executable, "-m", "pip", "list", "-v", "--format", "json"]
    answer = subprocess.run(question, check=True, capture_output=True, text=True).stdout
    (folder / "pip").mkdir(parents=True)
    (folder / "pip" / "__main__.py").write_text(f"print({answer!r})\n")
    return folder


def owned_environment() -> None:
    """
    Take anybody's real credentials out of this process's environment.
    """
    for name in list(os.environ):
        if name.upper().startswith(("AUTHENTIK_", "FORGEJO_", "OP_", "PULUMI_")):
            del os.environ[name]
