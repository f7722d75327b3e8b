"""
One cell: a command in a state, killed at one of its requests or not, then one plain `up`.

Two things are not done twice. A command that left systems and state as they were, as one that the engine refused, is
followed by the `up` that the first such cell of its state has had. And after an `up` that found nothing to change, a
preview would ask the same questions again.
"""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.commands.commands import COMMANDS, TYPES, Command
from tests.commands.ground import Ground
from tests.commands.states import ADOPTED, ALWAYS, EMPTY, OLDER, STATES, State
from tests.commands.watch import Watch, ours_on
from tests.engine.stack import Run
from tests.faults.proxy import Plan
from tests.oracle.evidence import Place, Seen, look
from tests.oracle.instant import what_is_not_ours_stays
from tests.oracle.rest import History, in_sync, no_session_is_left, nothing_of_ours_is_left
from tests.oracle.shown import (
    a_fault_is_told_in_a_sentence,
    a_preview_after_it_is_empty,
    a_preview_changes_nothing,
    no_secret_is_in_a_file,
    no_secret_is_shown,
    one_more_up_ends_well,
)

# What the engine asks on a terminal.
_SILENT = {
    "up": ("--yes", "--skip-preview"),
    "destroy": ("--yes", "--skip-preview"),
    "refresh": ("--yes", "--skip-preview"),
    "state": ("--yes",),
    "cancel": ("--yes",),
}


@dataclass(frozen=True)
class Cell:
    """
    A command by a state, by name; killed after its changing request number *kill_at*, 0 for never.
    """

    command: str
    state: str
    kill_at: int = 0

    def __str__(self) -> str:
        killed = f", killed at changing request {self.kill_at}" if self.kill_at else ""
        return f"[{self.state}] {self.command}{killed}"


@dataclass
class Outcome:
    """
    What became of a cell.

    Args:
        faults: what is not as promised; empty for a cell that held.
        changing: how many requests of the command changed something.
        killed: the request that it was killed after; empty if it asked fewer.
        text: all that the engine said.
    """

    cell: Cell
    faults: list[str] = field(default_factory=list)
    changing: int = 0
    killed: str = ""
    text: str = ""


_NOTHING_TO_DO = re.compile(r"^Resources:\n +\d+ unchanged\n\n", re.MULTILINE)
# What this program refuses where an older state was put back.
_DEAD = re.compile(r"(is not written|is revoked): the registry refuses key [0-9a-f-]+, the last that the state knows")
_NOT_ONE = re.compile("ambiguously refer(s|red) to multiple resources|does not correspond to an existing resource")


def tried(ground: Ground, cell: Cell) -> Outcome:
    """
    Play one cell on a ground and say what is not as promised.
    """
    command, state = COMMANDS[cell.command], STATES[cell.state]
    ground.begin(state)
    outcome = Outcome(cell)
    recorded, first_name = ground.recorded(), ground.stack.name
    watch = Watch(ground, command.told, cell.kill_at)
    before = watch.before
    _play(ground, command, state, watch, outcome)
    outcome.changing, outcome.killed = watch.changing, watch.killed
    if cell.kill_at and not watch.killed:
        outcome.faults += watch.faults
        return outcome
    watch.end()
    outcome.faults += watch.faults
    as_before = not watch.changing and ground.recorded() == recorded
    if as_before and state.name in ground.plain_up:
        outcome.faults += ground.plain_up[state.name]
    else:
        faults = _plain_up(ground, command, state, before, first_name, outcome)
        outcome.faults += faults
        if as_before:
            ground.plain_up[state.name] = faults
    outcome.faults += [
        *what_is_not_ours_stays(before.others, look(ground.estate, ours_on(ground))),
        *no_secret_is_shown(ground.estate.secrets, outcome.text),
        *no_secret_is_in_a_file(ground.estate.secrets, ground.stack.state),
    ]
    if not watch.killed:
        outcome.faults += a_fault_is_told_in_a_sentence(outcome.text)
    return outcome


def _plain_up(
    ground: Ground, command: Command, state: State, before: Seen, first_name: str, outcome: Outcome
) -> list[str]:
    """
    Run the `up` that follows every command, and say what is not in sync after it. *before* the command the stack had
    its *first_name*.
    """
    if "snapshot integrity failure" in outcome.text:
        # The engine (3.250) saves what depends on a resource that it was told to leave out and never made, and refuses
        # the state that it has written; its own message names this command.
        repaired = ground.run("state", "repair", "--yes")
        outcome.text += f"\n$ pulumi state repair\n{repaired.text}"
    ground.let_reads_catch_up()
    watch = Watch(ground)
    up = _run(ground, watch, "up", *_SILENT["up"])
    outcome.text += f"\n$ pulumi up\n{up.text}"
    now = watch.end()
    faults = [f"in the plain up: {fault}" for fault in watch.faults]
    faults += one_more_up_ends_well(up.code, "the plain up", _last_error(up.text))
    if up.code != 0:
        return faults
    # A stack that was begun anew does not know the label that the keys had before: to it they are somebody's.
    ours = ours_on(ground, earlier_stacks=() if EMPTY in state.traits else (first_name,))
    history = History(
        before,
        told_to_end=bool(command.told.parts & {"RetiredKeys", "ApiKey"}),
        newer_may_live=OLDER in state.traits,
    )
    faults += in_sync(ours, now, history)
    faults += [fault for account in ours.accounts for fault in no_session_is_left(account, watch.before, now)]
    if not _NOTHING_TO_DO.search(up.text):
        ground.let_reads_catch_up()
        looked = Watch(ground)
        preview = _run(ground, looked, "preview", "--diff", "--expect-no-changes")
        outcome.text += f"\n$ pulumi preview\n{preview.text}"
        faults += a_preview_after_it_is_empty(preview.code, "the preview after the plain up")
        faults += a_preview_changes_nothing(now, looked.end())
    return faults


