"""
What a run tells a person, once: faults that fail no resource, for which the program ends the run with exit code 1; and
what was said already, since a system that is down is down for all that is asked of it.

A preview tells such things as well, so this has a journal of its own, which a preview makes too.
"""

from __future__ import annotations

from .journal import TOLD_JOURNAL, Entry
from .notes import Notes


class Told(Notes):
    """
    What one process of a run has told, or leaves to the program to tell.
    """

    def forget(self) -> None:
        """
        Forget everything, as the end of the process does. For tests, which make many runs in one process.
        """
        with self._lock:
            self._faults: dict[str, str] = {}
            self._said: set[str] = set()

    def _apply(self, entry: Entry) -> None:
        match entry:
            case ["fault", what, sentence]:
                self._faults[what] = sentence
            case ["said", sentence]:
                self._said.add(sentence)

    def note_fault(self, what: str, sentence: str) -> bool:
        """
        Note that *what* has a fault for which the run is to end with exit code 1; an empty *sentence* takes it back.
        Return whether there is a program that will say so.
        """
        return self._note("fault", what, sentence)

    def note_said(self, sentence: str) -> None:
        """
        Note that a person is told of that in this run.
        """
        self._note("said", sentence)

    def is_new(self, sentence: str) -> bool:
        """
        Whether nobody was told of that in this run; from now on somebody is.
        """
        with self._lock:
            self._catch_up()
            new = sentence not in self._said
            self._said.add(sentence)
        if new:
            self.note_said(sentence)
        return new

    def faults(self) -> dict[str, list[str]]:
        """
        Return each fault of the run that nobody was told of, with what has it.
        """
        with self._lock:
            self._catch_up()
            found: dict[str, list[str]] = {}
            for what, sentence in self._faults.items():
                if sentence and sentence not in self._said:
                    found.setdefault(sentence, []).append(what)
            return found


TOLD = Told(TOLD_JOURNAL)
