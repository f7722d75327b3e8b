"""
The registry's clock beside this machine's: far apart is one line in the log, for a whole run.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from tests.http.told import SECRET, URL
from zot_ci.zot.api import KeyAuth, Zot

AUTH = KeyAuth("zot-ci", SECRET)


def registry(apart: timedelta) -> Zot:
    """A registry with that clock, which lists no key."""

    def answer(request: httpx.Request) -> httpx.Response:
        date = format_datetime(datetime.now(UTC) + apart, usegmt=True)
        return httpx.Response(200, headers={"Date": date}, json={"apiKeys": []})

    return Zot(URL, httpx.MockTransport(answer))


@pytest.mark.parametrize(
    ("apart", "words"),
    [
        (timedelta(minutes=7, seconds=10), "7 minutes ahead of this machine's"),
        (timedelta(minutes=-7), "7 minutes behind this machine's"),
        (timedelta(hours=5, seconds=10), "5 hours ahead"),
        (timedelta(days=-30), "30 days behind"),
    ],
)
def test_clocks_that_are_far_apart_are_told_once(
    apart: timedelta, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    """However often the registry is asked, and for whom."""
    zot = registry(apart)

    for username in ("zot-ci", "another"):
        zot.listing(AUTH, username)

    [line] = caplog.messages
    assert f"its clock is {words}" in line
    assert "set the one that is wrong" in line


@pytest.mark.parametrize("minutes", [0, 4, -4])
def test_clocks_a_little_apart_are_no_matter(minutes: int, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing hangs on this machine's."""
    registry(timedelta(minutes=minutes)).listing(AUTH, "zot-ci")

    assert caplog.messages == []
