"""
The vendor's SDK where it gives no answer: what only this backend has to do by itself.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.estate import Estate
from tests.estate.onepassword.standins import sdk_core
from tests.messages import assert_names
from tests.onepassword.backends import SERVICE_ACCOUNT, enter
from tests.world import ITEM, VAULT
from zot_ci.http.errors import UnreachableError
from zot_ci.onepassword.access import onepassword


def test_a_call_without_an_answer_has_ended_when_it_is_told(
    estate: Estate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was cancelled, and nothing of it is under way that the next call could meet."""
    enter(monkeypatch, SERVICE_ACCOUNT, estate, tmp_path)
    access = onepassword()
    ended: list[bool] = []

    async def hangs(*_: Any) -> NoReturn:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.to_thread(ended.append, True)
        raise AssertionError

    monkeypatch.setattr(sdk_core, "_ask", hangs)
    monkeypatch.setenv("ZOT_CI_TIMEOUT_SECONDS", "0.05")
    with pytest.raises(UnreachableError) as caught:
        access.locate(VAULT, ITEM)

    assert ended == [True]
    assert_names(caught.value, "vaults.list gave no answer for vault blumeops in 0.05 s", "network")
