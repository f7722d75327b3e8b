"""
A stripe of `make commands` that changes with the date. COMMANDS_STRIPE=number in the environment chooses another one.

In some eighty days every command has met every state.
"""

from __future__ import annotations

import pytest

from tests.commands.commands import COMMANDS
from tests.commands.ground import Ground
from tests.commands.matrix import Cell, tried
from tests.commands.states import KILLED_IN, STATES
from tests.engine.stack import engine_is_there
from tests.grounds import stripe

# So many states are begun from in one stripe, each by so many commands.
PARTS, CELLS = 4, 3


def cells(number: int, part: int) -> list[Cell]:
    """
    Return one part of a stripe: some commands in one state.
    """
    states, commands = list(STATES), list(COMMANDS)
    rounds, state = divmod(number * PARTS + part, len(states))
    # Each state begins at another command, and a step that shares no divisor with their number reaches all of them.
    step = next(step for step in range(len(commands) // 3, len(commands)) if _is_prime(step))
    at = [(rounds * CELLS + one + state * 7) * step % len(commands) for one in range(CELLS)]
    return [Cell(commands[one], states[state]) for one in at]


def _is_prime(number: int) -> bool:
    return all(number % other for other in range(2, int(number**0.5) + 1)) and len(COMMANDS) % number != 0


def test_the_stripes_together_are_the_whole_matrix() -> None:
    """And no more of them than it takes."""
    days = -(-len(STATES) * len(COMMANDS) // (PARTS * CELLS)) + len(STATES)
    seen = {cell for number in range(days) for part in range(PARTS) for cell in cells(number, part)}

    assert len(seen) == len(STATES) * len(COMMANDS)


@pytest.mark.slow
@pytest.mark.embedded
@pytest.mark.parametrize("part", range(PARTS))
def test_no_command_of_the_engine_takes_ci_s_key_away(part: int) -> None:
    """The last of the commands is also killed, where that is part of the matrix."""
    if not engine_is_there():
        pytest.skip("no pulumi on PATH: `make tools` gets one")
    number = stripe("COMMANDS_STRIPE")
    print(f"COMMANDS_STRIPE={number}")
    with Ground.opened() as ground:
        outcomes = [tried(ground, cell) for cell in cells(number, part)]
        last = outcomes[-1]
        if last.changing and COMMANDS[last.cell.command].kill and last.cell.state in KILLED_IN:
            at = 1 + number % last.changing
            outcomes.append(tried(ground, Cell(last.cell.command, last.cell.state, at)))
    broken = [f"COMMANDS_STRIPE={number}: {outcome.cell}: {fault}" for outcome in outcomes for fault in outcome.faults]
    assert broken == []
