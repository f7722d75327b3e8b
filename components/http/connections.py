"""
One client for each system, URL and process, so that connections are kept and what was read can be shared.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Protocol, TypeVar, cast

from .once import Once


class Closable(Protocol):
    """
    What can let go of its connections.
    """

    def close(self) -> None:
        """
        Let go of them.
        """


_Client = TypeVar("_Client", bound=Closable)

# Making a client can sign in, or ask for another one (a token kept in 1Password): no lock is held meanwhile.
_made: Once[tuple[Hashable, ...], Closable] = Once()
_open: list[Closable] = []
_lock = Lock()


def shared(make: Callable[..., _Client], *arguments: Hashable) -> _Client:
    """
    Return what `make(*arguments)` made the first time that this process asked for it.
    """

    def made() -> Closable:
        client = make(*arguments)
        with _lock:
            _open.append(client)
        return client

    return cast("_Client", _made.get((make, *arguments), made))


def forget_all() -> None:
    """
    Close and drop every client, as the end of the process does. For tests, which make many runs in one process.
    """
    with _lock:
        clients = list(_open)
        _open.clear()
    _made.forget()
    for client in clients:
        client.close()
