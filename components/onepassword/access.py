"""
How 1Password is reached: by the backend that a setting names, else by the one whose variables are set.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping

from ..http.connections import shared
from ..http.errors import CredentialMissingError
from .item import ItemAccess


# Each is imported when it is used: a run needs one of them.
def _connect() -> ItemAccess:
    from .connect import Connect

    return Connect()


def _sdk() -> ItemAccess:
    from .sdk import Sdk

    return Sdk()


def _cli() -> ItemAccess:
    from .cli import Cli

    return Cli()


# By the word that the setting `onepassword.access` has for it.
BACKENDS: Mapping[str, Callable[[], ItemAccess]] = {"connect": _connect, "serviceAccount": _sdk, "cli": _cli}


def onepassword(backend: str | None = None) -> ItemAccess:
    """
    Return this process's access to 1Password: by the *backend* of that name, or else as the environment says.

    Raises:
        EnvironmentUnfitError: what the backend needs is not in the environment.
    """
    return shared(_chosen(backend))


def connect_hosts(backend: str | None = None) -> list[str]:
    """
    Return the address of the Connect server, if that is how 1Password is reached, and if it can be one.
    """
    try:
        if _chosen(backend) is not _connect:
            return []
        from .connect import connect_host

        return [connect_host()]
    except CredentialMissingError:
        return []


def _chosen(named: str | None) -> Callable[[], ItemAccess]:
    """
    Return the backend that is *named*, or else the first one whose variables are set.

    Raises:
        CredentialMissingError: there is none; the message names all three.
    """
    if named:
        return BACKENDS[named]
    connect = [bool(os.environ.get(name, "").strip()) for name in ("OP_CONNECT_HOST", "OP_CONNECT_TOKEN")]
    if all(connect):
        return _connect
    if os.environ.get("OP_SERVICE_ACCOUNT_TOKEN", "").strip():
        return _sdk
    if any(connect):
        # One variable of Connect's two is set, and its error names the other. `op` would use a person's own account,
        # which nobody asked for.
        return _connect
    if shutil.which("op"):
        return _cli
    variables = "OP_CONNECT_HOST and OP_CONNECT_TOKEN, or OP_SERVICE_ACCOUNT_TOKEN, or install `op` and sign in"
    msg = f"1Password cannot be reached: no credential for it is set; export {variables}"
    raise CredentialMissingError(msg)
