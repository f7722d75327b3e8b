"""
What the sequences that were found begin with.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sequences.test_sequences import Sequences
from tests.world import World


@pytest.fixture
def new(world: World) -> Iterator[Sequences]:
    """
    A stack before its first `up`.
    """
    new = Sequences(world)
    try:
        yield new
    finally:
        new.close()


@pytest.fixture
def life(new: Sequences) -> Sequences:
    """
    A stack in sync.
    """
    new.up()
    return new
