"""
The whole content of an estate, kept and put back: a test can begin again from a state that took long to make.

A snapshot belongs to the estate that it was taken of. Its servers, addresses and ports are no part of it, because the
addresses are written in stack files, in issuers and in redirect URIs. Pickled, it can be put back in another process,
into an estate with the same systems at the same addresses.
"""

from __future__ import annotations

import copy
import io
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tests.estate.core import Call, System, World


@dataclass(frozen=True)
class Snapshot:
    """The content of each system by its name, and of what they share."""

    systems: dict[str, dict[str, Any]]
    offset: timedelta
    calls: list[Call]
    secrets: list[str]
    errors: list[str]


def take(world: World, systems: Mapping[str, System]) -> Snapshot:
    """Copy everything that can change. Nobody may be asking meanwhile."""
    contents = _copied({name: system.content() for name, system in systems.items()}, world, systems)
    return Snapshot(contents, world.clock.offset, list(world.log), list(world.secrets), list(world.errors))


def put_back(snapshot: Snapshot, world: World, systems: Mapping[str, System]) -> None:
    """
    Make everything what it was; the snapshot stays good for another time.

    Objects that a test took out of a system before, such as a user, are no longer part of it: look them up again.
    """
    for name, content in _copied(snapshot.systems, world, systems).items():
        systems[name].put_back(content)
    world.clock.offset = snapshot.offset
    world.log.put_back(snapshot.calls)
    world.secrets.put_back(snapshot.secrets)
    world.errors[:] = snapshot.errors


def _copied(
    contents: dict[str, dict[str, Any]], world: World, systems: Mapping[str, System]
) -> dict[str, dict[str, Any]]:
    # All at once, so that what two places share is shared in the copy too.
    return copy.deepcopy(contents, {id(one): one for one in _shared(world, systems).values()})


def _shared(world: World, systems: Mapping[str, System]) -> dict[str, object]:
    """Return what stays the same object wherever a copied one points at it: clock, log, book of secrets, systems."""
    return {"world": world, "clock": world.clock, "log": world.log, "secrets": world.secrets, **systems}


def pickled(snapshot: Snapshot, world: World, systems: Mapping[str, System]) -> bytes:
    """Pickle a snapshot of this estate: of what the estate shares, only the name."""
    file = io.BytesIO()
    _Pickler(file, _shared(world, systems)).dump(snapshot)
    return file.getvalue()


def unpickled(data: bytes, world: World, systems: Mapping[str, System]) -> Snapshot:
    """Return the snapshot as one of this estate."""
    snapshot = _Unpickler(io.BytesIO(data), _shared(world, systems)).load()
    assert isinstance(snapshot, Snapshot)
    return snapshot


class _Pickler(pickle.Pickler):
    def __init__(self, file: io.BytesIO, shared: Mapping[str, object]) -> None:
        super().__init__(file)
        self._names = {id(one): name for name, one in shared.items()}

    def persistent_id(self, one: object) -> str | None:
        """Return the name that stands for an object in the pickle; none for what is pickled itself."""
        return self._names.get(id(one))


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, shared: Mapping[str, object]) -> None:
        super().__init__(file)
        self._shared = shared

    def persistent_load(self, name: str) -> object:
        """Return the object that a name stands for."""
        return self._shared[name]
