"""
Embedded systems as they were before: a copy of all they know, put back at the end.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator
from typing import Any

from tests.answers.bent import system_of
from tests.estate import NAMES
from tests.estate.core import Shell
from tests.world import World


@contextlib.contextmanager
def undone(world: World) -> Iterator[None]:
    """
    Put everything back at the end: accounts, keys, items, secrets, switches, and straight answers.
    """
    estate = world.estate
    systems = [system_of(world, name) for name in NAMES]
    shells = [system.app for system in systems if isinstance(system.app, Shell)]
    inners = [shell.inner for shell in shells]
    # What the systems share with one another, and how they are served, is not copied.
    shared = (estate.world, estate.clock, estate.secrets, *shells)
    known: dict[int, Any] = {id(one): one for one in shared}
    kept = [copy.deepcopy(vars(system), known) for system in systems]
    offset = estate.clock.offset
    try:
        yield
    finally:
        for system, before in zip(systems, kept, strict=True):
            vars(system).clear()
            vars(system).update(before)
        for shell, inner in zip(shells, inners, strict=True):
            shell.inner = inner
        estate.clock.offset = offset
        estate.log.clear()
