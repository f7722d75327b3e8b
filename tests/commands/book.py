"""
What came of each cell, in a folder that several runs can fill; and the table of it.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.commands.commands import COMMANDS
from tests.commands.matrix import Cell, Outcome
from tests.commands.states import KILLED_IN, STATES
from tests.commands.table import Table
from tests.evidence.digest import digest


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
        self.codes: set[str] = set()
        """The digests of the code of which cells are known from a run before this one."""
        if self.folder is None:
            return
        self._code = digest()
        self.folder.mkdir(parents=True, exist_ok=True)
        self._file = self.folder / "cells.jsonl"
        for line in self._file.read_text().splitlines() if self._file.exists() else []:
            kept = json.loads(line)
            self.codes.add(kept.pop("code", ""))
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
        Count a cell, and keep it if it is new.
        """
        cell = outcome.cell
        (self.killed if cell.kill_at else self.whole).add(cell, outcome)
        if self.folder is None or self.known.get(cell) is outcome:
            return
        with self._file.open("a") as file:
            file.write(json.dumps({**asdict(outcome), "text": "", "code": self._code}) + "\n")
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


if __name__ == "__main__":
    kept = Book(list(STATES), Path(sys.argv[1]))
    for outcome in kept.known.values():
        kept.add(outcome)
    print(kept.table())
    print("{} cells, {} held".format(*kept.counts))
