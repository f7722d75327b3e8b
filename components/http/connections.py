"""
One client for each system, URL and process, so that connections are kept and what was read can be shared.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import RLock
from typing import Any, Protocol, TypeVar


class Closable(Protocol):
    """
    What can let go of its connections.
    """

    def close(self) -> None:
        """
        Let go of them.
        """


_Client = TypeVar("_Client", bound=Closable)

_made: dict[tuple[Hashable, ...], Closable] = {}
# The engine calls a provider from four threads. Making one client can ask for another (a token kept in
# 1Password), hence a lock that its holder may take again.
_making = RLock()


def shared(make: Callable[..., _Client], *arguments: Hashable) -> _Client:
    """
    Return what `make(*arguments)` made the first time that this process asked for it.
    """
    with _making:
        if (make, *arguments) not in _made:
            _made[make, *arguments] = make(*arguments)
        client: Any = _made[make, *arguments]
        return client  # type: ignore[no-any-return]


def forget_all() -> None:
    """
    Close and drop every client, as the end of the process does. For tests, which make many runs in one process.
    """
    with _making:
        for client in _made.values():
            client.close()
        _made.clear()
