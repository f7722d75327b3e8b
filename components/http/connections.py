"""
One client for each system and URL in a process, so that connections and answers are shared.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Protocol, TypeVar, cast

from .once import Once


class Closable(Protocol):
    """
    A client that can close its connections.
    """

    def close(self) -> None:
        """
        Close them.
        """


_Client = TypeVar("_Client", bound=Closable)

# Making a client can sign in, or need another client (for a token in 1Password), so no lock is held meanwhile.
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
