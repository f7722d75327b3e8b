"""
What one look at a stack asks the engine for.
"""

from __future__ import annotations

import pytest

from scripts.watch import looking


def test_the_history_is_read_back_to_the_last_up_that_succeeded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken stack that is tried each hour fills a page in four days; without it, nobody is told since when."""
    failed, succeeded = ({"kind": "update", "result": result} for result in ("failed", "succeeded"))
    pages = [[failed] * 100, [{**succeeded, "kind": "refresh"}] * 100, [*[failed] * 99, succeeded], [succeeded] * 100]
    asked: list[str] = []

    def answer(_: object, *arguments: str) -> list[dict[str, str]]:
        asked.append(arguments[-1])
        return pages[int(arguments[-1]) - 1]

    monkeypatch.setattr(looking, "ask_for_json", answer)

    assert looking._history(None) == [*pages[0], *pages[1], *pages[2]]
    assert asked == ["1", "2", "3"]
    pages[:] = [[failed] * 100, [failed]]
    assert len(looking._history(None)) == 101
