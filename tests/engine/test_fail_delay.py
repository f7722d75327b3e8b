"""
zot's `failDelay`: every refusal waits for it, the one that shows that a key cannot delete included.
"""

from __future__ import annotations

import pytest

from tests.engine.stack import Run, Stack
from tests.world import World

pytestmark = [pytest.mark.embedded, pytest.mark.quickly]


def test_a_preview_waits_for_one_refusal_and_a_rotation_for_one_more(world: World, in_sync: Stack) -> None:
    """The state's key is probed once in a run, whoever asks; the new one is tested. Nobody asks with an ended key."""
    zot = world.estate.zot

    def waits(run: Run) -> int:
        assert run.code in (0, 7), run.text
        count, zot.late_refusals = zot.late_refusals, 0
        return count

    zot.late_refusals = 0
    assert waits(in_sync.preview()) == 1
    zot.clock.advance(days=91)
    assert waits(in_sync.up()) == 2
    assert waits(in_sync.preview()) == 1
