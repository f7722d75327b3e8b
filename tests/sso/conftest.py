"""
Stacks with single sign-on.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.stack import engine_is_there
from tests.sso.estate import Estate, start
from tests.world import World


@pytest.fixture(scope="module")
def one_world() -> Iterator[World]:
    """
    The accounts' systems, one for all tests of a module.
    """
    if not engine_is_there():
        pytest.skip("no pulumi on PATH: `make tools` gets one")
    world = World.start()
    yield world
    world.stop()


@pytest.fixture
def fresh(one_world: World, tmp_path: Path) -> Estate:
    """
    Nothing is made yet.
    """
    return start(one_world, tmp_path)


@pytest.fixture(scope="module")
def in_sync(one_world: World, tmp_path_factory: pytest.TempPathFactory) -> Estate:
    """
    After the first `up`. Tests put back what they change.
    """
    estate = start(one_world, tmp_path_factory.mktemp("sso"))
    run = estate.stack.up()
    assert run.code == 0, run.text
    return estate
