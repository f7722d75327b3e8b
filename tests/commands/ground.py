"""
Where a cell is played: the four systems behind proxies at addresses that stay, and one folder with one stack.

A state is built once and kept: what the systems know, and the stack's files. Putting it back takes some milliseconds,
so no cell pays for the state that it begins from.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.engine.stack import Run, Stack
from tests.estate import NAMES, Snapshot
from tests.faults.proxy import Proxies
from tests.world import FIELD, GROUP, ITEM, OWNER, REPOSITORY, SECRET, VAULT, World, credentials

PROJECT = "zot-ci"
# What a stack writes: its state with the locks, its stack file, and plans.
_WRITTEN = ("state", "project/stacks", "scratch")


@dataclass(frozen=True)
class Account:
    """
    One account of the settings, and where its key goes: fields of the one item, a secret of the one repository.
    """

    username: str = "zot-ci"
    fields: tuple[str, ...] = (FIELD,)
    secret: str = SECRET
    more: tuple[tuple[str, Any], ...] = ()

    @property
    def settings(self) -> dict[str, Any]:
        """
        The account as the stack file has it.
        """
        return {
            "username": self.username,
            "groups": [GROUP],
            "onepassword": [{"vault": VAULT, "item": ITEM, "field": field} for field in self.fields],
            "forgejo": [{"repository": f"{OWNER}/{REPOSITORY}", "secret": self.secret}],
            **dict(self.more),
        }


@dataclass(frozen=True)
class Kept:
    """
    A state that can be put back: the systems' content, the folder with the stack's files, and the stack's settings.
    """

    systems: Snapshot
    files: Path
    name: str
    env: Mapping[str, str]
    accounts: tuple[Account, ...]


class Ground:
    """
    Systems and stack of one process. Use *opened*.
    """

    def __init__(self, folder: Path, proxies: Proxies, world: World) -> None:
        self.folder, self.proxies, self.world = folder, proxies, world
        self.kept: dict[str, Kept] = {}
        self.accounts: tuple[Account, ...] = ()
        self.stack = Stack(folder / "stack", credentials(world), {})
        world.estate.forgejo.set_value(OWNER, REPOSITORY, "SOMEBODY_ELSES", world.estate.secrets.new())
        self.keep("")

    @classmethod
    @contextmanager
    def opened(cls) -> Iterator[Ground]:
        """
        Start the systems, with a folder of their own for as long.
        """
        with TemporaryDirectory(prefix="commands-") as folder, Proxies(NAMES) as proxies:
            world = World.start(known_as=proxies.urls)
            try:
                proxies.behind(world.estate.listening)
                yield cls(Path(folder), proxies, world)
            finally:
                world.stop()

    def configure(self, *accounts: Account) -> None:
        """
        Write the stack file for these accounts.
        """
        self.accounts = accounts
        self.stack.configure(
            self.world.config() | {"zot-ci:accounts": [account.settings for account in accounts]},
        )

    def keep(self, name: str) -> None:
        """
        Keep systems and stack as they are under a name.
        """
        self.let_reads_catch_up()
        files = self.folder / "kept" / str(len(self.kept))
        for part in _WRITTEN:
            source = self.folder / "stack" / part
            source.mkdir(exist_ok=True)
            shutil.copytree(source, files / part)
        stack = self.stack
        self.kept[name] = Kept(self.world.estate.snapshot(), files, stack.name, dict(stack.env), self.accounts)

    def put_back(self, name: str) -> None:
        """
        Make systems and stack what they were when they were kept under that name.
        """
        kept = self.kept[name]
        for part in _WRITTEN:
            shutil.rmtree(self.folder / "stack" / part)
            shutil.copytree(kept.files / part, self.folder / "stack" / part)
        self.world.estate.restore(kept.systems)
        self.stack.name, self.stack.env, self.accounts = kept.name, dict(kept.env), kept.accounts

    def let_reads_catch_up(self) -> None:
        """
        Let pass what a Connect server's reads lag behind its writes: nobody types the next command within that moment.
        """
        for vault in self.world.estate.onepassword.vaults.values():
            for item in vault.items.values():
                while item.seen() is not item.current:
                    pass

    @property
    def scratch(self) -> Path:
        """
        A folder for what a command writes, put back with the stack.
        """
        return self.folder / "stack" / "scratch"

    def done(self, *arguments: str) -> Run:
        """
        Run one command of the engine that has to succeed.
        """
        run = self.run(*arguments)
        assert run.code == 0, run.text
        return run

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

    def resources(self) -> dict[str, list[dict[str, Any]]]:
        """
        The state's resources by URN, read from the backend's file; several where a deletion is pending.
        """
        found: dict[str, list[dict[str, Any]]] = {}
        path = self.stack.state / ".pulumi" / "stacks" / PROJECT / f"{self.stack.name}.json"
        latest = json.loads(path.read_text())["checkpoint"]["latest"] if path.exists() else None
        for resource in (latest or {}).get("resources") or []:
            found.setdefault(resource["urn"], []).append(resource)
        return found


def owned_environment() -> None:
    """
    Take anybody's real credentials out of this process's environment.
    """
    for name in list(os.environ):
        if name.upper().startswith(("AUTHENTIK_", "FORGEJO_", "OP_", "PULUMI_")):
            del os.environ[name]
