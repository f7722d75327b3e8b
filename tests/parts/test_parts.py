"""
A stripe of `make parts` that changes with the date. PARTS_STRIPE=number in the environment chooses another one.
"""

from __future__ import annotations

import pytest

from tests.engine.stack import engine_is_there
from tests.grounds import stripe
from tests.parts import away, gone
from tests.parts.ground import Ground
from tests.parts.matrix import Cell, cells, play

# Of those that are away and of those that are gone or moved: each is five runs of the engine, or fewer.
AWAY, GONE = 2, 1


def chosen(number: int) -> list[Cell]:
    """
    Return one stripe.
    """
    every_away, every_gone = away.cells(), gone.cells()
    some_away = [every_away[(number * AWAY + one) % len(every_away)] for one in range(AWAY)]
    some_gone = [every_gone[(number * GONE + one) % len(every_gone)] for one in range(GONE)]
    return [*some_away, *some_gone]


def test_the_stripes_together_are_the_whole_matrix() -> None:
    """In no more days than it takes."""
    days = max(-(-len(away.cells()) // AWAY), -(-len(gone.cells()) // GONE))

    assert {cell for number in range(days) for cell in chosen(number)} == set(cells())


@pytest.mark.slow
@pytest.mark.embedded
def test_a_part_that_is_gone_or_gives_no_answer_stops_only_what_needs_it() -> None:
    """And the next run finishes."""
    if not engine_is_there():
        pytest.skip("no pulumi on PATH: `make tools` gets one")
    number = stripe("PARTS_STRIPE")
    with Ground.opened() as ground:
        outcomes = [play(ground, cell) for cell in chosen(number)]
    broken = [f"PARTS_STRIPE={number}: {outcome.cell}: {fault}" for outcome in outcomes for fault in outcome.faults]
    assert broken == []
