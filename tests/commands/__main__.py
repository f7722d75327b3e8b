"""
Every command by every state: `make commands`.

Prints each cell that did not hold, and at the end the table of docs/promises.md; exit code 1 if any did not. STATES and
COMMANDS in the environment choose some ("in sync,due"; "refresh;state taint, up", by name or row of the table), KILL=1
adds a kill at each changing request of the commands that force a replacement or choose targets, in three states, and
JOBS sets the processes. LOGS=folder keeps what came of each cell, and what the engine said in one that did not hold; a
run with the same folder goes on where the one before it ended, and its table is of both.
"""

from __future__ import annotations

import json
import os
import sys
import time
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from multiprocessing.util import Finalize
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from tests.commands.commands import COMMANDS
from tests.commands.ground import Ground, owned_environment
from tests.commands.matrix import Cell, Outcome
from tests.commands.matrix import tried as tried_cell
from tests.commands.states import KILLED_IN, STATES
from tests.commands.table import Table

console = Console(soft_wrap=True, highlight=False, markup=False)
_grounds: list[Ground] = []


def play(cell: Cell) -> Outcome:
    """
    Try one cell, on this process's ground.
    """
    if not _grounds:
        owned_environment()
        stack = ExitStack()
        _grounds.append(stack.enter_context(Ground.opened()))
        # A process of a pool ends without what `atexit` registers.
        Finalize(None, stack.close, exitpriority=1)
    return tried_cell(_grounds[0], cell)


def chosen(variable: str, known: dict[str, set[str]]) -> list[str]:
    """
    Return what an environment variable chooses, by a name or another word for it; all by default.
    """
    words = {word.strip() for word in os.environ.get(variable, "").split(";" if variable == "COMMANDS" else ",")} - {""}
    unknown = sorted(words - {word for name, others in known.items() for word in (name, *others)})
    if unknown:
        sys.exit(f"commands: {variable} has no {'; '.join(unknown)}; known: {'; '.join(known)}")
    return [name for name, others in known.items() if not words or words & {name, *others}]


@dataclass
class Book:
    """
    The cells of this run and, if there is a folder to keep them in, of those before it.
    """

    states: list[str]
    folder: Path | None

    def __post_init__(self) -> None:
        self.whole, self.killed = Table(self.states), Table([state for state in self.states if state in KILLED_IN])
        self.known: dict[Cell, Outcome] = {}
        if self.folder is None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        self._file = self.folder / "cells.jsonl"
        for line in self._file.read_text().splitlines() if self._file.exists() else []:
            kept = json.loads(line)
            cell = Cell(**kept.pop("cell"))
            self.known[cell] = Outcome(cell, **kept)

    def held_before(self, cell: Cell) -> Outcome | None:
        """
        Return what came of a cell that need not be tried again.
        """
        known = self.known.get(cell)
        return known if known and not known.faults and cell.command in COMMANDS else None

    def add(self, outcome: Outcome) -> None:
        """
        Count a cell, say what did not hold, and keep it if it is new.
        """
        cell = outcome.cell
        (self.killed if cell.kill_at else self.whole).add(cell, outcome)
        if outcome.faults:
            console.print(f"{cell}{outcome.killed and f' ({outcome.killed})'}: {'; '.join(outcome.faults)}")
        if self.folder is None or self.known.get(cell) is outcome:
            return
        with self._file.open("a") as file:
            file.write(json.dumps({**asdict(outcome), "text": ""}) + "\n")
        if outcome.faults:
            (self.folder / f"{str(cell).replace('/', '_')}.txt").write_text(outcome.text)

    def table(self) -> str:
        """
        Return the table, in two parts where cells were killed.
        """
        killed = [self.killed.markdown("Killed after each request that changes something")] if self.killed.tried else []
        return "\n\n".join([self.whole.markdown("Each command in each state"), *killed])

    @property
    def counts(self) -> tuple[int, int]:
        """
        How many cells were tried, and how many held.
        """
        return self.whole.tried + self.killed.tried, self.whole.held + self.killed.held


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
            book.add(done.result())
            cells = points(done.result()) if kill else []
    tried, held = book.counts
    console.print(book.table())
    console.print(f"commands: {tried} cells, {held} held, in {(time.monotonic() - started) / 60:.0f} min")
    return 0 if tried == held else 1


def _done(outcome: Outcome) -> Future[Outcome]:
    future: Future[Outcome] = Future()
    future.set_result(outcome)
    return future


if __name__ == "__main__":
    sys.exit(main())
