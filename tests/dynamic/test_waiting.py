"""
The SDK's wait for its outputs, for many at once, and still for the first that fails; and its debug lines.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pulumi
import pytest
from pulumi.runtime import stack
from pulumi.runtime.settings import SETTINGS

from zot_ci.dynamic.waiting import send_no_debug_lines, wait_for_many


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """For how many each wait was, in a process that waits for many at once."""
    monkeypatch.setattr(stack, "asyncio", asyncio)
    # An output of another test belongs to an event loop that is closed.
    SETTINGS.outputs.clear()
    original, seen = asyncio.wait, list[int]()

    def counted(tasks: Any, **options: Any) -> Awaitable[Any]:
        seen.append(len(tasks))
        return original(tasks, **options)

    monkeypatch.setattr(asyncio, "wait", counted)
    wait_for_many()
    yield seen
    SETTINGS.outputs.clear()


class Failed(Exception):
    """What an output failed with."""


async def fails() -> None:
    """
    Fail at the next turn of the event loop.
    """
    await asyncio.sleep(0)
    raise Failed


async def in_turn(number: int) -> int:
    """
    End after so many turns of the event loop.
    """
    for _ in range(number):
        await asyncio.sleep(0)
    return number


def wait_for(*made: Callable[[], Awaitable[Any]]) -> None:
    """
    Let the SDK wait for tasks as it does for a program's outputs.
    """

    async def run() -> None:
        SETTINGS.outputs.update(asyncio.ensure_future(make()) for make in made)
        await stack.wait_for_rpcs()

    asyncio.run(run())


def test_outputs_that_end_one_after_the_other_are_waited_for_at_once(waits: list[int]) -> None:
    wait_for(*[lambda number=number: in_turn(number) for number in range(50)])
    assert waits == [50]
    assert not SETTINGS.outputs


def test_an_output_that_fails_ends_the_wait_though_others_go_on(waits: list[int]) -> None:
    with pytest.raises(Failed):
        wait_for(asyncio.Event().wait, fails)


def test_an_output_that_came_of_another_is_waited_for_while_others_go_on(waits: list[int]) -> None:
    ends = asyncio.Event()

    async def makes_another() -> None:
        async def another() -> None:
            ends.set()

        SETTINGS.outputs.add(asyncio.ensure_future(another()))

    wait_for(ends.wait, makes_another)
    assert not SETTINGS.outputs


def test_an_output_that_fails_later_is_heard_of_while_others_go_on(waits: list[int]) -> None:
    async def makes_one_that_fails() -> None:
        SETTINGS.outputs.add(asyncio.ensure_future(fails()))

    with pytest.raises(Failed):
        wait_for(asyncio.Event().wait, makes_one_that_fails)


def test_nothing_else_of_asyncio_is_another(waits: list[int]) -> None:
    of_the_sdk = vars(stack)["asyncio"]
    assert of_the_sdk.sleep is asyncio.sleep

    async def run() -> None:
        failed, slow = asyncio.ensure_future(fails()), asyncio.ensure_future(in_turn(9))
        assert await of_the_sdk.wait([failed, slow]) == ({failed, slow}, set())
        endless = asyncio.ensure_future(asyncio.Event().wait())
        at_once = await of_the_sdk.wait([endless], timeout=0, return_when=asyncio.FIRST_COMPLETED)
        assert at_once == (set(), {endless})
        endless.cancel()

    asyncio.run(run())
    assert waits == [2, 1]


@pytest.mark.parametrize(("debug", "sent"), [("", []), ("1", ["a line"])])
def test_debug_lines_are_sent_only_to_who_looks_for_a_fault(
    debug: str, sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    monkeypatch.setenv("ZOT_CI_DEBUG", debug)
    monkeypatch.setattr(pulumi.log, "debug", lines.append)

    send_no_debug_lines()
    pulumi.log.debug("a line")

    assert lines == sent
