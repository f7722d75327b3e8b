"""
Some cells of `make parts`: each part away in each way, each scenario, and each loss, as tests/choice.py chooses.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.choice import covering
from tests.engine.stack import engine_is_there
from tests.parts import away, gone
from tests.parts.ground import Ground
from tests.parts.matrix import Cell, play

AWAY, GONE = 7, 12


def chosen() -> list[Cell]:
    """
    Return the cells.
    """
    return [
        *covering("away", away.cells(), lambda cell: (cell.part, cell.kind, cell.scenario), AWAY),
        *covering("gone", gone.cells(), lambda cell: (cell.loss, cell.begins, cell.then), GONE),
    ]


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    """Systems and stack of this module."""
    if not engine_is_there():
        pytest.skip("no pulumi on PATH: `make tools` gets one")
    with Ground.opened() as opened:
        yield opened


@pytest.mark.slow
@pytest.mark.embedded
@pytest.mark.parametrize("cell", chosen(), ids=str)
def test_a_part_that_is_gone_or_gives_no_answer_stops_only_what_needs_it(cell: Cell, ground: Ground) -> None:
    """And the next run finishes."""
    assert play(ground, cell).faults == []
