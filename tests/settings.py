"""
A stack's configuration as the engine hands it over, without any system behind it.
"""

from __future__ import annotations

import json
from typing import Any

# The least that single sign-on needs.
SSO: dict[str, Any] = {"groups": ["artifact-workloads"], "vault": "blumeops", "item": "Zot OIDC client"}


def config(sso: dict[str, Any] | None = None, **account: Any) -> dict[str, str]:
    """
    Return the configuration of one account; *account* overrides its keys.
    """
    values: dict[str, Any] = {
        "zot-ci:authentik": {"url": "https://authentik.example.test"},
        "zot-ci:zot": {"url": "https://registry.example.test"},
        "zot-ci:forgejo": {"url": "https://forge.example.test"},
        "zot-ci:accounts": [
            {
                "username": "zot-ci",
                "groups": ["artifact-workloads"],
                "onepassword": {"vault": "blumeops", "item": "Forgejo Secrets", "field": "zot-ci-api"},
                "forgejo": [{"repository": "eblume/blumeops", "secret": "ZOT_CI_API_KEY"}],
            }
            | account
        ],
    }
    if sso is not None:
        values["zot-ci:sso"] = sso
    return {key: json.dumps(value) for key, value in values.items()}
