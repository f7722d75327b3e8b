"""
A proxy on loopback that answers in the place of what is behind it, and keeps what it was told.
"""

from __future__ import annotations

import select
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Thread

Play = Callable[[socket.socket, list[str]], None]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Answered-By: the proxy\r\n\r\n"


class Middle:
    """
    The proxy. *heard* is what it was told, in order: request lines and headers, or a SOCKS client's wishes.
    """

    def __init__(self, play: Play) -> None:
        self.heard: list[str] = []
        self._play = play
        self._serving: socket.socket | None = None
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._thread = Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            # Who is refused may hang up in the middle of it.
            with connection, suppress(OSError, IndexError):
                connection.settimeout(60)
                self._serving = connection
                self._play(connection, self.heard)

    def close(self) -> None:
        """Stop listening."""
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        # A client that was told no may leave its connection open, and say nothing more.
        if self._serving:
            with suppress(OSError):
                self._serving.shutdown(socket.SHUT_RDWR)
        self._thread.join()


@contextmanager
def middle(play: Play) -> Iterator[Middle]:
    """A proxy that plays *play* on each connection."""
    server = Middle(play)
    yield server
    server.close()


def head(connection: socket.socket) -> str:
    """The head of one request."""
    text = b""
    while b"\r\n\r\n" not in text:
        more = connection.recv(4096)
        if not more:
            break
        text += more
    return text.decode("latin-1")


def http(answer: bytes = OK) -> Play:
    """A proxy for HTTP, and for HTTPS by CONNECT, that gives this answer."""

    def play(connection: socket.socket, heard: list[str]) -> None:
        heard.extend(head(connection).splitlines())
        connection.sendall(answer)

    return play


def no_socks(answer: bytes) -> Play:
    """What gives this answer to a SOCKS client's first words, and ends the connection."""

    def play(connection: socket.socket, heard: list[str]) -> None:
        connection.recv(4096)
        connection.sendall(answer)

    return play


def tunnel(connection: socket.socket, heard: list[str]) -> None:
    """A proxy that does what a CONNECT asks for, to whatever host of that name and port."""
    heard.extend(head(connection).splitlines())
    host, _, port = heard[0].split(" ")[1].rpartition(":")
    with socket.create_connection((host, int(port)), timeout=60) as there:
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        _pass_on(connection, there)


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    while True:
        for ready in select.select([one, other], [], [], 5)[0]:
            text = ready.recv(65536)
            if not text:
                return
            (other if ready is one else one).sendall(text)


def socks(*, accepted: int = 0, reply: int = 0) -> Play:
    """
    A SOCKS5 proxy: *accepted* is the method of signing in that it takes (2: name and password, 255: none of those
    offered), *reply* what comes of the connection (0: it is there, 5: refused).
    """

    def play(connection: socket.socket, heard: list[str]) -> None:
        _, count = connection.recv(2)
        heard.append(f"methods {sorted(connection.recv(count))}")
        connection.sendall(bytes([5, accepted]))
        if accepted == 255:
            return
        if accepted == 2:
            name = connection.recv(connection.recv(2)[1]).decode()
            password = connection.recv(connection.recv(1)[0]).decode()
            heard.append(f"signed in as {name}:{password}")
            connection.sendall(bytes([1, 0]))
        kind = connection.recv(4)[3]
        length = {1: 4, 4: 16}.get(kind) or connection.recv(1)[0]
        host = connection.recv(length)
        (port,) = struct.unpack("!H", connection.recv(2))
        heard.append(f"connect {host.decode() if kind == 3 else list(host)}:{port}")
        connection.sendall(bytes([5, reply, 0, 1, 0, 0, 0, 0, 0, 0]))
        if reply == 0:
            heard.extend(head(connection).splitlines()[:1])
            connection.sendall(OK)

    return play
