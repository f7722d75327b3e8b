"""
What a year has to know to go on in another process.

All systems are embedded, and so no real secret is in it: its keys and tokens open nothing but these systems, which
nobody else can ask.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.commands.ground import Ground
from tests.engine.prepared import NEW, State
from tests.engine.stack import Stack
from tests.world import World, credentials


@dataclass(frozen=True)
class Known:
    """
    The systems and the stack of a ground when nothing runs, and what a year knows of them.

    Attributes:
        ports: of the proxies, whose addresses are in the stack file, in the state and in what the systems know.
        folder: what the ground keeps in files.
        now: by the estate's clock.
        estate: a pickled snapshot.
        env: of the world.
        files: the stack file and the state, by their paths below the stack's folder.
        client, replaced_at, in_sync_since: what jobs, *Keys* and the year itself know.
    """

    ports: dict[str, int]
    folder: Path
    now: datetime
    estate: bytes
    env: dict[str, str]
    files: dict[str, bytes]
    client: Mapping[str, Any]
    replaced_at: dict[str, datetime]
    in_sync_since: datetime | None

    @classmethod
    def of(cls, ground: Ground, **year: Any) -> Known:
        """
        Take what is on a ground; *year* has the rest.
        """
        estate, stack = ground.estate, ground.stack
        return cls(
            ground.proxies.ports,
            stack.folder.parent,
            estate.clock.now(),
            estate.pickled(estate.snapshot()),
            dict(ground.world.env),
            {str(path.relative_to(stack.folder)): path.read_bytes() for path in _files(stack)},
            **year,
        )

    def put_back(self, ground: Ground) -> None:
        """
        Bring a ground with the same ports there. No time passes in between by the estate's clock.
        """
        end_engines_of(self.folder)
        shutil.rmtree(self.folder, ignore_errors=True)
        ground.begin_at(State("a saved day", self._lead, NEW))
        world = ground.world
        world.env.update(self.env)
        world.admin.headers["Authorization"] = f"Bearer {world.env['AUTHENTIK_ADMIN_TOKEN']}"

    def _lead(self, world: World, stack: Stack) -> None:
        estate = world.estate
        estate.restore(estate.unpickled(self.estate))
        estate.clock.offset = self.now - datetime.now(UTC)
        shutil.rmtree(stack.state)
        for name, content in self.files.items():
            path = stack.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        stack.env.update({name: self.env[name] for name in credentials(world)})


def _files(stack: Stack) -> Iterator[Path]:
    for folder in (stack.project / "stacks", stack.state):
        yield from (path for path in folder.rglob("*") if path.is_file())


def end_engines_of(folder: Path) -> None:
    """
    `kill -9` every engine whose home is below a folder, and all that it has started. A process that is killed amid an
    `up` leaves them, and they would ask the systems that are put back at the same addresses.
    """
    while left := list(_engines_of(folder)):
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _engines_of(folder: Path) -> Iterator[int]:
    home = f"PULUMI_HOME={folder}/".encode()
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            # Somebody else's, or one that has just ended.
            with suppress(OSError):
                if any(line.startswith(home) for line in (entry / "environ").read_bytes().split(b"\0")):
                    yield int(entry.name)
