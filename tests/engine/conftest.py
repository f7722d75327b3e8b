"""
Stacks under the real engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.engine.prepared import IN_SYNC, NEW, Prepared
from tests.engine.quickly import Quickly
from tests.engine.stack import Stack, engine_is_there
from tests.world import World, credentials


@pytest.fixture(scope="session")
def quickly(prepared: Prepared | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Quickly]:
    """
    What begins the engine's processes for tests that are marked so.
    """
    if prepared is not None:
        yield prepared.quickly
        return
    with Quickly(tmp_path_factory.mktemp("quickly")) as quickly:
        yield quickly


@pytest.fixture
def begun(request: pytest.FixtureRequest) -> Callable[[Stack], Stack]:
    """
    Lets the engine of a stack begin its processes as the test's marks say.
    """
    if request.node.get_closest_marker("quickly") is None:
        return lambda stack: stack
    quickly: Quickly = request.getfixturevalue("quickly")
    return quickly.run


@pytest.fixture
def stack(world: World, prepared: Prepared | None, tmp_path: Path, begun: Callable[[Stack], Stack]) -> Stack:
    """
    A stack of the reference settings, before its first `up`.
    """
    if not engine_is_there():
        pytest.skip("no pulumi on PATH: `make tools` gets one")
    if prepared is None:
        return begun(Stack(tmp_path, credentials(world), world.config()))
    return begun(prepared.stack(NEW, tmp_path))


@pytest.fixture
def in_sync(world: World, prepared: Prepared | None, tmp_path: Path, begun: Callable[[Stack], Stack]) -> Stack:
    """
    The same stack after its first `up`.
    """
    if not engine_is_there():
        pytest.skip("no pulumi on PATH: `make tools` gets one")
    if prepared is None:
        stack = begun(Stack(tmp_path, credentials(world), world.config()))
        run = stack.up()
        assert run.code == 0, run.text
        return stack
    return begun(prepared.stack(IN_SYNC, tmp_path))


@pytest.fixture
def second(world: World, tmp_path: Path, in_sync: Stack) -> Stack:
    """
    Another stack of the same name and settings that knows nothing of the first.
    """
    return Stack(tmp_path / "second", credentials(world), world.config(), in_sync.name)
