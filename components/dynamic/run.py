"""
What one run of the engine remembers between two calls, because the engine does not pass it on.

The engine calls `read`, `check`, `diff`, `create`, `update` and `delete` one by one, from four threads (engines 3.250
and 3.276, measured):

- A refresh calls `read` and then `diff` for everything in the state, also for what is about to be replaced or deleted.
- The update part calls `check` and `diff` for everything that the program still has; in the same process, unless the
  settings have changed. A forced replacement (`--replace`, `state taint`) gets no `diff` there.
- A replacement is a `create` that is not told what it replaces, and, as the very last thing and perhaps a run later, a
  `delete` with the old properties. Whatever has a fixed name is then at the same place as its successor.

So a `delete` has to find out by itself whether its thing is another instance's by now, and a `create` whether it
follows something that was made here: see `claims.py`. What else the processes of a run tell each other is in the
entries below; what one process keeps for itself is in `seen.py`. Nothing else survives a run but the state.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

import msgspec
from msgspec.structs import asdict

from ..http.errors import EnvironmentUnfitError
from .claims import Claim, Claims, Identity, ProgramClaim, Release, server
from .run_file import Line, RunFile, file_of_this_run


class Begun(msgspec.Struct, frozen=True):
    """
    The program runs, in a preview or not.
    """

    preview: bool


class Kept(msgspec.Struct, frozen=True):
    """
    A secret is kept as it is in this run, or no longer: the program publishes one that is kept once more.
    """

    thing: Identity
    kept: bool


class KeySeen(msgspec.Struct, frozen=True):
    """
    The registry accepts or refuses a key.
    """

    uuid: str
    alive: bool


class OwnKey(msgspec.Struct, frozen=True):
    """
    The state has a key in a *slot*. Of a key there is the digest alone: it tells whether something is that key, and
    cannot be made a key again.
    """

    slot: Identity
    uuid: str
    digest: str


class KeysLeft(msgspec.Struct, frozen=True):
    """
    The live keys, in words, that an account had left after its own in a *slot* were ended: the evidence without which
    no account is deleted.
    """

    slot: Identity
    keys: tuple[str, ...]


class Aged(msgspec.Struct, frozen=True):
    """
    What moves by itself, as a read found it, of one instance. A change of the settings puts its `diff` into another
    process than its read.
    """

    instance: Identity
    facts: dict[str, Any]


class Fault(msgspec.Struct, frozen=True):
    """
    *what* has a fault for which the run is to end with exit code 1; an empty *sentence* takes it back.
    """

    what: str
    sentence: str


class Said(msgspec.Struct, frozen=True):
    """
    A person was told of that.
    """

    sentence: str


Entry = ProgramClaim | Claim | Release | Begun | Kept | KeySeen | OwnKey | KeysLeft | Aged | Fault | Said
_KINDS: dict[str, type[Entry]] = {
    kind.__name__: kind
    for kind in (ProgramClaim, Claim, Release, Begun, Kept, KeySeen, OwnKey, KeysLeft, Aged, Fault, Said)
}
_KIND = "kind"


class Run:
    """
    The memory of one process of a run, shared with the others by *file*. For several threads.
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
            self._kept: set[Identity] = set()
            self._alive: dict[str, bool] = {}
            self._own: set[OwnKey] = set()
            self._left: dict[Identity, tuple[str, ...]] = {}
            self._aged: dict[Identity, dict[str, Any]] = {}
            self._faults: dict[str, str] = {}
            self._said: set[str] = set()

    def join(self) -> None:
        """
        Share this process's notes with the others of the run. Where no file can be made, each remembers for itself, and
        the program refuses to run.
        """
        with self._lock:
            try:
                self.file.join()
            except EnvironmentUnfitError:
                return

    def begin(self, *, preview: bool) -> bool:
        """
        Begin the run of the program; return whether its providers can tell it something.

        Raises:
            EnvironmentUnfitError: no temporary file can be made.
        """
        with self._lock:
            shared = self.file.join()
        self.note(Begun(preview))
        return shared

    def note(self, *entries: Entry) -> bool:
        """
        Note *entries*; return whether the other processes of the run know them as well.
        """
        with self._lock:
            shared = self.file.append(*({_KIND: type(entry).__name__, **asdict(entry)} for entry in entries))
            if not shared:
                for entry in entries:
                    self._apply(entry)
        return shared

    @property
    def is_preview(self) -> bool:
        """
        Whether the engine runs the program in a preview. One that cannot make a file is one: an `up` refuses to run
        without.
        """
        with self._caught_up():
            return self.file.has_engine and (self._begun is None or self._begun.preview)

    @property
    def claims(self) -> Claims:
        """
        Who has what, as far as the processes of this run know by now. To be asked at once, and not kept.
        """
        with self._caught_up():
            return self._claims

    def has_left(self, url: str | None) -> bool:
        """
        Whether there is a program in this run, and it asks the server at *url* no more.
        """
        claims = self.claims
        return url is not None and claims.has_program and not claims.program_has(server(url))

    def is_kept(self, thing: Identity) -> bool:
        """
        Whether the secret is kept as it is in this run.
        """
        with self._caught_up():
            return thing in self._kept

    def key_is_alive(self, key_uuid: str) -> bool | None:
        """
        Whether the registry accepts that key; None where nobody has asked in this run.
        """
        with self._caught_up():
            return self._alive.get(key_uuid)

    def is_key_beside(self, key_uuid: str, value: str) -> bool:
        """
        Whether *value* is a key that the state has in the slot of the key *key_uuid*: that key, its successor, or the
        one before it.
        """
        with self._caught_up():
            slots = {own.slot for own in self._own if own.uuid == key_uuid}
            return any(own.slot in slots and own.digest == digest_of(value) for own in self._own)

    def keys_left(self) -> dict[Identity, tuple[str, ...]]:
        """
        Return the live keys that each account has left, by the slot in which all of its own were ended.
        """
        with self._caught_up():
            return dict(self._left)

    def aged(self, instance: Identity) -> dict[str, Any] | None:
        """
        Return what moves by itself, as this run's read found it; None where it was not read.
        """
        with self._caught_up():
            return self._aged.get(instance)

    def is_new(self, sentence: str) -> bool:
        """
        Whether nobody was told of that in this run; from now on somebody is.
        """
        with self._caught_up():
            new = sentence not in self._said
            self._said.add(sentence)
        if new:
            self.note(Said(sentence))
        return new

    def faults(self) -> dict[str, list[str]]:
        """
        Return each fault of the run that nobody was told of, with what has it.
        """
        with self._caught_up():
            found: dict[str, list[str]] = {}
            for what, sentence in self._faults.items():
                if sentence and sentence not in self._said:
                    found.setdefault(sentence, []).append(what)
            return found

    @contextmanager
    def _caught_up(self) -> Iterator[None]:
        """
        Hold the lock, with all that other processes have noted taken in.
        """
        with self._lock:
            for line in self.file.news():
                self._apply(_entry(line))
            yield

    def _apply(self, entry: Entry) -> None:
        match entry:
            case ProgramClaim() | Claim() | Release():
                self._claims.add(entry)
            case Begun():
                self._begun = entry
            case Kept(thing, kept):
                (self._kept.add if kept else self._kept.discard)(thing)
            case KeySeen(uuid, alive):
                self._alive[uuid] = alive
            case OwnKey():
                self._own.add(entry)
            case KeysLeft(slot, keys):
                self._left[slot] = keys
            case Aged(instance, facts):
                self._aged[instance] = facts
            case Fault(what, sentence):
                self._faults[what] = sentence
            case Said(sentence):
                self._said.add(sentence)


def digest_of(key: str) -> str:
    """
    Return what tells a key from all others, for `OwnKey`.
    """
    return hashlib.sha256(key.encode()).hexdigest()


def _entry(line: Line) -> Entry:
    values: Any = {
        name: tuple(value) if isinstance(value, list) else value for name, value in line.items() if name != _KIND
    }
    return _KINDS[line[_KIND]](**values)


RUN = Run(file_of_this_run())
