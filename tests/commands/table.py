"""
The table of cells that were tried and that held, as docs/promises.md has it.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from tests.commands.commands import COMMANDS
from tests.commands.matrix import Cell, Outcome


class Table:
    """
    Cells by the row of their command and the column of their state.
    """

    def __init__(self, states: list[str]) -> None:
        self._states = states
        self._tried: Counter[tuple[str, str]] = Counter()
        self._held: Counter[tuple[str, str]] = Counter()

    @property
    def tried(self) -> int:
        """
        How many cells were tried.
        """
        return self._tried.total()

    @property
    def held(self) -> int:
        """
        How many of them held.
        """
        return self._held.total()

    def add(self, cell: Cell, outcome: Outcome) -> None:
        """
        Count a cell. One whose request to be killed at did not come is none.
        """
        if cell.kill_at and not outcome.killed:
            return
        at = (COMMANDS[cell.command].family, cell.state)
        self._tried[at] += 1
        self._held[at] += not outcome.faults

    def markdown(self, title: str) -> str:
        """
        Return the table, one row for each row of commands that was tried.
        """
        families = dict.fromkeys(command.family for command in COMMANDS.values())
        lines = [
            f"{title} (tried / held), {datetime.now(UTC):%Y-%m-%d}:",
            "",
            f"| Command | {' | '.join(self._states)} |",
            f"|---|{'---|' * len(self._states)}",
        ]
        for family in families:
            if any(self._tried[family, state] for state in self._states):
                lines.append(f"| `{family}` | {' | '.join(self._counts(family, state) for state in self._states)} |")
        return "\n".join(lines)

    def figures(self) -> dict[str, dict[str, tuple[int, int]]]:
        """
        Return how many cells of each command were tried and held, by the state; of what was tried only.
        """
        families = dict.fromkeys(command.family for command in COMMANDS.values())
        return {
            state: {
                f"`{family}`": (self._tried[family, state], self._held[family, state])
                for family in families
                if self._tried[family, state]
            }
            for state in self._states
        }

    def _counts(self, family: str, state: str) -> str:
        tried = self._tried[family, state]
        return f"{tried} / {self._held[family, state]}" if tried else "-"
