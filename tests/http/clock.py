"""
A clock that a test sets, in the place of one module's own.
"""

from __future__ import annotations

from types import ModuleType

import pytest


class SetClock:
    """
    Stands in for the module `time` in one module of ours: replaced in `time` itself, the clock would also be that of
    every event loop of this process, and an embedded system would sleep until the real time is reached.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, module: ModuleType) -> None:
        self.now = 100.0
        monkeypatch.setattr(module, "time", self)

    def monotonic(self) -> float:
        """
        Return the seconds that the test has set.
        """
        return self.now
