"""
Repeats without their waits: fixtures that the folders of all systems use.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import stamina


class NoEvent:
    """In the place of an event that nobody sets: waits for nothing."""

    def wait(self, seconds: float) -> None:
        """Return at once."""


@pytest.fixture
def no_waits(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What is repeated is repeated at once, four times at most; and nobody goes slower for having been too fast."""
    monkeypatch.setattr("zot_ci.http.pace.Event", NoEvent)
    with stamina.set_testing(True, attempts=4, cap=True):
        yield


@pytest.fixture(name="_no_waits", autouse=True)
def without_waits(no_waits: None) -> None:
    """The same for every test of a folder whose `conftest.py` imports this."""


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits that were asked for, none of them waited. Those of the library alone, whatever other threads do."""
    waits: list[float] = []
    monkeypatch.setattr("tenacity.nap.time", SimpleNamespace(sleep=waits.append))
    return waits
