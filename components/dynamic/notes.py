"""
Notes that the processes of one run share, each in memory, and by a journal where the run has one.
"""

from __future__ import annotations

from threading import Lock
from typing import Any

from .journal import Entry, Journal


class Notes:
    """
    The notes of one process, shared by the run's *journal* with its other processes.
    """

    def __init__(self, journal: Journal) -> None:
        self._lock = Lock()
        self._journal = journal
        self.forget()

    def forget(self) -> None:
        """
        Forget everything, as the end of the process does. For tests, which make many runs in one process.
        """
        raise NotImplementedError

    def _apply(self, entry: Entry) -> None:
        """
        Take one entry in, of this process or of another.
        """
        raise NotImplementedError

    def _note(self, *entry: Any) -> bool:
        """
        Note an entry; return whether the other processes of the run know it as well.
        """
        with self._lock:
            shared = self._journal.append(list(entry))
            if not shared:
                self._apply(list(entry))
            return shared

    def _catch_up(self) -> None:
        """
        Take in what is new in the journal. The caller holds the lock.
        """
        for entry in self._journal.news():
            self._apply(entry)
