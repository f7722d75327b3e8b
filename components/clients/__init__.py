"""
The systems, one client each for a system's URL and process: connections are kept, and what was read can be shared.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from threading import Lock
from typing import Any, TypeVar

from components.clients.authentik import Authentik
from components.clients.credentials import ReferencedToken
from components.clients.forgejo import Forgejo
from components.clients.onepassword import ItemAccess, Reference
from components.clients.onepassword.choice import way
from components.clients.zot import Zot

_Client = TypeVar("_Client")

_made: dict[tuple[Any, ...], Any] = {}
# The engine calls a provider from four threads.
_making = Lock()


# What references have been resolved to, by way and reference, and one resolution at a time.
_resolved: dict[tuple[str | None, str], str] = {}
_resolving = Lock()


def _one(make: Callable[..., _Client], *arguments: str | None) -> _Client:
    with _making:
        if (make, *arguments) not in _made:
            _made[make, *arguments] = make(*arguments)
        client: _Client = _made[make, *arguments]
        return client


def authentik_at(url: str, token: str | None = None, access: str | None = None) -> Authentik:
    """
    Return this process's client of the authentik server at *url*.

    Args:
        token: the 1Password reference of the token; without it, the environment has the token.
        access: the way into 1Password, as for `onepassword`.
    """
    return _one(_authentik, url, token, access)


def forgejo_at(url: str, token: str | None = None, access: str | None = None) -> Forgejo:
    """
    Return this process's client of the Forgejo or Gitea server at *url*; the arguments are `authentik_at`'s.
    """
    return _one(_forgejo, url, token, access)


def zot_at(url: str) -> Zot:
    """
    Return this process's client of the registry at *url*.
    """
    return _one(Zot, url)


def onepassword(access: str | None = None) -> ItemAccess:
    """
    Return this process's way into 1Password: the one named *access*, or as the vendor's environment variables say.

    Raises:
        EnvironmentUnfitError: what it needs is not in the environment.
    """
    return _one(way(access))


def _authentik(url: str, token: str | None, access: str | None) -> Authentik:
    return Authentik(url, token=ReferencedToken(token, partial(_resolve, access)) if token else None)


def _forgejo(url: str, token: str | None, access: str | None) -> Forgejo:
    return Forgejo(url, token=ReferencedToken(token, partial(_resolve, access), "token") if token else None)


def _resolve(access: str | None, reference: str) -> str:
    with _resolving:
        if (access, reference) not in _resolved:
            _resolved[access, reference] = Reference.parse(reference).resolve(onepassword(access))
        return _resolved[access, reference]


def forget_all() -> None:
    """
    Close and drop every client, as the end of the process does. For tests, which make many runs in one process.
    """
    with _making:
        for client in _made.values():
            # A way into 1Password closes itself; it may have no connection.
            getattr(client, "api", client).close()
        _made.clear()
        _resolved.clear()
