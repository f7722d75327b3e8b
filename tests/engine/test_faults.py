"""
The two worst faults, an answer that is lost and a `kill -9`, at the requests of the first `up` and of a rotation.

Each day tries every fourteenth request, the next day the ones after those: tests/faults/stripe.py. All requests, all
faults and all scenarios: `make faults`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.prepared import Prepared
from tests.engine.stack import engine_is_there
from tests.faults.proxy import Fault
from tests.faults.scenarios import SCENARIOS, strike
from tests.faults.stripe import STRIPES, choose


@pytest.mark.slow
@pytest.mark.embedded
@pytest.mark.parametrize("fault", [Fault.LOSE, Fault.KILL], ids=["answer lost", "killed"])
@pytest.mark.parametrize("scenario", ["first up", "rotation"])
def test_an_interruption_is_repaired_by_one_up_and_ci_never_lacks_a_key(
    scenario: str, fault: Fault, tmp_path: Path, behind_proxies: Prepared
) -> None:
    """Until a run asks fewer requests than the number that would be spoilt."""
    if not engine_is_there():
        pytest.skip("no pulumi on PATH: `make tools` gets one")
    broken = []
    tried = 0
    for at in range(1 + choose(), 200, STRIPES):
        outcome = strike(behind_proxies, SCENARIOS[scenario], fault, at, tmp_path / str(at))
        if not outcome.struck:
            broken += outcome.faults
            break
        tried += 1
        broken += [f"request {at}, {outcome.struck}: {line}" for line in outcome.faults]
    assert broken == []
    assert tried
