"""
A credential in sync, and repeats without their waits.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator

import pytest
import stamina

from tests.answers.life import Life
from tests.answers.undone import undone
from tests.world import World, credentials
from zot_ci.http import connections


@pytest.fixture(autouse=True)
def _no_waits() -> Iterator[None]:
    """What is repeated is repeated at once."""
    with stamina.set_testing(True, attempts=4, cap=True):
        yield


@pytest.fixture(scope="module")
def _lived() -> Iterator[Life]:
    """One for a whole module: to begin one takes longer than most of what is asked of it."""
    world = World.start()
    with pytest.MonkeyPatch.context() as patch, stamina.set_testing(True, attempts=4, cap=True):
        for name, value in credentials(world).items():
            patch.setenv(name, value)
        life = Life(world)
    yield life
    world.stop()


@pytest.fixture
def life(_lived: Life, monkeypatch: pytest.MonkeyPatch) -> Iterator[Life]:
    """The five resources after a first run. Whatever a test does to the systems is undone after it."""
    for name, value in credentials(_lived.world).items():
        monkeypatch.setenv(name, value)
    connections.forget_all()
    with undone(_lived.world):
        yield copy.deepcopy(_lived, {id(_lived.world): _lived.world})
        _lived.world.estate.check()
