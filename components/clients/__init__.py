"""
The systems, one client each for a system's URL and process: connections are kept, and what was read can be shared.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any, TypeVar

from components.clients.authentik import Authentik
from components.clients.forgejo import Forgejo
from components.clients.onepassword import ItemAccess
from components.clients.onepassword.connect import Connect
from components.clients.zot import Zot

_Client = TypeVar("_Client")

_made: dict[tuple[Any, ...], Any] = {}
# The engine calls a provider from four threads.
_making = Lock()


def _one(make: Callable[..., _Client], *arguments: str) -> _Client:
    with _making:
        if (make, *arguments) not in _made:
            _made[make, *arguments] = make(*arguments)
        client: _Client = _made[make, *arguments]
        return client


def authentik_at(url: str) -> Authentik:
    """
    Return this process's client of the authentik server at *url*.
    """
    return _one(Authentik, url)


def forgejo_at(url: str) -> Forgejo:
    """
    Return this process's client of the Forgejo or Gitea server at *url*.
    """
    return _one(Forgejo, url)


def zot_at(url: str) -> Zot:
    """
    Return this process's client of the registry at *url*.
    """
    return _one(Zot, url)


def onepassword() -> ItemAccess:
    """
    Return this process's way into 1Password, chosen by the vendor's environment variables.

    Raises:
        CredentialMissingError: none of them is set.
    """
    return _one(Connect)


def forget_all() -> None:
    """
    Close and drop every client, as the end of the process does. For tests, which make many runs in one process.
    """
    with _making:
        for client in _made.values():
            client.api.close()
        _made.clear()
