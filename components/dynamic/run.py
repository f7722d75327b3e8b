"""
What one run of the engine remembers between two calls of a provider, since the engine does not pass it on.

The engine calls `read`, `check`, `diff`, `create`, `update` and `delete` one by one, from four threads (engines 3.250
and 3.276, measured):

- A refresh calls `read` and then `diff` for everything in the state, including what will be replaced or deleted.
- The update part calls `check` and `diff` for everything that the program still has; in the same process, unless the
  settings have changed. A forced replacement (`--replace`, `state taint`) gets no `diff` there.
- A replacement is a `create` that does not learn what it replaces and, as the last step or in a later run, a `delete`
  with the old properties. A thing with a fixed name is then at the same place as its successor.

So a `delete` has to find out whether another instance has the thing now, and a `create` whether it follows a thing that
was made here: see `claims.py`. What else the processes of a run share is in `entries.py`; what one process keeps for
itself is in `seen.py`. Nothing else survives a run but the state.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from ..http.errors import EnvironmentUnfitError
from .claims import Claim, Claims, Identity, ProgramClaim, Release, server
from .entries import (
    Begun,
    Entry,
    Fault,
    KeyDeferred,
    KeySeen,
    KeysLeft,
    OwnerSeen,
    OwnKey,
    Reported,
    SecretUnchanged,
    VolatileFacts,
    as_line,
    digest_of,
    of_line,
)
from .run_file import RunFile, file_of_this_run


class Run:
    """
    The memory of one process of a run, shared with the others by *file*. Safe for several threads.
    """

    def __init__(self, file: RunFile) -> None:
        self._lock = Lock()
        self.file = file
        self.forget()

    def forget(self) -> None:
        """
        Forget everything, as the end of the process does. For tests, which make many runs in one process.
        """
        with self._lock:
            self._claims = Claims()
            self._begun: Begun | None = None
            self._unchanged: set[Identity] = set()
            self._owners: dict[Identity, int] = {}
            self._alive: dict[str, bool] = {}
            self._own: set[OwnKey] = set()
            self._deferred: set[str] = set()
            self._left: dict[Identity, tuple[str, ...]] = {}
            self._volatile_facts: dict[Identity, dict[str, Any]] = {}
            self._faults: dict[str, str] = {}
            self._reported: set[str] = set()

    def join(self) -> None:
        """
        Share this process's notes with the other processes of the run. If no file can be made, each process remembers
        for itself, and the program refuses to run.
        """
        with self._lock:
            try:
                self.file.join()
            except EnvironmentUnfitError:
                return

    def begin(self, *, preview: bool) -> bool:
        """
        Begin the run of the program; return whether it shares a file with its providers.

        Raises:
            EnvironmentUnfitError: no temporary file can be made.
        """
        with self._lock:
            shared = self.file.join()
        self.note(Begun(preview))
        return shared

    def note(self, *entries: Entry) -> bool:
        """
        Note *entries*; return whether they are shared with the other processes of the run.
        """
        with self._lock:
            shared = self.file.append(*(as_line(entry) for entry in entries))
            if not shared:
                for entry in entries:
                    self._apply(entry)
        return shared

    @property
    def is_preview(self) -> bool:
        """
        Whether the engine runs the program in a preview. Without a file it is one, since an `up` refuses to run then.
        """
        with self._caught_up():
            return self.file.has_engine and (self._begun is None or self._begun.preview)

    @property
    def claims(self) -> Claims:
        """
        Who has what, as the processes of this run know it now. Ask it at once, and do not keep it.
        """
        with self._caught_up():
            return self._claims

    def has_left(self, url: str | None) -> bool:
        """
        Whether the program of this run no longer names the server at *url*; False in a run without a program.
        """
        claims = self.claims
        return url is not None and claims.has_program and not claims.program_has(server(url))

    def is_unchanged(self, thing: Identity) -> bool:
        """
        Whether the secret stays as it is in this run.
        """
        with self._caught_up():
            return thing in self._unchanged

    def number_of(self, owner: Identity) -> int | None:
        """
        Return the number that the *owner* of a secret has in the state; None if it has none there.
        """
        with self._caught_up():
            return self._owners.get(owner)

    def key_is_alive(self, key_uuid: str) -> bool | None:
        """
        Whether the registry accepts that key; None if this run did not ask.
        """
        with self._caught_up():
            return self._alive.get(key_uuid)

    def shares_lineage(self, key_uuid: str, value: str) -> bool:
        """
        Whether *value* is a key of the state in the same lineage as *key_uuid*: that key, its successor, or the one
        before it.
        """
        with self._caught_up():
            lineages = {own.lineage for own in self._own if own.uuid == key_uuid}
            return any(own.lineage in lineages and own.digest == digest_of(value) for own in self._own)

    def labels_of(self, lineage: Identity) -> set[str]:
        """
        Return the labels of the state's keys of that lineage.
        """
        with self._caught_up():
            return {own.label for own in self._own if own.lineage == lineage}

    def is_deferred(self, key_uuid: str) -> bool:
        """
        Whether the sweep of this run has left that key to its own resource, and no place of the program holds it any
        more.
        """
        with self._caught_up():
            return key_uuid in self._deferred and not self._claims.program_places_with(key_uuid)

    def keys_left(self) -> dict[Identity, tuple[str, ...]]:
        """
        Return the live keys that each account has left, by the lineage whose keys were all revoked.
        """
        with self._caught_up():
            return dict(self._left)

    def volatile_facts(self, instance: Identity) -> dict[str, Any] | None:
        """
        Return the volatile properties of an instance, as this run's read found them; None if it was not read.
        """
        with self._caught_up():
            return self._volatile_facts.get(instance)

    def note_report(self, sentence: str) -> bool:
        """
        Note that the caller logs the *sentence*; return whether it is the first time in this run.
        """
        with self._caught_up():
            new = sentence not in self._reported
            self._reported.add(sentence)
        if new:
            self.note(Reported(sentence))
        return new

    def faults(self) -> dict[str, list[str]]:
        """
        Return each fault of the run that was not logged yet, with the names of what has it.
        """
        with self._caught_up():
            found: dict[str, list[str]] = {}
            for what, sentence in self._faults.items():
                if sentence and sentence not in self._reported:
                    found.setdefault(sentence, []).append(what)
            return found

    @contextmanager
    def _caught_up(self) -> Iterator[None]:
        """
        Hold the lock after taking in what other processes have noted.
        """
        with self._lock:
            for line in self.file.news():
                self._apply(of_line(line))
            yield

    def _apply(self, entry: Entry) -> None:
        match entry:
            case ProgramClaim() | Claim() | Release():
                self._claims.add(entry)
            case Begun():
                self._begun = entry
            case SecretUnchanged(thing, unchanged):
                (self._unchanged.add if unchanged else self._unchanged.discard)(thing)
            case OwnerSeen(owner, number):
                self._owners[owner] = number
            case KeySeen(uuid, alive):
                self._alive[uuid] = alive
            case OwnKey():
                self._own.add(entry)
            case KeyDeferred(uuid):
                self._deferred.add(uuid)
            case KeysLeft(lineage, keys):
                self._left[lineage] = keys
            case VolatileFacts(instance, facts):
                self._volatile_facts[instance] = facts
            case Fault(what, sentence):
                self._faults[what] = sentence
            case Reported(sentence):
                self._reported.add(sentence)


RUN = Run(file_of_this_run())
