"""
What "in sync" means, and how a run's order is read from the systems' own logs.
"""

from __future__ import annotations

from tests.engine.stack import Stack
from tests.world import World


def assert_in_sync(world: World, stack: Stack) -> None:
    """
    Assert that both places hold the one key with our label, that zot accepts it, and that a preview has nothing to do.
    """
    key = world.field()
    assert key is not None
    assert world.secret() == key
    assert world.accepts(key)
    assert len(world.ours(key, stack.name)) == 1
    run = stack.preview()
    assert run.code == 0, run.text


def calls(world: World, *systems: str) -> list[str]:
    """
    Return "METHOD path" of what the embedded systems were asked, in order.
    """
    return [f"{call.method} {call.path}" for call in world.estate.log if call.system in systems]


def paths(world: World, system: str) -> list[str]:
    """
    Return the paths that one embedded system was asked for, in order.
    """
    return [call.path for call in world.estate.log if call.system == system]
