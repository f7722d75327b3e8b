"""
Repeats without their waits, for all tests of providers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import stamina

from components import actions_secret, api_key, item_field
from components.provider import Claims
from tests.providers.fields import others
from tests.world import World


@pytest.fixture(autouse=True)
def _no_waits() -> Iterator[None]:
    """What is repeated is repeated at once, four times at most."""
    with stamina.set_testing(True, attempts=4, cap=True):
        yield


@pytest.fixture(autouse=True)
def _another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test is a provider process of its own, which has seen no key and no field yet."""
    monkeypatch.setattr(item_field, "_claims", Claims())
    monkeypatch.setattr(actions_secret, "_claims", Claims())
    monkeypatch.setattr(api_key, "_live_keys", {})


@pytest.fixture
def the_rest_of_the_item_stays(signed_in: World) -> Iterator[None]:
    """After every test: other fields are byte for byte what they were, and no PUT was ever sent."""
    before = json.dumps(others(signed_in))
    yield
    touched = ("other-field",)
    now = [entry for entry in others(signed_in) if entry["label"] not in touched]
    assert json.dumps(now) == before
    assert signed_in.estate.onepassword.puts == 0
