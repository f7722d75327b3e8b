"""
How many requests one system gets at once, and what becomes of them where it allows so many a second.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from types import SimpleNamespace

import pytest

from tests.estate import front
from tests.http.clock import SetClock
from tests.http.told import URL, Told, said
from tests.world import World
from zot_ci.http import pace
from zot_ci.http.api import Api
from zot_ci.http.errors import ServerError
from zot_ci.http.pace import AT_ONCE, Pace
from zot_ci.zot.api import KeyAuth, zot_at


@pytest.mark.embedded
def test_a_system_is_asked_by_four_at_once_on_four_connections(
    signed_in: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many ask."""
    estate = signed_in.estate

    class Together:
        @staticmethod
        async def sleep(_: float) -> None:
            # Nobody is answered before four are here, however slow the machine.
            while estate.most_in_flight("zot") < AT_ONCE:
                await asyncio.sleep(0)

    monkeypatch.setattr(front, "asyncio", Together)
    estate.zot.latency = 1
    estate.forget_traffic()
    with Api("zot", signed_in.zot_url) as api, ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda _: api.call("GET", "/v2/", whose="nobody"), range(32)))

    assert estate.most_in_flight("zot") == AT_ONCE
    assert estate.connections("zot") == AT_ONCE


class PaceClock(SetClock):
    """
    The pace's clock, and that of the limit in front of an embedded system: who waits sets it forward, and goes on.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(monkeypatch, pace)
        monkeypatch.setattr(front, "time", self)
        monkeypatch.setattr(pace, "Event", lambda: self)
        monkeypatch.setattr("tenacity.nap.time", SimpleNamespace(sleep=self.wait))
        self._lock = Lock()

    def wait(self, seconds: float) -> None:
        """
        Let so many seconds pass.
        """
        with self._lock:
            self.now += seconds


def test_who_was_too_fast_goes_slower(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once for all that were under way when it was said, and twice as slow the next time."""
    clock = PaceClock(monkeypatch)
    begun: list[float] = []
    paced = Pace()

    def requests(count: int) -> list[float]:
        begun.clear()
        for _ in range(count):
            with paced.one() as began:
                begun.append(began)
        return [round(later - earlier, 3) for earlier, later in itertools.pairwise(begun)]

    assert requests(3) == [0, 0]
    for began in list(begun):
        paced.was_too_fast(began - 1e-6)
    assert requests(3) == [0.067, 0.067]
    paced.was_too_fast(clock.now)
    assert requests(3) == [0.133, 0.133]


@pytest.mark.embedded
def test_a_registry_that_allows_twenty_a_second_mints_all_keys(
    signed_in: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mint that came too fast was not looked at, and may be sent again; no key is made twice."""
    zot = signed_in.estate.zot
    keys = {f"user-{number}": zot.mint(f"user-{number}", "by hand") for number in range(40)}
    zot.requests_per_second = 20
    clock = PaceClock(monkeypatch)
    registry = zot_at(signed_in.zot_url)
    expiry = zot.clock.now().replace(year=2099)
    signed_in.estate.log.clear()

    with ThreadPoolExecutor(AT_ONCE) as threads:
        minted = list(
            threads.map(lambda user: registry.mint(KeyAuth(user, keys[user]), user, "ours", expiry).uuid, keys)
        )

    assert 429 in {call.status for call in signed_in.estate.log}
    assert clock.now > 101
    zot.requests_per_second = 0
    ours = [
        [key.uuid for key in registry.listing(KeyAuth(user, keys[user]), user).keys if key.label == "ours"]
        for user in keys
    ]
    assert ours == [[uuid] for uuid in minted]


def test_who_knows_the_limit_lets_none_begin_too_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the first request on, whatever the number of those that ask."""
    monkeypatch.setenv("ZOT_CI_REQUESTS_PER_SECOND", "20")
    clock = PaceClock(monkeypatch)
    waits: list[float] = [0.0]
    # It stands still: each is told how long to wait from the same moment on.
    monkeypatch.setattr(clock, "wait", waits.append)
    paced = Pace()

    def one(_: int) -> None:
        with paced.one():
            pass

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(one, range(50)))

    assert sorted(waits) == pytest.approx([number / 15 for number in range(50)])


@pytest.mark.embedded
def test_a_registry_whose_limit_is_known_never_says_that_it_is_too_fast(
    signed_in: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And it would, of so many."""
    monkeypatch.setenv("ZOT_CI_REQUESTS_PER_SECOND", "20")
    signed_in.estate.zot.requests_per_second = 20
    signed_in.estate.log.clear()
    clock = PaceClock(monkeypatch)
    with Api("zot", signed_in.zot_url) as api:
        for _ in range(50):
            api.call("GET", "/v2/", whose="nobody")
    signed_in.estate.zot.requests_per_second = 0

    assert [call.status for call in signed_in.estate.log] == [200] * 50
    assert clock.now == pytest.approx(100 + 49 / 15)


@pytest.mark.parametrize(("status", "asked"), [(429, 2), (503, 1)])
def test_a_request_that_may_not_be_repeated_is_only_where_nothing_was_done(status: int, asked: int) -> None:
    """429 by name; any other fault is final."""
    told = Told(said(status, headers={"Retry-After": "0"}), said(200))
    api = Api("system", URL, transport=told.transport)

    with contextlib.suppress(ServerError):
        api.call("POST", "/", whose="nobody", repeat_on=frozenset({429}))

    assert len(told.asked) == asked


@pytest.mark.parametrize(
    ("allowed", "slower"), [("0.5", 1 / (0.75 * 0.5)), ("20", 2 / (0.75 * 20)), ("", 1 / (0.75 * 20))]
)
def test_a_429_never_makes_a_pace_faster(allowed: str, slower: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not beyond the rate in the environment either."""
    monkeypatch.setenv("ZOT_CI_REQUESTS_PER_SECOND", allowed)
    clock = PaceClock(monkeypatch)
    slow = Pace()
    with slow.one() as began:
        slow.was_too_fast(began)
    before = clock.monotonic()
    with slow.one():
        pass

    assert clock.monotonic() - before == pytest.approx(slower)
