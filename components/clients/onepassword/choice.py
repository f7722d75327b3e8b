"""
Which way into 1Password: the one that a setting names, else the one that the vendor's own variables speak for.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping

from components.clients.errors import CredentialMissingError
from components.clients.onepassword.cli import Cli
from components.clients.onepassword.connect import Connect
from components.clients.onepassword.item import ItemAccess
from components.clients.onepassword.service_account import ServiceAccount

# By the word that the setting `onepassword.access` has for it.
WAYS: Mapping[str, Callable[[], ItemAccess]] = {"connect": Connect, "serviceAccount": ServiceAccount, "cli": Cli}


def way(named: str | None) -> Callable[[], ItemAccess]:
    """
    Return what makes the access that is *named*, or else the first that the environment has what it takes for.

    Raises:
        CredentialMissingError: there is none; the message names all three.
    """
    if named:
        return WAYS[named]
    connect = [bool(os.environ.get(name, "").strip()) for name in ("OP_CONNECT_HOST", "OP_CONNECT_TOKEN")]
    if all(connect):
        return Connect
    if os.environ.get("OP_SERVICE_ACCOUNT_TOKEN", "").strip():
        return ServiceAccount
    if any(connect):
        # It says which of the two is missing: better than taking somebody's own account without a word.
        return Connect
    if shutil.which("op"):
        return Cli
    ways = "OP_CONNECT_HOST and OP_CONNECT_TOKEN, or OP_SERVICE_ACCOUNT_TOKEN, or install `op` and sign in"
    msg = f"there is no way into 1Password; export {ways}"
    raise CredentialMissingError(msg)
