"""
What one process of a run has seen. None of it is shared with other processes or kept in the state.
"""

from __future__ import annotations

from threading import Lock

from ..settings.place import Place
from .claims import Identity


class Seen:
    """
    What the process has checked and looked at. Each part takes one value at a time, from any thread.

    Args:
        checked: names that the engine has checked, so the program has them and the run does not leave them out.
        not_found: names of the things that this run looked for and did not find.
        live_keys: by lineage, the key of the state that the last read found alive. It can mint its successor, whose
            `create` does not learn of it from the engine.
        named_fields: every field that the settings name, with the user name of its account, to find two names of one
            field before one account overwrites the other's key; empty if the settings are not known here.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self.forget()

    def forget(self) -> None:
        """
        Forget everything, as the end of the process does. For tests, which make many runs in one process.
        """
        self.checked: set[Identity] = set()
        self.not_found: set[Identity] = set()
        self.live_keys: dict[Identity, str] = {}
        self.named_fields: tuple[tuple[str, Place], ...] = ()
        self._looked_at: dict[Identity, bool] = {}

    def note_look(self, thing: Identity, *, as_wanted: bool = False) -> bool:
        """
        Note a look at a *thing*, and whether the look found it as the settings want it; return whether it was the
        first.
        """
        with self._lock:
            first = thing not in self._looked_at
            self._looked_at[thing] = as_wanted or self._looked_at.get(thing, False)
            return first

    def is_as_wanted(self, thing: Identity) -> bool | None:
        """
        Whether a look found a *thing* as the settings want it; None if nobody looked.
        """
        return self._looked_at.get(thing)


SEEN = Seen()
