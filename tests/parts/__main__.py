"""
Every part away for a whole run, gone or moved, by every scenario: `make parts`.

Prints each cell that did not hold, and at the end the table of docs/promises.md; exit code 1 if any did not. CELLS in
the environment chooses those whose name has one of its words ("zot away;repository renamed"), EVERY tries each n-th
only, LOGS=folder keeps what the engine said in each cell that did not hold, and JOBS sets the processes. RECORD=1
writes what came of each part into docs/evidence, and the tables of docs/promises.md anew.
"""

from __future__ import annotations

import os
import re
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from tests.evidence.recorder import Recorder
from tests.grounds import ground_of_this_process
from tests.parts.ground import Ground
from tests.parts.matrix import Cell, Outcome, cells, figures, markdown, play

console = Console(soft_wrap=True, highlight=False, markup=False)


def tried(cell: Cell) -> Outcome:
    """
    Try one cell, on this process's ground.
    """
    return play(ground_of_this_process(Ground), cell)


def chosen() -> list[Cell]:
    """
    Return the cells that the environment chooses, all by default.
    """
    words = [word.strip() for word in os.environ.get("CELLS", "").split(";") if word.strip()]
    found = [cell for cell in cells() if not words or any(word in str(cell) for word in words)]
    if not found:
        sys.exit(f"parts: no cell has any of {'; '.join(words)}; one of them is: {cells()[0]}")
    return found[:: int(os.environ.get("EVERY") or "1")]


def main() -> int:
    """
    Try all cells that are chosen.
    """
    started = time.monotonic()
    logs = Path(os.environ["LOGS"]) if os.environ.get("LOGS") else None
    outcomes: list[Outcome] = []
    recorder = Recorder("parts", [cell.row[0] for cell in cells()])
    with ProcessPoolExecutor(int(os.environ.get("JOBS") or "2")) as pool, Progress(console=console) as progress:
        waiting = [pool.submit(tried, cell) for cell in chosen()]
        task = progress.add_task("cells", total=len(waiting))
        for done in as_completed(waiting):
            outcome = done.result()
            outcomes.append(outcome)
            progress.advance(task)
            if outcome.faults:
                console.print(f"{outcome.cell}: {'; '.join(outcome.faults)}")
                if logs:
                    logs.mkdir(parents=True, exist_ok=True)
                    name = re.sub(r"\W+", "-", str(outcome.cell))
                    (logs / f"{name}.txt").write_text(outcome.text)
    console.print(markdown(outcomes))
    held = sum(not outcome.faults for outcome in outcomes)
    console.print(f"parts: {len(outcomes)} cells, {held} held, in {(time.monotonic() - started) / 60:.0f} min")
    for table, parts in figures(outcomes).items():
        recorder.add(table, parts, choices={part: _choice(part, row) for part, row in parts.items()})
    console.print(recorder.keep())
    return 0 if held == len(outcomes) else 1


def _choice(part: str, row: dict[str, tuple[int, int]]) -> str:
    """
    Say that some cells of a part were not tried; nothing if all of them were.
    """
    there = sum(cell.row[0] == part for cell in cells())
    tried = sum(count for count, _ in row.values())
    return "" if tried == there else "only some of the cells"


if __name__ == "__main__":
    sys.exit(main())
