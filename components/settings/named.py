"""
The fields that a stack's settings name, without the models that check settings: every provider's process asks for them,
and the program has checked the settings before.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from .accounts_file import AccountsFileError, accounts_in
from .place import Place

NAMESPACE = "zot-ci"


def is_of_this_program(get: Callable[[str], object]) -> bool:
    """
    Whether a stack's configuration is this program's, which has its process for itself; a library's is its host's.

    Args:
        get: returns the configuration's value of a full key, as the engine hands it over, or None.
    """
    return get(f"{NAMESPACE}:zot") is not None


def named_fields(get: Callable[[str], object]) -> list[tuple[str, Place]]:
    """
    Return every field that a stack's configuration names, with the user name of its account; none where the
    configuration is not this program's. What the program refuses in it may be left out here.

    Args:
        get: returns the configuration's value of a full key, as the engine hands it over, or None.
    """
    try:
        accounts = accounts_in(parsed(get(f"{NAMESPACE}:accounts")))
    except AccountsFileError:
        return []
    named = []
    for account in _mappings(accounts):
        for field in _mappings(account.get("onepassword")):
            names = [field.get(part) for part in ("vault", "item", "field")]
            if isinstance(account.get("username"), str) and all(isinstance(name, str) for name in names):
                named.append((account["username"], Place.field(*(str(name).strip() for name in names))))
    return named


# Until the setting is written out, whatever it says.
NO_GRACE = (
    "a rotation revokes the old key in the same run, so whatever polls 1Password (External Secrets, the 1Password "
    "operator) has a revoked key until its next poll; write retireAfterDays: 1, or 0 if nothing polls it"
)


def is_polled(fields: int, secrets: int) -> bool:
    """
    Whether something other than a forge may read the key: it is in 1Password only, or in more than the store of record.
    """
    return fields > 1 or not secrets


def accounts_without_grace(get: Callable[[str], object]) -> set[str]:
    """
    Return the user names of accounts that may be polled, and that mention neither a grace nor that an old key in use
    stays, of a stack's configuration as `named_fields` takes it.
    """
    try:
        accounts = accounts_in(parsed(get(f"{NAMESPACE}:accounts")))
    except AccountsFileError:
        return set()
    return {
        str(account.get("username"))
        for account in _mappings(accounts)
        if "retireAfterDays" not in account
        and account.get("retireWhenUnused") not in (True, "true")
        and is_polled(len(_mappings(account.get("onepassword"))), len(_mappings(account.get("forgejo"))))
    }


def parsed(value: object) -> Any:
    """
    Return a setting's *value*, as the engine hands it over: JSON, or else the text itself.
    """
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _mappings(value: object) -> list[dict[str, Any]]:
    # One may stand without a list around it.
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict)]
