"""
The fields in a stack's settings, read without the models that check settings: every provider process reads them, and
the program has checked the settings before.
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
    Whether a stack's configuration is for this program, which is alone in its process; in another program it is not.

    Args:
        get: returns the configuration's value of a full key, as the engine passes it, or None.
    """
    return get(f"{NAMESPACE}:zot") is not None


def named_fields(get: Callable[[str], object]) -> list[tuple[str, Place]]:
    """
    Return every field in a stack's configuration, with the user name of its account; an empty list if the configuration
    is not for this program. Invalid parts, which the program refuses, may be left out.

    Args:
        get: returns the configuration's value of a full key, as the engine passes it, or None.
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


# Reported until the settings have a grace, even if it is 0.
NO_GRACE = (
    "a rotation revokes the old key in the same run, so whatever polls 1Password (External Secrets, the 1Password "
    "operator) has a revoked key until its next poll; write retireAfterDays: 1, or 0 if nothing polls it"
)


def is_polled(fields: int, secrets: int) -> bool:
    """
    Whether something other than a forge may read the key: it is only in 1Password, or in more than one field.
    """
    return fields > 1 or not secrets


def accounts_without_grace(get: Callable[[str], object]) -> set[str]:
    """
    Return the user names of accounts that may be polled and whose settings have neither `retireAfterDays` nor
    `retireWhenUnused`; *get* is as in `named_fields`.
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
    Return a setting's *value* as the engine passes it: parsed as JSON, or the text itself.
    """
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _mappings(value: object) -> list[dict[str, Any]]:
    # A single mapping may be written without a list.
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict)]
