"""
The whole content of an estate, kept and put back: a test can begin again from a state that took long to make.

A snapshot belongs to the estate that it was taken of. Its servers, addresses and ports are no part of it, because the
addresses are written in stack files, in issuers and in redirect URIs.
"""

from __future__ import annotations

import copy
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
    # All at once, so that what two places share is shared in the copy too. The one clock, the one book and the systems
    # themselves stay who they are, wherever an object points at them.
    shared = (world, world.clock, world.log, world.secrets, *systems.values())
    return copy.deepcopy(contents, {id(one): one for one in shared})
