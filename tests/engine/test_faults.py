"""
Every fault and every scenario of `make faults`, at requests that the seed of tests/choice.py draws.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.choice import covering, drawn
from tests.engine.prepared import Prepared
from tests.engine.stack import engine_is_there
from tests.faults.proxy import Fault
from tests.faults.scenarios import SCENARIOS, strike

# How many requests each scenario makes at least, by docs/promises.md: one that makes fewer is a failure here.
REQUESTS = {"first up": 40, "takeover": 18, "rotation": 20, "drift": 45, "destroy": 15}
POINTS = 12


def features(scenario: str, fault: Fault) -> list[str]:
    """
    Return what a point is a case of. The two worst faults are for the two scenarios that mint.
    """
    worst = fault in (Fault.LOSE, Fault.KILL) and scenario in ("first up", "rotation")
    return [scenario, fault.word, *([f"{fault.word} in a {scenario}"] if worst else [])]


def points() -> list[tuple[str, Fault, int]]:
    """
    Return the points: scenario, fault, and which request it spoils.
    """
    pairs = [(scenario, fault) for scenario in SCENARIOS for fault in Fault]
    at = drawn("requests")
    return [
        (scenario, fault, at.randint(1, REQUESTS[scenario]))
        for scenario, fault in covering("faults", pairs, lambda pair: features(*pair), POINTS)
    ]


@pytest.mark.slow
@pytest.mark.embedded
@pytest.mark.parametrize(
    ("scenario", "fault", "at"), [pytest.param(*one, id=f"{one[0]}, {one[1].word} at {one[2]}") for one in points()]
)
def test_an_interruption_is_repaired_by_one_up_and_ci_never_lacks_a_key(
    scenario: str, fault: Fault, at: int, tmp_path: Path, behind_proxies: Prepared
) -> None:
    """Whichever request it meets."""
    if not engine_is_there():
        pytest.skip("no pulumi on PATH: `make tools` gets one")

    # A kill meets the engine's own processes here, and in `make faults` the ones that were begun quickly.
    quickly = None if fault is Fault.KILL else behind_proxies.quickly
    outcome = strike(behind_proxies, SCENARIOS[scenario], fault, at, tmp_path, quickly)

    assert outcome.faults == [], outcome.struck
    assert outcome.struck
