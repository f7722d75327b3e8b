"""
Repeats without their waits; an item, by each of the three backends; and a watch on the rest of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.estate import Estate
from tests.http.waits import no_waits, slept, without_waits
from tests.onepassword.backends import BACKENDS, FIELDS, Backend, enter
from tests.onepassword.fields import others
from tests.world import ITEM, VAULT, World
from zot_ci.onepassword.access import onepassword
from zot_ci.onepassword.item import ItemAccess, ItemRef

__all__ = ["no_waits", "slept", "without_waits"]


@pytest.fixture
def estate() -> Iterator[Estate]:
    """The embedded vaults, with one item in them."""
    with Estate.start(only=("onepassword",)) as estate:
        estate.onepassword.vault(VAULT).items.clear()
        estate.onepassword.add_item(VAULT, ITEM, FIELDS)
        yield estate


@pytest.fixture(params=BACKENDS, ids=[backend.access for backend in BACKENDS])
def backend(request: pytest.FixtureRequest) -> Backend:
    """One of the three backends."""
    backend: Backend = request.param
    return backend


@pytest.fixture
def access(backend: Backend, estate: Estate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ItemAccess:
    """That backend, in use."""
    enter(monkeypatch, backend, estate, tmp_path)
    return onepassword()


@pytest.fixture
def ref(access: ItemAccess) -> ItemRef:
    """Where the item is."""
    return access.locate(VAULT, ITEM)


@pytest.fixture
def the_rest_of_the_item_stays(signed_in: World) -> Iterator[None]:
    """After every test: other fields are byte for byte what they were, and no PUT was ever sent."""
    before = json.dumps(others(signed_in))
    yield
    touched = ("other-field",)
    now = [entry for entry in others(signed_in) if entry["label"] not in touched]
    assert json.dumps(now) == before
    assert signed_in.estate.onepassword.puts == 0
