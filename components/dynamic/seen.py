"""
What one process of a run has seen, for itself alone: nothing of it is shared with other processes or kept in the state.
"""

from __future__ import annotations

from threading import Lock

from ..settings.place import Place
from .claims import Identity


class Seen:
    """
    What has been checked and looked at. Each part takes one value at a time, from any thread.

    Args:
        checked: names that the engine has checked: the program still has them, and the run does not leave them out.
        gone: names of what was not there when this run looked for it.
        live_keys: the key of the state that the last read found alive, by its slot, which is what a key and its
            successor have in common: it can mint its successor, whose `create` is not told of it.
        named_fields: every field that the settings name, each with the user name of its account, to find two names of
            one field before one overwrites the other; none if the settings are not known here.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self.forget()

    def forget(self) -> None:
        """
        Forget everything, as the end of the process does. For tests, which make many runs in one process.
        """
        self.checked: set[Identity] = set()
        self.gone: set[Identity] = set()
        self.live_keys: dict[Identity, str] = {}
        self.named_fields: tuple[tuple[str, Place], ...] = ()
        self._looked_at: dict[Identity, bool] = {}

    def note_look(self, thing: Identity, *, as_wanted: bool = False) -> bool:
        """
        Note that a *thing* is looked at, and whether it was found as the settings want it; return whether it is the
        first time.
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
