"""
Where a cell is played: the systems behind proxies, the stack of the state that it begins in, and who is in it.
"""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests import grounds
from tests.commands.states import Account, State
from tests.engine.stack import Run
from tests.faults.scenarios import kill_session
from tests.world import OWNER, REPOSITORY


class Ground(grounds.Ground):
    """
    Systems and stack of one process.

    *plain_up* has, by the name of a state, what is not as promised of a plain `up` in it, once that was tried.
    """

    accounts: tuple[Account, ...]

    def __init__(self, folder: Path, ports: Mapping[str, int] | None = None) -> None:
        super().__init__(folder, ports)
        self.plain_up: dict[str, list[str]] = {}
        self.estate = self.world.estate

    def begin(self, state: State) -> None:
        """
        Make systems and stack what they are in a state, with a secret that is somebody else's.
        """
        self.begin_at(state.begins)
        self.accounts = state.accounts
        self.estate.forgejo.set_value(OWNER, REPOSITORY, "SOMEBODY_ELSES", self.estate.secrets.new())

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
        kill_session(process, self.quickly)
