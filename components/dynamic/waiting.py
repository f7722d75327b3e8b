"""
What the SDK need not wait for. A no-change preview of a hundred accounts took 1.36 times as long as one of the same
graph of resources that do nothing, 1.28 times with the first of these changes, and 1.13 times with both (SDK 3.272,
engine 3.276, measured).

The SDK waits till one of all outputs that are under way has ended, and then for one of the rest, and so on. Each time
it looks at all that are left, of some ten thousand.

And for each resource it sends the engine five lines for `--debug`, each by a call that it waits for.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from types import ModuleType
from typing import Any

import pulumi
from pulumi.runtime import stack

# How soon the SDK hears of outputs that ended while others go on, and begins to wait for those that came of them.
_LOOK_SECONDS = 0.25


class _Waiting(ModuleType):
    """
    `asyncio`, with a `wait` for the first that ended which goes on till all have ended, one of them has failed, or some
    have and it is time to look.
    """

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    async def wait(
        self, tasks: Iterable[asyncio.Future[Any]], *, return_when: str = asyncio.ALL_COMPLETED, **more: Any
    ) -> tuple[set[asyncio.Future[Any]], set[asyncio.Future[Any]]]:
        if return_when != asyncio.FIRST_COMPLETED or more:
            return await asyncio.wait(tasks, return_when=return_when, **more)
        done, left = set[asyncio.Future[Any]](), set(tasks)
        while not done:
            done, left = await asyncio.wait(left, timeout=_LOOK_SECONDS, return_when=asyncio.FIRST_EXCEPTION)
        return done, left


def wait_for_many() -> None:
    """
    Let this process wait for many outputs at once. This holds for all that it runs, so only a program that is alone in
    its process may call it.
    """
    if hasattr(stack, "asyncio"):
        vars(stack)["asyncio"] = _Waiting("asyncio")


def send_no_debug_lines() -> None:
    """
    Let this process send the engine no lines for `--debug`, unless `ZOT_CI_DEBUG` is set. The same holds for it.
    """
    if not os.environ.get("ZOT_CI_DEBUG"):
        vars(pulumi.log)["debug"] = _nothing


def _nothing(*_: object, **__: object) -> None:
    """
    In the place of the SDK's function.
    """
