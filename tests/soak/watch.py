"""
What is looked at between any two requests of a run, and which live keys the grace explains.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from tests.commands.ground import Ground
from tests.commands.watch import changes
from tests.estate.zot.keys import Key

GRACE = timedelta(days=1)
ROTATES_AFTER = timedelta(days=1)


@dataclass
class Places:
    """
    Both places, and since when it is known of an older key that neither has it.

    Attributes:
        dead: what a place held that the registry did not accept, once it had held a key that it did.
        most_live: the most keys with our label that were alive at once.
    """

    ground: Ground
    dead: list[str] = field(default_factory=list)
    most_live: int = 0
    _replaced: dict[str, datetime] = field(default_factory=dict)

    def look(self) -> None:
        """
        See what both hold now.
        """
        world = self.ground.world
        for name, value in (("the field", world.field()), ("the secret", world.secret())):
            if value is None or not world.estate.zot.accepts(world.username, value):
                self.dead.append(f"{name} held {'a dead key' if value else 'nothing'}")
        self.most_live = max(self.most_live, len(self.live()))

    def live(self) -> list[Key]:
        """
        Return the live keys with our label, oldest first.
        """
        world = self.ground.world
        label = f"zot-ci/{self.ground.stack.name}/{world.username}"
        ours = [key for key in world.estate.zot.of(world.username) if key.label == label]
        return [key for key in sorted(ours, key=born) if world.estate.zot.accepts(world.username, key.secret)]

    def note_replaced(self) -> None:
        """
        Both places hold the newest key, by a run that ended well: from now on it is known that nothing holds another.
        """
        for key in self.live()[:-1]:
            self._replaced.setdefault(key.secret, self.ground.estate.clock.now())

    def over(self, at: datetime) -> list[Key]:
        """
        Return the live keys whose grace was over *at* that time.
        """
        return [key for key in self.live() if self._replaced.get(key.secret, at) + GRACE <= at]

    def is_due(self) -> bool:
        """
        Whether the newest key is older than it may get.
        """
        return self.ground.estate.clock.now() - born(self.live()[-1]) > ROTATES_AFTER


@dataclass
class Eyes:
    """
    One run of the engine, seen from the proxies.

    Args:
        kill_at: the changing request at which the run is killed; 0 for none.
        kill: ends the run.
    """

    places: Places
    kill_at: int = 0
    kill: Callable[[], None] = lambda: None
    requests: int = 0
    changing: int = 0
    killed: bool = False
    peak_bytes: int = 0

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._seen = len(self.places.ground.estate.log)

    def after(self) -> None:
        """
        Look; called after each request that has reached a system, before its answer goes back.
        """
        with self._lock:
            log = self.places.ground.estate.log
            calls = [log[at] for at in range(self._seen, len(log))]
            self._seen += len(calls)
            self.requests += 1
            self.places.look()
            self.peak_bytes = max([self.peak_bytes, *map(_peak_of, self.places.ground.forks.running())])
            # The pushes that come meanwhile change something, too; they are nobody's whom the run could be killed at.
            mine = [call for call in calls if changes(call) and not call.path.startswith("/v2/")]
            for _ in mine:
                self.changing += 1
                if self.changing == self.kill_at:
                    self.killed = True
                    self.kill()


def born(key: Key) -> datetime:
    """
    Return when a key was made.
    """
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d*", r"\1", key.created_at))


def _peak_of(pid: int) -> int:
    """
    Return the most memory that a process has had so far; 0 if it has ended.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0
