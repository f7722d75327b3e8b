"""
What one run of the engine remembers between two calls, because the engine does not pass it on. Nothing else survives.

The engine calls `read`, `check`, `diff`, `create`, `update` and `delete` one by one, from four threads, in one provider
process for all resources of a run (two processes if the settings have changed: one refreshes, the other updates). Of a
replacement it calls `create` first, without the old properties, and `delete` last, with nothing but them. Two things
would therefore be lost:

- **The live keys.** The `create` of a key's successor is not told the key that it replaces, and that key can mint it.
  The `diff` that decided the replacement knew the key, and runs in the same process as the `create`.
- **Who has which place.** A place can pass from one resource to another: fields change their order in the settings, an
  account gets another name. What the old resource's `delete` would clear away is then what the new one has just
  written. So whoever reads or writes a place claims it, and a place that another resource has claimed is left alone.
"""

from __future__ import annotations

_Place = tuple[str, ...]


class RunMemory:
    """
    The memory of one provider process, which the engine ends with the run.
    """

    def __init__(self) -> None:
        self._live_keys: dict[tuple[str, str], str] = {}
        self._places: dict[str, _Place] = {}

    def note_live_key(self, registry: str, username: str, key: str) -> None:
        """
        Note that the last read of the state's *key* found it alive.
        """
        self._live_keys[registry, username] = key

    def live_key(self, registry: str, username: str) -> str | None:
        """
        Return the key of the state that was found alive.
        """
        return self._live_keys.get((registry, username))

    def claim(self, resource: str, place: _Place) -> None:
        """
        Note that *resource* has *place* now, and no other.
        """
        self._places[resource] = place

    def release(self, resource: str) -> None:
        """
        Note that *resource* has no place any more.
        """
        self._places.pop(resource, None)

    def is_claimed_by_another(self, resource: str, place: _Place) -> bool:
        """
        Whether a resource other than *resource* has *place*.
        """
        return any(claimed == place for holder, claimed in self._places.copy().items() if holder != resource)

    def forget(self) -> None:
        """
        Forget everything, as the end of the run does. For tests, which make many runs in one process.
        """
        self._live_keys.clear()
        self._places.clear()


MEMORY = RunMemory()
