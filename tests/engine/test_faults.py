"""
The two worst faults, an answer that is lost and a `kill -9`, at every request of the first `up` and of a rotation.

All faults in all scenarios: `make faults`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.stack import engine_is_there
from tests.faults.proxy import Fault
from tests.faults.scenarios import SCENARIOS, strike

# The points of a scenario are dealt out to so many tests, so that processes share them.
STRIPES = 4


@pytest.mark.slow
@pytest.mark.embedded
@pytest.mark.parametrize("stripe", range(STRIPES))
@pytest.mark.parametrize("fault", [Fault.LOSE, Fault.KILL], ids=["answer lost", "killed"])
@pytest.mark.parametrize("scenario", ["first up", "rotation"])
def test_an_interruption_is_mended_by_one_up_and_ci_never_lacks_a_key(
    scenario: str, fault: Fault, stripe: int, tmp_path: Path
) -> None:
    """Until a run asks fewer requests than the number that would be spoilt."""
    if not engine_is_there():
        pytest.skip("no pulumi on PATH: `make tools` gets one")
    broken = []
    tried = 0
    for at in range(1 + stripe, 200, STRIPES):
        outcome = strike(SCENARIOS[scenario], fault, at, tmp_path / str(at))
        if not outcome.struck:
            break
        tried += 1
        broken += [f"request {at}, {outcome.struck}: {line}" for line in outcome.faults]
    assert broken == []
    assert tried > 3
