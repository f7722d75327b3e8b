"""
Some cells of `make commands`: each row of its table, each state and each kind of resource, as tests/choice.py chooses.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.choice import covering, drawn
from tests.commands.commands import COMMANDS, TYPES
from tests.commands.ground import Ground
from tests.commands.matrix import Cell, tried
from tests.commands.states import KILLED_IN, STATES
from tests.engine.stack import engine_is_there

CELLS = 26


def features(cell: Cell) -> list[str]:
    """
    Return what a cell is a case of: a row, a state, kinds of resources; and whether it may be killed.
    """
    command = COMMANDS[cell.command]
    kinds = [kind for kind in TYPES if f"{{{kind}}}" in " ".join(command.steps)]
    killed = [f"killed, {cell.state}"] if command.kill and cell.state in KILLED_IN else []
    return [f"row {command.family}", f"state {cell.state}", *kinds, *killed]


def chosen() -> dict[str, list[Cell]]:
    """
    Return the cells by their state: whoever plays them builds each state once.
    """
    every = [Cell(command, state) for state in STATES for command in COMMANDS]
    cells = covering("commands", every, features, CELLS)
    return {state: [cell for cell in cells if cell.state == state] for state in STATES}


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    """Systems and stack of this module."""
    if not engine_is_there():
        pytest.skip("no pulumi on PATH: `make tools` gets one")
    with Ground.opened() as opened:
        yield opened


@pytest.mark.slow
@pytest.mark.embedded
@pytest.mark.parametrize(("state", "cells"), [pytest.param(state, some, id=state) for state, some in chosen().items()])
def test_no_command_of_the_engine_takes_ci_s_key_away(state: str, cells: list[Cell], ground: Ground) -> None:
    """One of the commands is also killed, where that is part of the matrix."""
    outcomes = [tried(ground, cell) for cell in cells]
    at = drawn(f"kill in {state}")
    for outcome in outcomes:
        if outcome.changing and COMMANDS[outcome.cell.command].kill and state in KILLED_IN:
            outcomes.append(tried(ground, Cell(outcome.cell.command, state, at.randint(1, outcome.changing))))
            break

    assert [f"{outcome.cell}: {fault}" for outcome in outcomes for fault in outcome.faults] == []
    assert state not in KILLED_IN or outcomes[-1].cell.kill_at
