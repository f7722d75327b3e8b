"""
What is interrupted, and what must be true meanwhile and afterwards.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from tests.engine.leaks import leaks, leaks_in, processes
from tests.engine.prepared import ALL_BROKEN, BY_HAND, DUE, IN_SYNC, NEW, Prepared, State
from tests.engine.stack import Run, Stack
from tests.faults.proxy import Fault, Plan, Proxies
from tests.world import FIELD, ITEM, VAULT, World


@dataclass(frozen=True)
class Scenario:
    """
    A command of the engine and the state that it meets.

    Args:
        begins: what estate and stack are where the command begins.
        command: what is run, and spoilt.
    """

    name: str
    begins: State
    command: tuple[str, ...] = ("up", "--yes", "--skip-preview")


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("first up", NEW),
        Scenario("takeover", BY_HAND),
        Scenario("rotation", DUE),
        Scenario("drift", ALL_BROKEN),
        Scenario("destroy", IN_SYNC, ("destroy", "--yes", "--skip-preview")),
    )
}


class Watch:
    """
    Invariant 1: a place that holds a key which the registry accepts never holds another kind of thing.

    Looked at after every request that reached a system, so between any two changes.
    """

    def __init__(self, world: World, may_vanish: bool) -> None:
        self.violations: list[str] = []
        self._world = world
        self._may_vanish = may_vanish
        self._good: set[str] = set()

    def look(self) -> None:
        """
        Compare both places with the registry.
        """
        for place, value in (("field", self._world.field()), ("secret", self._world.secret())):
            if value is not None and self._world.estate.zot.accepts(self._world.username, value):
                self._good.add(place)
            elif place in self._good and not (value is None and self._may_vanish):
                self.violations.append(f"the {place} holds {'a dead key' if value else 'nothing'}")


@dataclass
class Outcome:
    """
    What became of one interrupted run.

    Args:
        struck: the request that was spoilt; empty if the run asked fewer.
        asked: how many requests the run made.
        faults: what is not as promised; empty for a run that converged.
    """

    struck: str
    asked: int
    faults: list[str] = field(default_factory=list)
    text: str = ""


def strike(prepared: Prepared, scenario: Scenario, fault: Fault, at: int, folder: Path) -> Outcome:
    """
    Run *scenario* with its request number *at* spoilt, then one `up`, and say what is not as promised.

    Args:
        prepared: with proxies in front of its systems.
        folder: an empty one, for the stack.
    """
    stack = prepared.stack(scenario.begins, folder)
    world, proxies = prepared.world, prepared.proxies
    stack.env["ZOT_CI_TIMEOUT_SECONDS"] = "1"
    others = world.estate.onepassword.other_fields(VAULT, ITEM, FIELD)
    watch = Watch(world, may_vanish=scenario.command[0] == "destroy")
    spoilt = _spoil(proxies, stack, scenario, Plan(fault, at, after=watch.look))
    outcome = Outcome(", ".join(proxies.plan.struck), proxies.plan.count, [*watch.violations], spoilt.text)
    if not outcome.struck:
        # The run asked fewer requests: nothing was spoilt, and there is nothing to recover from.
        return outcome
    if fault is Fault.KILL:
        stack.cancel()
    elif "Traceback" in spoilt.text:
        outcome.faults.append("a traceback in the interrupted run")
    _let_reads_catch_up(world)
    watch = Watch(world, may_vanish=False)
    proxies.plan = Plan(after=watch.look)
    up = stack.up()
    outcome.text += up.text
    outcome.faults += [*watch.violations, *_out_of_sync(world, stack, up)]
    if world.estate.onepassword.other_fields(VAULT, ITEM, FIELD) != others or world.estate.onepassword.puts:
        outcome.faults.append("another field of the item was changed")
    outcome.faults += _leaks(world, stack, outcome.text, folder)
    world.estate.check()
    return outcome


def _let_reads_catch_up(world: World) -> None:
    """
    Let pass what a Connect server's reads lag behind its writes. The program waits for it after each write; a killed
    one cannot, and nobody types the next command within that moment.
    """
    item = world.estate.onepassword.item(VAULT, ITEM)
    while item.seen() is not item.current:
        pass


def _spoil(proxies: Proxies, stack: Stack, scenario: Scenario, plan: Plan) -> Run:
    """
    Run the scenario's command with the plan's request spoilt.
    """
    process = stack.begin(*scenario.command)
    plan.kill = lambda: kill_session(process)
    proxies.plan = plan
    return stack.finish(process)


def kill_session(process: subprocess.Popen[str]) -> None:
    """
    `kill -9` the engine and all that it started.
    """
    signal_session(process, signal.SIGKILL)


def signal_session(process: subprocess.Popen[str], number: signal.Signals) -> None:
    """
    Send a signal to the engine and to all that it started.
    """
    for pid in processes(process.pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _out_of_sync(world: World, stack: Stack, up: Run) -> list[str]:
    """
    Invariant 2: after one `up`, everything is as it should be.
    """
    if up.code != 0:
        return [f"the next up ended with {up.code}"]
    faults = []
    key = world.field() or ""
    if not world.accepts(key):
        faults.append("the field holds no live key")
    elif world.secret() != key:
        faults.append("field and secret differ")
    elif len(world.ours(key)) != 1:
        faults.append(f"{len(world.ours(key))} keys with our label")
    if stack.preview().code != 0:
        faults.append("the preview is not empty")
    if world.estate.authentik.users[world.username].devices:
        faults.append("an MFA device is left")
    return faults


def _leaks(world: World, stack: Stack, text: str, folder: Path) -> list[str]:
    """
    Search for every secret of the estate in all that the runs have shown and left, also the one that was spoilt.
    """
    secrets = set(world.estate.secrets)
    return [
        *(f"a secret in the output: {leak}" for leak in leaks(secrets, text.encode())),
        *(f"a secret in a file: {leak}" for leak in leaks_in(secrets, folder)),
        *(f"a secret in the process table: {leak}" for leak in leaks(secrets, "\n".join(stack.command_lines).encode())),
    ]
