"""
Repeats without their waits; and an item, by each of the three ways into 1Password.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import stamina

from components.onepassword.access import onepassword
from components.onepassword.item import ItemAccess, ItemRef
from tests.estate import Estate
from tests.ways import FIELDS, WAYS, Way, enter
from tests.world import ITEM, VAULT


@pytest.fixture
def no_waits() -> Iterator[None]:
    """What is repeated is repeated at once, four times at most."""
    with stamina.set_testing(True, attempts=4, cap=True):
        yield


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits that were asked for, none of them waited."""
    waits: list[float] = []
    monkeypatch.setattr("tenacity.nap.time.sleep", waits.append)
    return waits


@pytest.fixture
def estate() -> Iterator[Estate]:
    """The embedded vaults, with one item in them."""
    with Estate.start(only=("onepassword",)) as estate:
        estate.onepassword.vault(VAULT).items.clear()
        estate.onepassword.add_item(VAULT, ITEM, FIELDS)
        yield estate


@pytest.fixture(params=WAYS, ids=[way.access for way in WAYS])
def way(request: pytest.FixtureRequest) -> Way:
    """One of the three ways into 1Password."""
    way: Way = request.param
    return way


@pytest.fixture
def access(way: Way, estate: Estate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ItemAccess:
    """That way, in use."""
    enter(monkeypatch, way, estate, tmp_path)
    return onepassword()


@pytest.fixture
def ref(access: ItemAccess) -> ItemRef:
    """Where the item is."""
    return access.locate(VAULT, ITEM)
