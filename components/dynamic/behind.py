"""
The sweeps that a run has left out, although the program has them, because a place that they need could not be served.

With `--continue-on-error` the engine (3.250) then still deletes the places that the program has no more, also where the
state of such a sweep needs them. It saves that state, refuses it afterwards ("snapshot integrity failure"), and nothing
runs before a `pulumi state repair`. Where the sweep itself has failed it does not (both measured). So the deletion of a
place waits for a run that comes to the sweep of its account.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..http.errors import NotYetError
from ..settings.place import Place
from .journal import MORE_OF_THE_JOURNAL, Entry
from .notes import Notes


class Behind(Notes):
    """
    What one process of a run knows of that.
    """

    def forget(self) -> None:
        """
        Forget everything, as the end of the process does. For tests, which make many runs in one process.
        """
        with self._lock:
            self._expected: set[str] = set()
            self._done: set[str] = set()
            self._needs: dict[str, frozenset[str]] = {}

    def _apply(self, entry: Entry) -> None:
        match entry:
            case ["sweep expected", username]:
                self._expected.add(username)
            case ["sweep done", username]:
                self._done.add(username)
            case ["sweep needs", username, places]:
                self._needs[username] = frozenset(places)

    def note_expected(self, username: str) -> None:
        """
        Note, in the program's process, that it has the sweep of that account.
        """
        self._note("sweep expected", username)

    def note_done(self, username: str, mark: str | None) -> None:
        """
        Note, there too, that the run has come to that sweep: one that was left out has no *mark* for the program.
        """
        if mark:
            self._note("sweep done", username)

    def note_needs(self, username: str, places: Iterable[str]) -> None:
        """
        Note which *places* that sweep needs in the state, by name. The engine asks for the difference also where it
        then leaves the sweep out.
        """
        self._note("sweep needs", username, sorted(places))

    def refuse_deletion(self, place: Place) -> None:
        """
        Refuse to delete a *place* that a sweep needs which the run has left out.

        Raises:
            NotYetError: so it is.
        """
        with self._lock:
            self._catch_up()
            needing = [name for name in self._expected - self._done if str(place) in self._needs.get(name, ())]
        if needing:
            why = f"this run had to leave out the sweep of {needing[0]}, which needs it in the state"
            msg = f"{place.thing} stays for now: {why}; correct what the other lines say, and run again"
            raise NotYetError(msg)


BEHIND = Behind(MORE_OF_THE_JOURNAL)
