"""
The part of zot's configuration that fits these settings: a pure function, no Pulumi.

It holds no secret. zot reads the client's id and secret from a file of its own, `{"clientid": …, "clientsecret": …}`.
"""

from __future__ import annotations

import json

from ..rotation import CI_RIGHTS, RIGHTS
from ..settings.account import AccountSettings
from ..settings.model import Settings

# The file with the client's id and secret. Whoever runs zot puts the file there, or changes the path.
CREDENTIALS_FILE = "/etc/zot/oidc-credentials.json"

# The scopes that zot asks for and the application maps. authentik puts user name and groups into `profile`.
SCOPES = ("openid", "email", "profile")


def zot_configuration(settings: Settings) -> str:
    """
    Return the fragment as JSON text; empty without `sso`. Its form is zot v2.1.20's.
    """
    if settings.sso is None or settings.authentik is None:
        return ""
    provider = {
        "name": "authentik",
        "issuer": f"{settings.authentik.url}/application/o/{settings.sso.application}/",
        "credentialsFile": CREDENTIALS_FILE,
        "scopes": list(SCOPES),
        # Otherwise zot takes the e-mail address, and a service account has none (v2.1.11 and newer).
        "claimMapping": {"username": "preferred_username", "groups": "groups"},
    }
    everywhere = {
        "anonymousPolicy": ["read"],
        # The anonymous policy does not hold for users who are logged in.
        "defaultPolicy": ["read"],
        "policies": _policies(settings.sso.groups, settings.accounts),
    }
    http = {
        # The redirect URI begins with it.
        "externalUrl": settings.zot.url,
        "auth": {"apikey": True, "openid": {"providers": {settings.zot.oidc_provider: provider}}},
        "accessControl": {
            "repositories": {"**": everywhere},
            "adminPolicy": {"groups": [settings.sso.admins], "actions": ["read", "create", "update", "delete"]},
        },
    }
    return json.dumps({"http": http}, indent=2)


def _policies(groups: list[str], accounts: list[AccountSettings]) -> list[dict[str, list[str]]]:
    """
    Return the policies of the groups: reading, and the rights that the group's accounts are expected to have.
    """
    allowed: dict[tuple[str, ...], list[str]] = {}
    for group in groups:
        members = [account for account in accounts if group in (account.groups or ())]
        rights = {right for account in members for right in account.rights} if members else CI_RIGHTS
        actions = ("read", *(right for right in RIGHTS if right in rights))
        allowed.setdefault(actions, []).append(group)
    return [{"groups": names, "actions": list(actions)} for actions, names in allowed.items()]
