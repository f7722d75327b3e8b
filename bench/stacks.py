"""
The stacks that are measured, each in sync: ours with some accounts, and one of trivial resources.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

from tests.engine.stack import ROOT, Stack
from tests.estate.core import Call
from tests.world import FIELD, GROUP, ITEM, OWNER, REPOSITORY, SECRET, VAULT, World, credentials


class BenchError(Exception):
    """
    A run that should have been in sync was not: nothing can be measured.
    """


def of_accounts(world: World, folder: Path, count: int) -> Stack:
    """
    Return our stack with *count* accounts that share an item and a repository, after its first `up`.

    Accounts, and a key for each made by hand, come through the estate's back doors: no login is in the set-up.
    """
    accounts = []
    for number in range(count):
        username, field = f"zot-ci-{number}", f"{FIELD}-{number}"
        world.estate.authentik.add_user(username, groups=[GROUP])
        key = world.estate.zot.mint(username, "by hand", groups=[GROUP])
        world.estate.onepassword.set_field(VAULT, ITEM, field, key)
        secret = {"repository": f"{OWNER}/{REPOSITORY}", "secret": f"{SECRET}_{number}"}
        place = {"vault": VAULT, "item": ITEM, "field": field}
        accounts.append({"username": username, "groups": [GROUP], "onepassword": place, "forgejo": [secret]})
    config = world.config() | {"zot-ci:accounts": accounts}
    stack = Stack(folder, credentials(world), config)
    run_up(stack)
    return stack


def of_trivial(folder: Path, count: int) -> Stack:
    """
    Return a stack of *count* trivial resources, after its first `up`.
    """
    parts = ("Pulumi.yaml", "__main__.py", "trivial.py")
    stack = Stack(folder, {}, {"trivial:count": count}, source=ROOT / "bench" / "trivial", parts=parts)
    run_up(stack)
    return stack


def run_up(stack: Stack) -> float:
    """
    Run an `up`; return its seconds.
    """
    started = time.perf_counter()
    run = stack.up()
    if run.code:
        raise BenchError(run.text)
    return time.perf_counter() - started


def preview(stack: Stack) -> float:
    """
    Run a preview, which must find nothing to do; return its seconds.
    """
    started = time.perf_counter()
    run = stack.preview()
    if run.code:
        raise BenchError(run.text)
    return time.perf_counter() - started


def counted(calls: Iterable[Call]) -> dict[str, tuple[int, int]]:
    """
    Return requests and connections for each system.
    """
    requests: dict[str, int] = {}
    peers: dict[str, set[str]] = {}
    for call in calls:
        requests[call.system] = requests.get(call.system, 0) + 1
        peers.setdefault(call.system, set()).add(call.peer)
    return {system: (number, len(peers[system])) for system, number in requests.items()}
