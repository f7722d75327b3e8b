"""
Stacks under the real engine.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.stack import Stack, engine_is_there
from tests.world import World, credentials


@pytest.fixture
def stack(world: World, tmp_path: Path) -> Stack:
    """
    A stack of the reference settings, before its first `up`.
    """
    if not engine_is_there():
        pytest.skip("no pulumi on PATH: `make tools` gets one")
    return Stack(tmp_path, credentials(world), world.config())


@pytest.fixture
def in_line(stack: Stack) -> Stack:
    """
    The same stack after its first `up`.
    """
    run = stack.up()
    assert run.code == 0, run.text
    return stack


@pytest.fixture
def second(world: World, tmp_path: Path, stack: Stack) -> Stack:
    """
    Another stack of the same name and settings that knows nothing of the first.
    """
    return Stack(tmp_path / "second", credentials(world), world.config(), stack.name)
