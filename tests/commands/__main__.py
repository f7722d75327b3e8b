"""
Every command by every state: `make commands`.

Prints each cell that did not hold, and at the end the table of docs/promises.md; exit code 1 if any did not. STATES and
COMMANDS in the environment choose some ("in sync,due"; "refresh;state taint, up", by name or row of the table), KILL=1
adds a kill at each changing request of the commands that force a replacement or choose targets, in three states,
LOGS=folder keeps what the engine said in each cell that did not hold, and JOBS sets the processes.
"""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import ExitStack
from multiprocessing.util import Finalize
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from tests.commands.commands import COMMANDS
from tests.commands.ground import Ground, owned_environment
from tests.commands.matrix import Cell, Outcome, tried
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
    return tried(_grounds[0], cell)


def chosen(variable: str, known: dict[str, set[str]]) -> list[str]:
    """
    Return what an environment variable chooses, by a name or another word for it; all by default.
    """
    words = {word.strip() for word in os.environ.get(variable, "").split(";" if variable == "COMMANDS" else ",")} - {""}
    unknown = sorted(words - {word for name, others in known.items() for word in (name, *others)})
    if unknown:
        sys.exit(f"commands: {variable} has no {'; '.join(unknown)}; known: {'; '.join(known)}")
    return [name for name, others in known.items() if not words or words & {name, *others}]


def main() -> int:
    """
    Try all cells that are chosen.
    """
    started = time.monotonic()
    states = chosen("STATES", {name: set() for name in STATES})
    commands = chosen("COMMANDS", {name: {command.family} for name, command in COMMANDS.items()})
    kill = bool(os.environ.get("KILL"))
    logs = Path(os.environ["LOGS"]) if os.environ.get("LOGS") else None
    whole, killed = Table(states), Table([state for state in states if state in KILLED_IN])
    with ProcessPoolExecutor(int(os.environ.get("JOBS", "2"))) as pool, Progress(console=console) as progress:
        # State by state: each process builds a state when it first comes to it.
        cells = [Cell(command, state) for state in states for command in commands]
        waiting: set[Future[Outcome]] = {pool.submit(play, cell) for cell in cells}
        task = progress.add_task("cells", total=len(cells))
        while waiting:
            done = next(as_completed(waiting))
            waiting.remove(done)
            outcome = done.result()
            cell = outcome.cell
            (killed if cell.kill_at else whole).add(cell, outcome)
            progress.advance(task)
            if outcome.faults:
                console.print(f"{cell}{outcome.killed and f' ({outcome.killed})'}: {'; '.join(outcome.faults)}")
                if logs:
                    logs.mkdir(parents=True, exist_ok=True)
                    (logs / f"{str(cell).replace('/', '_')}.txt").write_text(outcome.text)
            if kill and not cell.kill_at and COMMANDS[cell.command].kill and cell.state in KILLED_IN:
                points = [Cell(cell.command, cell.state, at) for at in range(1, outcome.changing + 1)]
                waiting |= {pool.submit(play, point) for point in points}
                progress.update(task, total=(progress.tasks[task].total or 0) + len(points))
    console.print(whole.markdown("Each command in each state"))
    if kill:
        console.print(killed.markdown("Killed after each request that changes something"))
    all_tried, all_held = whole.tried + killed.tried, whole.held + killed.held
    console.print(f"commands: {all_tried} cells, {all_held} held, in {(time.monotonic() - started) / 60:.0f} min")
    return 0 if all_tried == all_held else 1


if __name__ == "__main__":
    sys.exit(main())
