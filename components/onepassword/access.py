"""
The backend that reaches 1Password: the one that a setting names, else the one whose variables are set.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping

from ..http.connections import shared
from ..http.errors import CredentialMissingError
from ..http.token_expiry import TokenExpiry
from .connect_token import token_expiry
from .item import ItemAccess


# Each backend is imported when it is used, since a run needs only one.
def _connect() -> ItemAccess:
    from .connect import Connect

    return Connect()


def _sdk() -> ItemAccess:
    from .sdk import Sdk

    return Sdk()


def _cli() -> ItemAccess:
    from .cli import Cli

    return Cli()


# By their names in the setting `onepassword.access`.
BACKENDS: Mapping[str, Callable[[], ItemAccess]] = {"connect": _connect, "serviceAccount": _sdk, "cli": _cli}


def onepassword(backend: str | None = None) -> ItemAccess:
    """
    Return this process's access to 1Password, by the *backend* of that name or the one that the environment chooses.

    Raises:
        EnvironmentUnfitError: the environment lacks something that the backend needs.
    """
    return shared(_chosen(backend))


def connect_hosts(backend: str | None = None) -> list[str]:
    """
    Return the address of the Connect server, if that is the backend and the address is valid; else an empty list.
    """
    try:
        if _chosen(backend) is not _connect:
            return []
        from .connect import connect_host

        return [connect_host()]
    except CredentialMissingError:
        return []


def connect_expiry(backend: str | None = None) -> TokenExpiry | None:
    """
    Return when the Connect token expires. None if it has no readable expiry, or if no Connect server is asked.
    """
    hosts = connect_hosts(backend)
    return token_expiry(hosts[0]) if hosts else None


def _chosen(named: str | None) -> Callable[[], ItemAccess]:
    """
    Return the backend that is *named*, or else the first one whose variables are set.

    Raises:
        CredentialMissingError: no backend can be chosen; the message names all three.
    """
    if named:
        return BACKENDS[named]
    connect = [bool(os.environ.get(name, "").strip()) for name in ("OP_CONNECT_HOST", "OP_CONNECT_TOKEN")]
    if all(connect):
        return _connect
    if os.environ.get("OP_SERVICE_ACCOUNT_TOKEN", "").strip():
        return _sdk
    if any(connect):
        # One of Connect's two variables is set, and Connect's error names the other one. `op` would use a person's own
        # account.
        return _connect
    if shutil.which("op"):
        return _cli
    variables = "OP_CONNECT_HOST and OP_CONNECT_TOKEN, or OP_SERVICE_ACCOUNT_TOKEN, or install `op` and sign in"
    msg = f"1Password cannot be reached: no credential for it is set; export {variables}"
    raise CredentialMissingError(msg)
