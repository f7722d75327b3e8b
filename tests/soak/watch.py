"""
How a run is seen from the proxies: its requests, its memory, where it is killed; and what is known of older keys.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from tests.commands.ground import Ground
from tests.commands.watch import changes, said
from tests.oracle.evidence import Key, Ours, Seen, look, reference
from tests.oracle.instant import Watch
from tests.oracle.rest import History, over

GRACE = timedelta(days=1)
ROTATES_AFTER = timedelta(days=1)


@dataclass
class Keys:
    """
    The keys of the account, and since when it is known of an older one that no place has it.

    Attributes:
        waits_while_used: whether an old key that is in use lives on after its grace.
        most_live: the most keys with our label that were alive at once.
        replaced_at: since when it is known of an older key, by its uuid, that no place has it.
    """

    ground: Ground
    grace: timedelta
    waits_while_used: bool = False
    most_live: int = 0
    replaced_at: dict[str, datetime] = field(default_factory=dict)

    @property
    def ours(self) -> Ours:
        """
        What the settings name.
        """
        grace_days, waits = self.grace / timedelta(days=1), self.waits_while_used
        return reference(self.ground.world.username, self.ground.stack.name, grace_days, waits_while_used=waits)

    def look(self) -> Seen:
        """
        See all systems now.
        """
        return look(self.ground.estate, self.ours)

    def live(self, seen: Seen | None = None) -> list[Key]:
        """
        Return the live keys with our label, oldest first, by default those of now.
        """
        (account,) = self.ours.accounts
        return (seen or self.look()).live(account.username, self.ours.label(account.username))

    def count(self, seen: Seen) -> None:
        """
        Count the keys that are alive.
        """
        self.most_live = max(self.most_live, len(self.live(seen)))

    def note_replaced(self) -> History:
        """
        A run has ended well, so both places hold the newest key: from now on it is known that nothing holds another.
        """
        for key in self.live()[:-1]:
            self.replaced_at.setdefault(key.uuid, self.ground.estate.clock.now())
        return self.history

    @property
    def history(self) -> History:
        """
        What is known of older keys.
        """
        return History(replaced_at=self.replaced_at)

    def over(self) -> list[Key]:
        """
        Return the older keys whose grace is over.
        """
        (account,) = self.ours.accounts
        return over(self.ours, account, self.look(), self.history)

    def is_due(self) -> bool:
        """
        Whether the newest key is older than it may get.
        """
        return self.ground.estate.clock.now() - self.live()[-1].born > ROTATES_AFTER


class Eyes:
    """
    One run of the engine, seen from the proxies.

    Args:
        kill_at: the changing request at which the run is killed; 0 for none. *kill* is set when it has begun.
    """

    def __init__(self, keys: Keys, kill_at: int = 0) -> None:
        self.requests = self.changing = self.peak_bytes = 0
        self.killed = False
        self.kill: Callable[[], None] = lambda: None
        self._keys, self._kill_at = keys, kill_at
        self._lock = threading.Lock()
        self._log = keys.ground.estate.log
        self._seen = len(self._log)
        self._oracle = Watch(keys.ground.estate, keys.ours)
        self.before = self._oracle.before

    def after(self) -> None:
        """
        Look; called after each request that has reached a system, before its answer goes back.
        """
        with self._lock:
            calls = [self._log[at] for at in range(self._seen, len(self._log))]
            self._seen += len(calls)
            self.requests += 1
            self._keys.count(self._oracle.look(said(calls[-1]) if calls else "a request"))
            self.peak_bytes = max([self.peak_bytes, *map(_peak_of, self._keys.ground.quickly.forks.running())])
            # The pushes that come meanwhile change something, too; they are nobody's whom the run could be killed at.
            mine = [call for call in calls if changes(call) and not call.path.startswith("/v2/")]
            for _ in mine:
                self.changing += 1
                if self.changing == self._kill_at:
                    self.killed = True
                    self.kill()

    @property
    def faults(self) -> list[str]:
        """
        What the oracle has found, at the run's end too.
        """
        self._oracle.look("its end")
        return self._oracle.findings


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
