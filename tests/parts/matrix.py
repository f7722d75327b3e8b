"""
All cells, and the table of those that were tried and that held, as docs/promises.md has it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.oracle.shown import a_fault_is_told_in_a_sentence, no_secret_is_in_a_file, no_secret_is_shown
from tests.parts import away, gone
from tests.parts.ground import Ground

Cell = away.Cell | gone.Cell


@dataclass(frozen=True)
class Outcome:
    """
    What became of a cell.

    Args:
        faults: what is not as promised; none for a cell that held.
        text: all that the engine said.
    """

    cell: Cell
    faults: list[str]
    text: str


def cells() -> list[Cell]:
    """
    Every cell, those of one beginning together: a process builds a state when it first comes to it.
    """
    return [*away.cells(), *gone.cells()]


def play(ground: Ground, cell: Cell) -> Outcome:
    """
    Play a cell on a ground.
    """
    faults, text = away.play(ground, cell) if isinstance(cell, away.Cell) else gone.play(ground, cell)
    estate = ground.world.estate
    faults += no_secret_is_shown(estate.secrets, text)
    faults += no_secret_is_in_a_file(estate.secrets, ground.stack.state)
    faults += a_fault_is_told_in_a_sentence(text)
    estate.check()
    return Outcome(cell, faults, text)


def figures(outcomes: Iterable[Outcome]) -> dict[str, dict[str, dict[str, tuple[int, int]]]]:
    """
    Return how many cells were tried and held, by the table, the part and the scenario.
    """
    counted: dict[str, dict[str, dict[str, tuple[int, int]]]] = {"away": {}, "gone": {}}
    for outcome in sorted(outcomes, key=lambda outcome: _ORDER.index(outcome.cell.row)):
        part, scenario = outcome.cell.row
        row = counted["away" if isinstance(outcome.cell, away.Cell) else "gone"].setdefault(part, {})
        tried, held = row.get(scenario, (0, 0))
        row[scenario] = (tried + 1, held + (not outcome.faults))
    return counted


# The rows of one part, as `away.Cell` names them.
_ROWS = ("{} away", "something in front of {}")
_ORDER = [
    *((how.format(part), scenario) for part in away.PARTS for how in _ROWS for scenario in away.SCENARIOS),
    *((cell.loss, begin) for cell in gone.cells() for begin in gone.BEGINS),
]


def markdown(outcomes: Iterable[Outcome]) -> str:
    """
    Return two tables, one row for each part, of the outcomes there are.
    """
    tried: Counter[tuple[str, str]] = Counter()
    held: Counter[tuple[str, str]] = Counter()
    for outcome in outcomes:
        tried[outcome.cell.row] += 1
        held[outcome.cell.row] += not outcome.faults
    lines = [f"Tried / held, {datetime.now(UTC):%Y-%m-%d}:"]
    for columns, rows in (
        (list(away.SCENARIOS), list(dict.fromkeys(cell.row[0] for cell in away.cells()))),
        (list(gone.BEGINS), list(dict.fromkeys(cell.loss for cell in gone.cells()))),
    ):
        lines += ["", f"| Part | {' | '.join(columns)} |", f"|---|{'---|' * len(columns)}"]
        for row in rows:
            counts = [f"{tried[row, one]} / {held[row, one]}" if tried[row, one] else "-" for one in columns]
            lines.append(f"| {row} | {' | '.join(counts)} |")
    return "\n".join(lines)
