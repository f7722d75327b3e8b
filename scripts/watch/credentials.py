"""
The program's own credentials, in lines of a preview that are for a look and not for a person. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from .document import Credential

# The same begin of a line as in components/http/token_expiry.py.
_FACT = "credential: "


def split_off(lines: Sequence[str]) -> tuple[list[str], list[Credential]]:
    """
    Return the *lines* that are for a person, and the credentials in the other lines.
    """
    for_people, found = [], {}
    for line in lines:
        credential = _credential(line) if line.startswith(_FACT) else None
        if credential is None:
            for_people.append(line)
        else:
            found[credential.name, credential.address] = credential
    return for_people, sorted(found.values(), key=lambda one: (one.expires_at, one.name))


def _credential(line: str) -> Credential | None:
    try:
        given = json.loads(line.removeprefix(_FACT))
        return Credential(
            name=str(given["name"]),
            system=str(given["system"]),
            address=str(given["address"]),
            expires_at=datetime.fromisoformat(given["expires_at"]),
            is_certain=bool(given["is_certain"]),
            warning=str(given["warning"]),
        )
    except (ValueError, KeyError, TypeError):
        return None
