"""
A stack's right settings, and the configuration as the engine hands it over, without any system behind it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

# The least that a stack needs.
RIGHT: dict[str, Any] = {
    "authentik": {"url": "https://authentik.example.test"},
    "zot": {"url": "https://registry.example.test"},
    "forgejo": {"url": "https://forge.example.test"},
    "accounts": [
        {
            "username": "zot-ci",
            "groups": ["artifact-workloads"],
            "onepassword": {"vault": "blumeops", "item": "Forgejo Secrets", "field": "zot-ci-api"},
            "forgejo": [{"repository": "eblume/blumeops", "secret": "ZOT_CI_API_KEY"}],
        }
    ],
}

# Each setting of how long an account's keys live, with another value than its default.
LIVES: dict[str, Any] = {
    "exclusive": True,
    "rotateAfterDays": 30,
    "expireAfterDays": 60,
    "retireAfterDays": 1,
    "retireWhenUnused": True,
    "retireAtMostDays": 9,
    "rotation": "again",
}

# The least that single sign-on needs.
SSO: dict[str, Any] = {"groups": ["artifact-workloads"], "vault": "blumeops", "item": "Zot OIDC client"}


# Everything that it makes, made by somebody before.
IMPORT: dict[str, Any] = {
    "provider": "41",
    "application": "zot",
    "groups": {"artifact-workloads": "the-group"},
    "bindings": {"admins": "for-admins", "artifact-workloads": "for-ci"},
    "item": f"vaults/{'v' * 26}/items/{'i' * 26}",
}


def given(values: Mapping[str, Any]) -> dict[str, str]:
    """
    Return settings as the engine hands them over: full keys, structured values as JSON.
    """
    return {f"zot-ci:{key}": value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}


def config(sso: dict[str, Any] | None = None, **account: Any) -> dict[str, str]:
    """
    Return the configuration of one account; *account* overrides its keys, and None leaves one out.
    """
    merged = RIGHT["accounts"][0] | account
    values = RIGHT | {"accounts": [{key: value for key, value in merged.items() if value is not None}]}
    return given(values if sso is None else values | {"sso": sso})
