"""
Repeats without their waits, for all tests of providers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import stamina

from tests.providers.fields import others
from tests.world import World


@pytest.fixture(autouse=True)
def _no_waits() -> Iterator[None]:
    """What is repeated is repeated at once, four times at most."""
    with stamina.set_testing(True, attempts=4, cap=True):
        yield


@pytest.fixture
def the_rest_of_the_item_stays(signed_in: World) -> Iterator[None]:
    """After every test: other fields are byte for byte what they were, and no PUT was ever sent."""
    before = json.dumps(others(signed_in))
    yield
    touched = ("other-field",)
    now = [entry for entry in others(signed_in) if entry["label"] not in touched]
    assert json.dumps(now) == before
    assert signed_in.estate.onepassword.puts == 0
