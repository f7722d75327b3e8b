"""
What the rows stand on: the embedded systems, our stack in sync, and the ways to compare and to count.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.stacks import BenchError, furnish, multiply, name_of, of_accounts, preview, run_up, settings
from tests.engine.stack import Stack
from tests.world import ITEM, OWNER, REPOSITORY, VAULT, World

RUNS = 5
SYSTEMS = ("authentik", "zot", "onepassword", "forgejo")


@contextmanager
def on_ground() -> Iterator[tuple[World, Path]]:
    """
    Give the embedded systems, and a folder for the stacks.
    """
    with tempfile.TemporaryDirectory() as name:
        world = World.start()
        try:
            yield world, Path(name)
        finally:
            world.stop()


def in_sync(world: World, folder: Path, count: int) -> Stack:
    """
    Return our stack with so many accounts, in sync; of many its state is multiplied from that of one.
    """
    stack = of_accounts(world, folder, 1)
    run_up(stack)
    first = _texts(world, stack, 0)
    copies = []
    for number in range(1, count):
        furnish(world, number)
        minted = world.estate.zot.mint(name_of(number), f"zot-ci/test/{name_of(number)}")
        world.estate.onepassword.set_field(VAULT, ITEM, f"field-{name_of(number)}", minted)
        world.estate.forgejo.set_value(OWNER, REPOSITORY, f"KEY_{number:06d}", minted)
        copies.append(dict(zip(first, _texts(world, stack, number), strict=True)))
    multiply(stack, copies, settings(world, count))
    return stack


def _texts(world: World, stack: Stack, number: int) -> list[str]:
    """
    Return what tells one account's part of the state from another's; the longest first, since one may be in another.
    """
    name = name_of(number)
    user = world.estate.authentik.users[name]
    key = world.estate.onepassword.field(VAULT, ITEM, f"field-{name}") or ""
    held = world.estate.zot.key(key)
    if held is None:
        raise BenchError(f"the registry has no key of {name}")
    [entry] = world.estate.onepassword.item(VAULT, ITEM).labelled(f"field-{name}")
    secret = world.estate.forgejo.repos[OWNER, REPOSITORY].secrets[f"KEY_{number:06d}"]
    return [
        key,
        held.uuid,
        str(entry["id"]),
        str(user.uuid),
        f'"pk": {user.pk},',
        f"KEY_{number:06d}",
        f"key_{number:06d}",
        name,
        # With its property: the other times of one account may be the same second.
        f'"canary_end": "", "condition": "current", "created_at": "{secret.created_at.replace("Z", "+00:00")}"',
    ]


def compare(ours: Stack, other: Stack, runs: int, before: Callable[[], object]) -> tuple[list[float], list[float]]:
    """
    Preview both in turns, after one of each that warms the system's caches.
    """
    preview(ours)
    preview(other)
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(runs):
        before()
        seconds[0].append(preview(ours))
        seconds[1].append(preview(other))
    return seconds


def requests_in_words(calls: dict[str, tuple[int, int]]) -> str:
    """
    Write requests and connections for each system.
    """
    return ", ".join(f"{system} {' / '.join(map(str, calls.get(system, (0, 0))))}" for system in SYSTEMS)
