"""
Every command by every state: `make commands`.

Prints each cell that did not hold, and at the end the table of docs/promises.md; exit code 1 if any did not. STATES and
COMMANDS in the environment choose some ("in sync,due"; "refresh;state taint, up", by name or row of the table), KILL=1
adds a kill at each changing request of the commands that force a replacement or choose targets, in three states, and
JOBS sets the processes. LOGS=folder keeps what came of each cell, and what the engine said in one that did not hold; a
run with the same folder goes on where the one before it ended, and its table is of both (`python -m
tests.commands.book folder` prints that table alone). RECORD=1 writes what came of each state into docs/evidence, and
the tables of docs/promises.md anew.
"""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from tests.commands.book import Book
from tests.commands.commands import COMMANDS
from tests.commands.ground import Ground
from tests.commands.matrix import Cell, Outcome
from tests.commands.matrix import tried as tried_cell
from tests.commands.states import KILLED_IN, STATES
from tests.evidence.recorder import Recorder
from tests.grounds import ground_of_this_process

console = Console(soft_wrap=True, highlight=False, markup=False)


def play(cell: Cell) -> Outcome:
    """
    Try one cell, on this process's ground.
    """
    return tried_cell(ground_of_this_process(Ground), cell)


def chosen(variable: str, known: dict[str, set[str]]) -> list[str]:
    """
    Return what an environment variable chooses, by a name or another word for it; all by default.
    """
    words = {word.strip() for word in os.environ.get(variable, "").split(";" if variable == "COMMANDS" else ",")} - {""}
    unknown = sorted(words - {word for name, others in known.items() for word in (name, *others)})
    if unknown:
        sys.exit(f"commands: {variable} has no {'; '.join(unknown)}; known: {'; '.join(known)}")
    return [name for name, others in known.items() if not words or words & {name, *others}]


def points(outcome: Outcome) -> list[Cell]:
    """
    Return the cells that kill a command at each of its changing requests, if it is to be killed in that state.
    """
    cell = outcome.cell
    if cell.kill_at or cell.state not in KILLED_IN or not COMMANDS[cell.command].kill:
        return []
    return [Cell(cell.command, cell.state, at) for at in range(1, outcome.changing + 1)]


def main() -> int:
    """
    Try all cells that are chosen.
    """
    started = time.monotonic()
    states = chosen("STATES", {name: set() for name in STATES})
    commands = chosen("COMMANDS", {name: {command.family} for name, command in COMMANDS.items()})
    kill = bool(os.environ.get("KILL"))
    recorder = Recorder("commands", list(STATES))
    book = Book(states, Path(os.environ["LOGS"]) if os.environ.get("LOGS") else None)
    with ProcessPoolExecutor(int(os.environ.get("JOBS", "2"))) as pool, Progress(console=console) as progress:
        # State by state: each process builds a state when it first comes to it.
        cells = [Cell(command, state) for state in states for command in commands]
        task = progress.add_task("cells", total=0)
        waiting: set[Future[Outcome]] = set()
        while cells or waiting:
            for cell in cells:
                known = book.held_before(cell)
                waiting.add(_done(known) if known else pool.submit(play, cell))
            progress.update(task, total=(progress.tasks[task].total or 0) + len(cells))
            done = next(as_completed(waiting))
            waiting.remove(done)
            progress.advance(task)
            outcome = done.result()
            book.add(outcome)
            if outcome.faults:
                console.print(f"{outcome.cell}{outcome.killed and f' ({outcome.killed})'}: {'; '.join(outcome.faults)}")
            cells = points(outcome) if kill else []
    tried, held = book.counts
    console.print(book.table())
    console.print(f"commands: {tried} cells, {held} held, in {(time.monotonic() - started) / 60:.0f} min")
    some = "" if commands == list(COMMANDS) else f"only {'; '.join(commands)}"
    for name, table in (("commands", book.whole), ("killed", book.killed)):
        recorder.add(name, table.figures(), choices=dict.fromkeys(states, some))
    console.print(recorder.keep(also_of=book.codes))
    return 0 if tried == held else 1


def _done(outcome: Outcome) -> Future[Outcome]:
    future: Future[Outcome] = Future()
    future.set_result(outcome)
    return future


if __name__ == "__main__":
    sys.exit(main())
