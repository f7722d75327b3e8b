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

from tests.engine.leaks import processes
from tests.engine.prepared import ALL_BROKEN, BY_HAND, DUE, IN_SYNC, NEW, Prepared, State
from tests.engine.quickly import Quickly
from tests.engine.stack import Run, Stack
from tests.faults.proxy import Fault, Plan, Proxies
from tests.oracle.evidence import Ours, Place, Seen, look, reference
from tests.oracle.instant import NOTHING, Watch, what_is_not_ours_stays
from tests.oracle.rest import History, in_sync, no_session_is_left
from tests.oracle.shown import (
    a_fault_is_told_in_a_sentence,
    a_preview_after_it_is_empty,
    a_preview_changes_nothing,
    a_preview_in_sync_shows_its_count_alone,
    no_secret_is_in_a_file,
    no_secret_is_in_the_process_table,
    no_secret_is_shown,
    one_more_up_ends_well,
)
from tests.world import ITEM, VAULT, World


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


class Destroy:
    """
    What a destroy is told to take away: all of it. A place goes before its key ends; one whose system gave no answer is
    left with a warning, and holds a dead key then.
    """

    def place_may_go(self, place: Place, now: Seen) -> bool:
        """
        Any place may be gone.
        """
        return True

    def key_may_go(self, username: str) -> bool:
        """
        Any account may be without a key.
        """
        return True

    def account_may_go(self, username: str) -> bool:
        """
        Any account may be gone.
        """
        return True


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


def strike(
    prepared: Prepared, scenario: Scenario, fault: Fault, at: int, folder: Path, quickly: Quickly | None = None
) -> Outcome:
    """
    Run *scenario* with its request number *at* spoilt, then one `up`, and say what is not as promised.

    Args:
        prepared: with proxies in front of its systems.
        folder: an empty one, for the stack.
        quickly: begins the engine's processes, if they are not to be the engine's own.
    """
    stack = prepared.stack(scenario.begins, folder)
    if quickly is not None:
        quickly.run(stack)
    world, proxies = prepared.world, prepared.proxies
    if fault is Fault.STALL:
        stack.env["ZOT_CI_TIMEOUT_SECONDS"] = "1"
    estate, ours = world.estate, reference(world.username, stack.name)
    watch = Watch(estate, ours, Destroy() if scenario.command[0] == "destroy" else NOTHING)
    before = watch.before
    spoilt = _spoil(proxies, stack, scenario, Plan(fault, at, after=watch.look), quickly)
    outcome = Outcome(", ".join(proxies.plan.struck), proxies.plan.count, watch.findings, spoilt.text)
    if not outcome.struck:
        # The run asked fewer requests: nothing was spoilt, and there is nothing to recover from.
        return outcome
    if fault is Fault.KILL:
        stack.cancel()
    else:
        outcome.faults += a_fault_is_told_in_a_sentence(spoilt.text)
        if scenario.command[0] == "destroy":
            outcome.faults += _left_unsaid(ours, look(estate, ours), spoilt.text)
    # A busy machine may take longer than that to answer, and now nothing is to go wrong.
    stack.env.pop("ZOT_CI_TIMEOUT_SECONDS", None)
    _let_reads_catch_up(world)
    watch = Watch(estate, ours)
    proxies.plan = Plan(after=watch.look)
    up = stack.up()
    outcome.text += up.text
    watch.look("the end of the next up")
    outcome.faults += [*watch.findings, *one_more_up_ends_well(up.code, "the next up")]
    if up.code == 0:
        outcome.faults += _in_sync(world, stack, ours, watch.before)
    outcome.faults += [
        *what_is_not_ours_stays(before.others, look(estate, ours)),
        *no_secret_is_shown(estate.secrets, outcome.text),
        *no_secret_is_in_a_file(estate.secrets, folder),
        *no_secret_is_in_the_process_table(estate.secrets, stack.command_lines),
    ]
    estate.check()
    return outcome


def _left_unsaid(ours: Ours, now: Seen, text: str) -> list[str]:
    """
    Say which places a run has left with a dead key and does not name.
    """
    left = [place for place in ours.places if now.held[place] is not None and now.key_in(place) is None]
    return [f"{place} is left with a dead key, and nothing says so" for place in left if " was left: " not in text]


def _let_reads_catch_up(world: World) -> None:
    """
    Let pass what a Connect server's reads lag behind its writes. The program waits for it after each write; a killed
    one cannot, and nobody types the next command within that moment.
    """
    item = world.estate.onepassword.item(VAULT, ITEM)
    while item.seen() is not item.current:
        pass


def _spoil(proxies: Proxies, stack: Stack, scenario: Scenario, plan: Plan, quickly: Quickly | None) -> Run:
    """
    Run the scenario's command with the plan's request spoilt.
    """
    process = stack.begin(*scenario.command)
    plan.kill = lambda: kill_session(process, quickly)
    proxies.plan = plan
    return stack.finish(process)


def kill_session(process: subprocess.Popen[str], quickly: Quickly | None = None) -> None:
    """
    `kill -9` the engine and all that it started, or had begun *quickly*.
    """
    if quickly is not None:
        quickly.forks.kill()
    signal_session(process, signal.SIGKILL)


def signal_session(process: subprocess.Popen[str], number: signal.Signals) -> None:
    """
    Send a signal to the engine and to all that it started.
    """
    for pid in processes(process.pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _in_sync(world: World, stack: Stack, ours: Ours, before: Seen) -> list[str]:
    """
    Say what is not as promised after an `up` that ended well, and of the preview that follows it.
    """
    now = look(world.estate, ours)
    preview = stack.preview()
    return [
        *in_sync(ours, now, History(before)),
        *no_session_is_left(ours.accounts[0], before, now),
        *a_preview_after_it_is_empty(preview.code),
        *a_preview_in_sync_shows_its_count_alone(preview.text),
        *a_preview_changes_nothing(now, look(world.estate, ours)),
    ]
