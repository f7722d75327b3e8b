"""
A proxy in front of any HTTP system that spoils one request, counted over all systems behind it.

Each connection carries one request, so that "the n-th request" can also be refused before a byte of it is read.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import h11
import httpx

from tests.estate.server import HOST, bind_each

_HOP_BY_HOP = {"connection", "content-length", "keep-alive", "transfer-encoding"}


class Fault(enum.Enum):
    """
    What happens to the request. The first word of a value is its name on the command line.
    """

    REFUSE = "refuse: the connection is reset before anything is read"
    DROP = "drop: the request is read, not forwarded, and the connection closed"
    LOSE = "lose: the request is forwarded and its answer lost"
    LIMIT = "limit: 429 with Retry-After, not forwarded"
    ERROR_500 = "500: not forwarded"
    ERROR_502 = "502: not forwarded"
    ERROR_503 = "503: not forwarded"
    HTML = "html: 200 with an HTML error page, not forwarded"
    STALL = "stall: not forwarded, no answer until the client gives up"
    KILL = "kill: the request is forwarded, then the client is killed"

    @property
    def word(self) -> str:
        """
        Its short name.
        """
        return self.value.partition(":")[0]


_ANSWERS: dict[Fault, tuple[int, list[tuple[str, str]], bytes]] = {
    Fault.LIMIT: (429, [("Retry-After", "1")], b"{}"),
    Fault.ERROR_500: (500, [], b""),
    Fault.ERROR_502: (502, [("Content-Type", "text/html")], b"<html>bad gateway</html>"),
    Fault.ERROR_503: (503, [("Content-Type", "text/html")], b"<html>starting</html>"),
    Fault.HTML: (200, [("Content-Type", "text/html")], b"<html>an error occurred</html>"),
}


@dataclass
class Plan:
    """
    What to spoil, and what was seen.

    Args:
        fault: what to do.
        at: the request to do it to, from 1; 0 for none.
        kill: ends the client, for `Fault.KILL`.
        after: called after each request that was forwarded, before its answer goes back.
        away: what happens to every request to a system, by its name, as long as it is away. A name with a part of a
            path behind it, "forgejo /eblume/second", is away only there.
    """

    fault: Fault = Fault.LOSE
    at: int = 0
    kill: Callable[[], None] = lambda: None
    after: Callable[[], object] = lambda: None
    count: int = 0
    struck: list[str] = field(default_factory=list)
    away: dict[str, Fault] = field(default_factory=dict)


class Proxies:
    """
    One proxy for each of some systems, in a thread with an event loop of their own.

    Use as a context manager. *ports* and *urls* say where each can be asked; *behind* gives where each forwards to.

    Args:
        names: of the systems.
        ports: where each is to listen; free ports otherwise.

    Raises:
        PortTakenError: a port asked for is taken; says of which system.
    """

    def __init__(self, names: tuple[str, ...], ports: Mapping[str, int] | None = None) -> None:
        self.plan = Plan()
        self._upstream: dict[str, str] = {}
        self._listeners = bind_each(names, ports or {})
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fault-proxy", daemon=True)
        self._client = httpx.AsyncClient(timeout=30, trust_env=False)
        self._tasks: set[asyncio.Task[None]] = set()
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def ports(self) -> dict[str, int]:
        """
        The port of each system's proxy.
        """
        return {name: one.getsockname()[1] for name, one in self._listeners.items()}

    @property
    def urls(self) -> dict[str, str]:
        """
        Where each system can be asked through its proxy.
        """
        return {name: f"http://{HOST}:{port}" for name, port in self.ports.items()}

    def behind(self, upstream: Mapping[str, str]) -> None:
        """
        Forward to *upstream* from now on.
        """
        self._upstream = dict(upstream)

    def __enter__(self) -> Proxies:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._serve(), self._loop).result()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _serve(self) -> None:
        self._servers = [
            await asyncio.start_server(self._handler(name), sock=listener) for name, listener in self._listeners.items()
        ]

    async def _close(self) -> None:
        # A server that is closed forgets the connections that it has accepted a moment ago, and leaves them open.
        while accepting := asyncio.all_tasks() - {*self._tasks, asyncio.current_task()}:
            await asyncio.wait(accepting)
        for server in self._servers:
            server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.aclose()
        # A task that was cancelled before it had begun closes nothing, and one whose client reads no more cannot.
        for writer in self._open:
            writer.transport.abort()
        # Lets each of them close its socket.
        await asyncio.sleep(0)

    def _handler(self, name: str) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]:
        def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._open.add(writer)
            task = self._loop.create_task(self._one(name, reader, writer))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        return handle

    async def _one(self, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """
        Serve the one request of a connection.
        """
        plan = self.plan
        plan.count += 1
        fault = plan.fault if plan.count == plan.at else plan.away.get(name)
        try:
            if fault is Fault.REFUSE:
                plan.struck.append(f"{name}: a connection")
                _reset(writer)
                return
            connection = h11.Connection(h11.SERVER)
            request, body = await _read(connection, reader)
            if request is None:
                return
            fault = fault or _away_below(plan.away, name, request.target.decode())
            if fault is not None:
                plan.struck.append(f"{name}: {request.method.decode()} {request.target.decode().partition('?')[0]}")
            await self._answer(name, connection, (reader, writer), request, body, fault)
        except (ConnectionError, h11.RemoteProtocolError, httpx.TransportError):
            # The client went away, or was killed: as a proxy's client may.
            pass
        finally:
            with contextlib.suppress(ConnectionError):
                writer.close()
                await writer.wait_closed()
            self._open.discard(writer)

    async def _answer(
        self,
        name: str,
        connection: h11.Connection,
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        request: h11.Request,
        body: bytes,
        fault: Fault | None,
    ) -> None:
        reader, writer = streams
        if fault in (Fault.DROP, Fault.REFUSE):
            return
        if fault is Fault.STALL:
            # Nothing more comes from a client that waits: the read ends when it gives up.
            await reader.read()
            return
        if fault in _ANSWERS:
            status, headers, content = _ANSWERS[fault]
        else:
            # A request that the client did not build gets no cookies of earlier ones.
            forwarded = httpx.Request(
                request.method.decode(),
                self._upstream[name] + request.target.decode(),
                headers=[
                    *((key.decode(), value.decode()) for key, value in request.headers if key != b"accept-encoding"),
                    ("accept-encoding", "identity"),
                ],
                content=body,
            )
            answer = await self._client.send(forwarded)
            await asyncio.to_thread(self.plan.after)
            if fault is Fault.KILL:
                self.plan.kill()
            if fault in (Fault.KILL, Fault.LOSE):
                return
            status, content = answer.status_code, answer.content
            headers = [(key, value) for key, value in answer.headers.multi_items() if key not in _HOP_BY_HOP]
        headers = [*headers, ("Content-Length", str(len(content))), ("Connection", "close")]
        writer.write(connection.send(h11.Response(status_code=status, headers=headers)) or b"")
        if request.method != b"HEAD":
            writer.write(connection.send(h11.Data(data=content)) or b"")
        await writer.drain()


def _away_below(away: Mapping[str, Fault], name: str, target: str) -> Fault | None:
    """
    Return what happens to a request for a part of a system that is away.
    """
    for where, fault in away.items():
        system, _, part = where.partition(" ")
        if part and system == name and part in target:
            return fault
    return None


async def _read(connection: h11.Connection, reader: asyncio.StreamReader) -> tuple[h11.Request | None, bytes]:
    """
    Read one request and its body; no request if the client closed before.
    """
    request: h11.Request | None = None
    body = b""
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(65536))
        elif isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.Data):
            body += event.data
        else:
            return request, body


def _reset(writer: asyncio.StreamWriter) -> None:
    """
    Close with a reset, as a port does that nobody listens on.
    """
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
