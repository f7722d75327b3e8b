"""
The program's own credentials in what a preview says: one line each that is for a look, and for no person. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from .document import Credential

# As components/http/token_expiry.py writes it.
_FACT = "credential: "


def split_off(lines: Sequence[str]) -> tuple[list[str], list[Credential]]:
    """
    Return what a person is told of the *lines*, and the credentials that they hold. A line that is none of ours stays.
    """
    told, found = [], {}
    for line in lines:
        credential = _credential(line) if line.startswith(_FACT) else None
        if credential is None:
            told.append(line)
        else:
            found[credential.name, credential.address] = credential
    return told, sorted(found.values(), key=lambda one: (one.expires_at, one.name))


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
