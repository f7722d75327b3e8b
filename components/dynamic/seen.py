"""
What one process of a run has seen, for itself alone: nothing of it is written to the run's journal or to the state.
"""

from __future__ import annotations

from threading import Lock
from typing import Any

from .run_memory import Identity


class Seen:
    """
    What has been read, and what was looked at before it exists.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self.forget()

    def forget(self) -> None:
        """
        Forget everything, as the end of the process does. For tests, which make many runs in one process.
        """
        with self._lock:
            self._facts: dict[Identity, dict[str, Any]] = {}
            self._looked_at: dict[Identity, bool] = {}

    def note_facts(self, instance: Identity, facts: dict[str, Any]) -> None:
        """
        Note what was just read of an *instance*: all its properties.
        """
        with self._lock:
            self._facts[instance] = facts

    def facts(self, instance: Identity) -> dict[str, Any] | None:
        """
        Return what was read of an *instance*; None if nothing was.
        """
        with self._lock:
            return self._facts.get(instance)

    def note_look(self, thing: Identity, *, as_wanted: bool = False) -> bool:
        """
        Note that a *thing* is looked at, and whether it was found as the settings want it; return whether it is the
        first time.
        """
        with self._lock:
            first = thing not in self._looked_at
            self._looked_at[thing] = as_wanted or self._looked_at.get(thing, False)
            return first

    def is_as_wanted(self, thing: Identity) -> bool:
        """
        Whether a look found a *thing* as the settings want it.
        """
        with self._lock:
            return self._looked_at.get(thing, False)

    def was_looked_at(self, thing: Identity) -> bool:
        """
        Whether a *thing* was looked at.
        """
        with self._lock:
            return thing in self._looked_at


SEEN = Seen()
