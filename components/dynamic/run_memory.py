"""
What one run of the engine remembers between two calls, because the engine does not pass it on. Nothing else survives.

The engine calls `read`, `check`, `diff`, `create`, `update` and `delete` one by one, from four threads (all of this was
measured with the engine 3.250):

- A refresh calls `read` and then `diff` for everything in the state, also for what is about to be replaced or deleted.
- The update part calls `check` and `diff` for everything that the program still has; it is the same process, unless the
  settings have changed. A forced replacement (`--replace`, `state taint`) gets no `diff` there.
- A replacement is a `create` that is not told what it replaces, and, as the very last thing and perhaps a run later, a
  `delete` with the old properties. Whatever has a fixed name is then at the same place as its successor.
- `--replace '**'` replaces the provider as well: the deletions then come in another process than the creations. All
  processes of an `up` therefore share what they note, by the journal, but for the keys themselves.

So a `delete` has to find out by itself whether its place is somebody else's by now, and a `create` whether it follows
something that was made here. What is remembered for that:

- **Wanted names.** What `check` saw is still in the program. A place of that name is never cleared away. `check` sees
  nothing of what `--target` or `--exclude` leaves out, so the program itself says what it has, and by which instance:
  the place of another one is not cleared away either. Its own is, since a destroy can run the program too.
- **Who has which place, by its real identity.** Ids tell a place that is named in two ways. Each instance of a resource
  carries a mark, made when it was created and kept in the state; marks sort by time, and the newest at a place wins,
  whatever the order of the calls.
- **Which key each place holds.** A key that a place of this run still holds is not ended.
- **Whether a key is alive**, as far as this run has asked: no place is given a key that the registry refuses. Of a key
  whose resource is left out, or not refreshed, the run has only the state's word.
- **The live keys of the state.** The `create` of a key's successor is not told the key before it, which can mint it.
- **The keys that an identity has left** after its own were ended: the evidence without which no account is deleted.
- **The fields that the settings name**, to find two names of one field before one overwrites the other.
- **What is gone**, for what hangs on its name and lives on: an account's keys.
- **What is kept as it is**, for the program, which publishes such a secret once more.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass

from ..settings.place import Place
from .journal import JOURNAL, Entry
from .notes import Notes

# What tells two places, accounts or keys apart, beginning with its kind.
Identity = tuple[str, ...]


@dataclass(frozen=True)
class Holder:
    """
    The newest instance that is known at a place.

    Args:
        mark: the instance's mark.
        made_here: the thing at that place was made by this program, not adopted.
        labels: for the sweep of old keys, the labels that it covers.
    """

    mark: str
    made_here: bool = False
    labels: tuple[str, ...] = ()


class RunMemory(Notes):
    """
    The memory of one process of a run.
    """

    def forget(self) -> None:
        """
        Forget everything, as the end of the process does. For tests, which make many runs in one process.
        """
        with self._lock:
            self._last_mark = 0
            self._wanted: set[Identity] = set()
            self._named: dict[Identity, str] = {}
            self._kept: set[Identity] = set()
            self._gone: set[Identity] = set()
            self._holders: dict[Identity, Holder] = {}
            self._held: dict[Identity, tuple[str, str, str]] = {}
            self._cleared: dict[Identity, str] = {}
            self._alive: dict[str, bool] = {}
            self._live_keys: dict[tuple[str, str], str] = {}
            self._keys_left: dict[tuple[str, str], tuple[str, ...]] = {}
            self._named_fields: tuple[tuple[str, Place], ...] = ()

    def _apply(self, entry: Entry) -> None:
        match entry:
            case ["want", name]:
                self._wanted.add(tuple(name))
            case ["named", name, mark]:
                self._named[tuple(name)] = mark
            case ["kept", name, True]:
                self._kept.add(tuple(name))
            case ["kept", name, False]:
                self._kept.discard(tuple(name))
            case ["gone", name]:
                self._gone.add(tuple(name))
            case ["holder", place, mark, made_here, labels]:
                known = self._holders.get(tuple(place))
                self._last_mark = max(self._last_mark, int(mark.partition("-")[0] or 0))
                if known is None or known.mark <= mark:
                    self._holders[tuple(place)] = Holder(mark, made_here, tuple(labels))
            case ["held", place, name, key_uuid, mark]:
                _, _, newest = self._held.get(tuple(place), ("", "", ""))
                if mark >= newest and mark > self._cleared.get(tuple(place), ""):
                    self._held[tuple(place)] = (name, key_uuid, mark)
            case ["key", uuid, alive]:
                self._alive[uuid] = alive
            case ["cleared", place, mark]:
                self._cleared[tuple(place)] = max(mark, self._cleared.get(tuple(place), ""))
                if tuple(place) in self._held and self._held[tuple(place)][2] <= mark:
                    del self._held[tuple(place)]
            case ["keys left", registry, username, keys]:
                self._keys_left[registry, username] = tuple(keys)

    def want(self, name: Identity) -> None:
        """
        Note that the program of this run has what is called *name*.
        """
        self._note("want", name)

    def note_named(self, name: Identity, mark: str | None) -> None:
        """
        Note, in the program's process, that it has what is called *name*: by the instance with *mark*, None for one
        that does not exist yet.
        """
        self._note("named", name, mark or "")

    def is_wanted(self, name: Identity) -> bool:
        """
        Whether the program of this run has what is called *name*, and the run does not leave it out.
        """
        with self._lock:
            self._catch_up()
            return name in self._wanted

    def is_anothers(self, name: Identity, mark: str) -> bool:
        """
        Whether the program of this run has what is called *name*, by another instance than the one with *mark*; also
        where the run leaves that one out.
        """
        with self._lock:
            self._catch_up()
            return name in self._wanted or self._named.get(name, mark) != mark

    def want_server(self, url: str) -> None:
        """
        Note that the program of this run asks the server at *url*.
        """
        self.want(("server", url))

    def has_left(self, url: str | None) -> bool:
        """
        Whether there is a program in this run, and it asks the server at *url* no more.
        """
        return url is not None and not self.is_wanted(("server", url)) and bool(self._wanted)

    def note_kept(self, name: Identity, *, kept: bool) -> None:
        """
        Note whether what is called *name* is *kept* as it is in this run: asked about, and not written.
        """
        self._note("kept", name, kept)

    def is_kept(self, name: Identity) -> bool:
        """
        Whether what is called *name* is kept as it is in this run.
        """
        with self._lock:
            self._catch_up()
            return name in self._kept

    def note_gone(self, name: Identity) -> None:
        """
        Note that what is called *name* was not there when this run looked for it.
        """
        self._note("gone", name)

    def is_gone(self, name: Identity) -> bool:
        """
        Whether what is called *name* was not there when this run looked for it.
        """
        with self._lock:
            self._catch_up()
            return name in self._gone

    def new_mark(self) -> str:
        """
        Return the mark of a new instance: later than each that this process has seen.
        """
        with self._lock:
            self._catch_up()
            self._last_mark = max(time.time_ns(), self._last_mark + 1)
            return f"{self._last_mark:020d}-{secrets.token_hex(4)}"

    def note_holder(self, place: Identity, holder: Holder) -> None:
        """
        Note that an instance is at *place*; a newer one that is known there stays.
        """
        self._note("holder", place, holder.mark, holder.made_here, holder.labels)

    def holder(self, place: Identity) -> Holder | None:
        """
        Return the newest instance that is known at *place*.
        """
        with self._lock:
            self._catch_up()
            return self._holders.get(place)

    def has_successor(self, place: Identity, mark: str) -> bool:
        """
        Whether another, newer instance than the one with *mark* is at *place*.
        """
        holder = self.holder(place)
        return holder is not None and holder.mark > mark

    def note_held(self, place: Identity, name: str, key_uuid: str, mark: str) -> None:
        """
        Note which key *place*, called *name*, holds, as the instance with *mark* knows it; the newest one knows best.
        """
        self._note("held", place, name, key_uuid, mark)

    def note_cleared(self, place: Identity, mark: str) -> None:
        """
        Note that the instance with *mark*, the newest at *place*, lets go of it: what it may still hold is nobody's
        matter any more. What an older instance says of it counts no more, before or after: a destroy after a killed
        replacement deletes both, side by side.
        """
        self._note("cleared", place, mark)

    def places_with(self, key_uuid: str) -> list[str]:
        """
        Return the names of the places that hold that key.
        """
        with self._lock:
            self._catch_up()
            return sorted(name for name, held, _ in self._held.values() if held == key_uuid)

    def note_key(self, key_uuid: str, *, alive: bool) -> None:
        """
        Note what the registry has said of a key in this run.
        """
        self._note("key", key_uuid, alive)

    def key_is_alive(self, key_uuid: str) -> bool | None:
        """
        Whether the registry accepts that key; None where nobody has asked in this run.
        """
        with self._lock:
            self._catch_up()
            return self._alive.get(key_uuid)

    def note_live_key(self, registry: str, username: str, key: str) -> None:
        """
        Note that the last read of the state's *key* found it alive.
        """
        with self._lock:
            self._live_keys[registry, username] = key

    def live_key(self, registry: str, username: str) -> str | None:
        """
        Return the key of the state that was found alive.
        """
        with self._lock:
            return self._live_keys.get((registry, username))

    def note_keys_left(self, registry: str, username: str, keys: list[str]) -> None:
        """
        Note the live keys, in words, that the *registry* listed for *username* besides those that were ended.
        """
        self._note("keys left", registry, username, keys)

    def keys_left(self, username: str) -> tuple[str, ...] | None:
        """
        Return the live keys of *username* at all registries; None where this run has no evidence, or none of one of the
        registries at which it knows a key of that name.
        """
        with self._lock:
            self._catch_up()
            left = {registry: keys for (registry, name), keys in self._keys_left.items() if name == username}
            known = {place[1] for place in self._holders if place[0] == "key" and place[2] == username}
            return tuple(key for keys in left.values() for key in keys) if left and known <= left.keys() else None

    def note_named_fields(self, fields: list[tuple[str, Place]]) -> None:
        """
        Note every field that the settings name, each with the user name of its account.
        """
        with self._lock:
            self._named_fields = tuple(fields)

    def named_fields(self) -> tuple[tuple[str, Place], ...]:
        """
        Return every field that the settings name; none if the settings are not known here.
        """
        with self._lock:
            return self._named_fields


MEMORY = RunMemory(JOURNAL)
