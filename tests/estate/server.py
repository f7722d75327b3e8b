"""One background thread with one event loop that serves every system of an estate on loopback ports."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterable, Mapping

import uvicorn
from starlette.types import ASGIApp

HOST = "127.0.0.1"
# A process that this one begins has all that is open here, until it runs its own program; so a port that was listened
# on until now can be taken for some milliseconds, on a busy machine for longer (measured).
_PATIENCE_SECONDS = 2.0
_LOOK_SECONDS = 0.01


class PortTakenError(OSError):
    """Somebody else listens on a port that was asked for."""


def bind(port: int = 0) -> socket.socket:
    """
    Return a listening socket on the loopback; port 0 takes a free one.

    Raises:
        PortTakenError: the port is taken, and stays so.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return _bind(port)
        except PortTakenError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_LOOK_SECONDS)


def _bind(port: int) -> socket.socket:
    # With the protocol named: only then asyncio switches Nagle's algorithm off, with which the body of every answer
    # waits 40 ms for the client's acknowledgement of the headers.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        # Listening from here on: who asks before the server runs waits in the queue and is not refused.
        listener.listen(128)
    except OSError as error:
        listener.close()
        message = f"port {port} is taken ({error.strerror})"
        raise PortTakenError(message) from None
    return listener


def bind_each(names: Iterable[str], ports: Mapping[str, int]) -> dict[str, socket.socket]:
    """
    Return a listening socket for each system; a free port for one that *ports* does not name.

    Raises:
        PortTakenError: a port is taken; says of which system.
    """
    listeners: dict[str, socket.socket] = {}
    try:
        for name in names:
            listeners[name] = bind(ports.get(name, 0))
    except PortTakenError as error:
        for listener in listeners.values():
            listener.close()
        message = f"{name}: {error}"
        raise PortTakenError(message) from None
    return listeners


class _Server(uvicorn.Server):
    """
    Ends at once. The library's own looks ten times a second whether it is to end, and then waits a tenth of a second:
    most of the time of hundreds of tests that begin an estate each.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ended = asyncio.Event()

    async def main_loop(self) -> None:
        """Wait for the end."""
        await self.ended.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the requests that are under way, after some grace, and close every connection."""
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        tasks = set(self.server_state.tasks)
        if tasks:
            await asyncio.wait(tasks, timeout=self.config.timeout_graceful_shutdown)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        for connection in list(self.server_state.connections):
            connection.transport.close()
        # Each leaves the set when its transport has let go of the socket.
        while self.server_state.connections:
            await asyncio.sleep(0)


class Servers:
    """The servers of one estate."""

    def __init__(self) -> None:
        self._servers: list[tuple[_Server, socket.socket]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._runs = threading.Event()
        self._thread = threading.Thread(target=self._run, name="estate", daemon=True)

    def add(self, app: ASGIApp, listener: socket.socket) -> None:
        """Serve *app* on *listener*. The ``Date`` is the estate's own, by its clock."""
        config = uvicorn.Config(
            app,
            http="h11",
            ws="none",
            lifespan="off",
            loop="asyncio",
            log_config=None,
            # A handler's faults are the world's errors; a request that the end of a test cuts off is none.
            log_level="critical",
            access_log=False,
            date_header=False,
            server_header=False,
            # Longer than any test: a connection must not close under a client that keeps it alive.
            timeout_keep_alive=600,
            timeout_graceful_shutdown=1,
        )
        self._servers.append((_Server(config), listener))

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()
        self._runs.wait()

    def stop(self) -> None:
        """End all servers and wait for the thread."""
        assert self._loop is not None, "it was never started"
        for server, _ in self._servers:
            self._loop.call_soon_threadsafe(server.ended.set)
        # Not a socket is closed under a loop that still serves it.
        self._thread.join(60)
        assert not self._thread.is_alive(), "the estate's servers did not end within a minute"
        for _, listener in self._servers:
            listener.close()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._runs.set()
        await asyncio.gather(*(server.serve(sockets=[listener]) for server, listener in self._servers))
