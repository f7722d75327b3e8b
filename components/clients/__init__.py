"""
The systems, one client each for a system's URL and process: connections are kept, and what was read can be shared.
"""

from __future__ import annotations

import functools
from threading import Lock

from components.clients.authentik import Authentik
from components.clients.forgejo import Forgejo
from components.clients.onepassword import ItemAccess
from components.clients.onepassword.connect import Connect
from components.clients.zot import Zot

# The engine calls a provider from four threads, and `cache` alone would let two of them make a client each.
_making = Lock()
_authentik = functools.cache(Authentik)
_forgejo = functools.cache(Forgejo)
_zot = functools.cache(Zot)
_connect = functools.cache(Connect)


def authentik_at(url: str) -> Authentik:
    """
    Return this process's client of the authentik server at *url*.
    """
    with _making:
        return _authentik(url)


def forgejo_at(url: str) -> Forgejo:
    """
    Return this process's client of the Forgejo or Gitea server at *url*.
    """
    with _making:
        return _forgejo(url)


def zot_at(url: str) -> Zot:
    """
    Return this process's client of the registry at *url*.
    """
    with _making:
        return _zot(url)


def onepassword() -> ItemAccess:
    """
    Return this process's way into 1Password, chosen by the vendor's environment variables.

    Raises:
        CredentialMissingError: none of them is set.
    """
    with _making:
        return _connect()


def forget_all() -> None:
    """
    Drop every client, as the end of the process does. For tests, which run many runs in one process.
    """
    with _making:
        for cached in (_authentik, _forgejo, _zot, _connect):
            cached.cache_clear()
