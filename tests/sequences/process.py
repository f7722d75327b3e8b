"""
The process of one run as the model sees it: the moment at which it dies, and who looks on between any two requests.

Requests go to the embedded systems' applications without a socket between, hundreds a second; what the systems ask of
each other still goes over the network.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from threading import Lock
from unittest import mock

import httpx
import stamina

from tests.estate import Estate
from tests.sequences.engine_run import Calls


class DiedError(BaseException):
    """
    `kill -9`. Nothing in the program catches it, and what its clean-up still tries to send goes nowhere.
    """


class Moment(Enum):
    """
    What happens, counted from 1.
    """

    BEFORE_CALL = "the process dies before the n-th call of a provider"
    AFTER_CALL = "the process dies after the n-th call of a provider, before its outcome is in the state"
    BEFORE_REQUEST = "the process dies before the n-th request is sent"
    AFTER_REQUEST = "the process dies after the n-th request was sent, before its answer"
    LOST_ANSWER = "the n-th request is sent and its answer lost; the process goes on"
    LOST_REQUEST = "the n-th request is lost; the process goes on"
    SILENT = "the n-th system, counted round and round, gives no answer at all"

    @property
    def counts_requests(self) -> bool:
        """
        Whether n is a request's number.
        """
        return "request" in self.value


@dataclass(frozen=True)
class Interruption:
    """
    One moment of a run.
    """

    moment: Moment
    at: int


class Process(Calls):
    """
    One run.

    Args:
        watch: called between any two requests.
        interruption: None for a run that nothing disturbs.
    """

    def __init__(self, watch: Callable[[], object], interruption: Interruption | None = None) -> None:
        self.struck = False
        self._watch = watch
        self._interruption = interruption
        self._calls = self._requests = 0
        self._dead = False

    def silences(self, system: int, systems: int) -> bool:
        """
        Whether the *system* of that number, of so many, gives no answer in this run.
        """
        found = self._interruption
        return found is not None and found.moment is Moment.SILENT and found.at % systems == system

    @contextmanager
    def call(self, name: str) -> Iterator[None]:
        """
        Count a provider's call; none is made by a process that is dead.
        """
        self._calls += 1
        if self._now(self._calls, Moment.BEFORE_CALL):
            self._die()
        yield
        if self._now(self._calls, Moment.AFTER_CALL):
            self._die()

    def send(self, request: httpx.Request, answer: Callable[[httpx.Request], httpx.Response]) -> httpx.Response:
        """
        Send one request, unless this process is dead, or dies of it.
        """
        if self._dead:
            raise DiedError
        self._requests += 1
        if self._now(self._requests, Moment.BEFORE_REQUEST):
            self._die()
        if self._now(self._requests, Moment.LOST_REQUEST):
            raise httpx.ConnectError("lost")
        response = answer(request)
        self._watch()
        if self._now(self._requests, Moment.AFTER_REQUEST):
            self._die()
        if self._now(self._requests, Moment.LOST_ANSWER):
            raise httpx.ReadError("lost")
        return response

    def _now(self, count: int, moment: Moment) -> bool:
        now = self._interruption == Interruption(moment, count)
        self.struck = self.struck or now
        return now

    def _die(self) -> None:
        self._dead = True
        raise DiedError


class Wire:
    """
    The way from every client of this process to the embedded systems of *estate*.

    Use *laid*. While *process* is set, requests are its.
    """

    def __init__(self, estate: Estate) -> None:
        self.process: Process | None = None
        self._applications = {
            httpx.URL(url).port: httpx.ASGITransport(getattr(estate, name).app)
            for name, url in estate.listening.items()
        }
        self._loop = asyncio.new_event_loop()
        # The probes of a key come side by side; moments are counted one by one.
        self._one_by_one = Lock()

    @contextmanager
    def laid(self) -> Iterator[None]:
        """
        Take the network's place; requests that may be repeated are so without a wait.
        """
        ports = list(self._applications)

        def handle(_: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
            with self._one_by_one:
                system = ports.index(request.url.port)
                if self.process and self.process.silences(system, len(ports)):
                    raise httpx.ConnectError("silent")
                return self.process.send(request, self._answer) if self.process else self._answer(request)

        try:
            with (
                mock.patch.object(httpx.HTTPTransport, "handle_request", handle),
                stamina.set_testing(True, attempts=4, cap=True),
            ):
                yield
        finally:
            self._loop.close()

    def _answer(self, request: httpx.Request) -> httpx.Response:
        return self._loop.run_until_complete(self._ask(request))

    async def _ask(self, request: httpx.Request) -> httpx.Response:
        response = await self._applications[request.url.port].handle_async_request(request)
        body = await response.aread()
        return httpx.Response(response.status_code, headers=response.headers.multi_items(), content=body)