def _play(ground: Ground, command: Command, state: State, watch: Watch, outcome: Outcome) -> None:
    """
    Run the command's steps under the watch, until it is killed.
    """
    nothing_there = EMPTY in state.traits
    expected = {says for trait, says in command.refused if trait in state.traits | {ALWAYS} and not nothing_there}
    refused = set()
    for step in command.steps:
        arguments = _arguments(ground, step)
        interrupted = arguments[0] == "interrupted"
        run = _interrupted(ground, watch, *arguments[1:]) if interrupted else _run(ground, watch, *arguments)
        outcome.text += f"\n$ pulumi {' '.join(arguments)}\n{run.text}\n(exit {run.code})\n"
        if watch.killed:
            cancelled = ground.stack.cancel()
            outcome.text += f"\n$ pulumi cancel\n{cancelled.text}"
            break
        if run.code != 0 and not interrupted:
            fits = {says for says in expected if re.search(says, run.text)}
            refused |= fits
            # The engine refuses, in many words, to work on a resource that the state does not have or has twice.
            no_such = "{" in step and (nothing_there or (step.startswith("state ") and _NOT_ONE.search(run.text)))
            dead = OLDER in state.traits and _DEAD.search(run.text)
            if not fits and not no_such and not dead:
                outcome.faults.append(f"`{step}` ended with {run.code}: {_last_error(run.text)}")
        if step.startswith("stack rename") and run.code == 0:
            ground.stack.name = arguments[2]
    if not watch.killed:
        outcome.faults += [f"the engine did not refuse: {says}" for says in expected - refused]
    for step in command.then if watch.killed or not watch.kill_at else ():
        ground.let_reads_catch_up()
        # Not to be killed itself.
        after = Watch(ground, watch.told)
        run = _run(ground, after, *_arguments(ground, step))
        now = after.end()
        outcome.faults += after.faults
        outcome.text += f"\n$ pulumi {step}\n{run.text}\n(exit {run.code})\n"
        outcome.faults += [f"`{step}` ended with {run.code}: {_last_error(run.text)}"] if run.code else []
        if not state.traits & {EMPTY, OLDER}:
            # The state knows the live key, or the one before it.
            ours = ours_on(ground)
            there_before: list[Place | str] = [*ours.usernames, *ours.places] if ADOPTED in state.traits else []
            outcome.faults += nothing_of_ours_is_left(ours, now, there_before)


def _run(ground: Ground, watch: Watch, *arguments: str) -> Run:
    """
    Run one command of the engine under a watch.
    """
    return _watched(ground, watch, ground.kill, *arguments)


def _interrupted(ground: Ground, watch: Watch, *arguments: str) -> Run:
    """
    Run one command and send its engine the SIGINT of a person's Ctrl-C after its first changing request.
    """
    inner = Watch(ground, watch.told, 1)
    run = _watched(ground, inner, lambda process: process.send_signal(signal.SIGINT), *arguments)
    watch.include(inner)
    return run


def _watched(ground: Ground, watch: Watch, end: Callable[[subprocess.Popen[str]], None], *arguments: str) -> Run:
    process = ground.stack.begin(*arguments)
    watch.kill = lambda: end(process)
    ground.proxies.plan = Plan(after=watch.after)
    return ground.finish(process)


def _arguments(ground: Ground, step: str) -> list[str]:
    """
    Return a step's arguments, with URNs and files filled in and nothing left to be asked.
    """
    stack = ground.stack.name
    values = {
        kind: f"urn:pulumi:{stack}::zot-ci::zot-ci:index:RegistryCredential$pulumi-python:dynamic/"
        f"{module}:{kind}::{ground.accounts[0].username}-{suffix}"
        for kind, (module, suffix) in TYPES.items()
    }
    values |= {"plan": str(ground.scratch / "plan.json"), "renamed": "renamed"}
    arguments = [argument.format_map(values) for argument in shlex.split(step)]
    verb = arguments[1] if arguments[0] == "interrupted" else arguments[0]
    return [*arguments, *_SILENT.get(verb, ())]


def _last_error(text: str) -> str:
    errors = [line.strip() for line in text.splitlines() if "error:" in line]
    return errors[-1][:300] if errors else " ".join(text.split())[-300:]
