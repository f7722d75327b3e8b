"""
The checked settings of a `RegistryCredential`. This project's own program and other programs (`credential_args.py`)
check them by the same rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from .settings.account import AccountSettings
from .settings.model import Settings
from .settings.reference import StoredToken
from .settings.systems import Backend


@dataclass(frozen=True)
class Server:
    """
    The Forgejo or Gitea server of one secret.

    Args:
        url: where it is.
        token: where its token is kept in 1Password; None if the environment has it.
    """

    url: pulumi.Input[str]
    token: StoredToken | None = None


@dataclass(frozen=True, kw_only=True)
class CheckedCredential:
    """
    One account's credential: the checked account, and where its systems are.

    Values that another resource may give are separate from the account, even if the account has a setting of that name:
    an output cannot be checked before its value is known.

    Args:
        account: its name, its key's rights and life, and every place that holds the key.
        servers: the servers of the account's secrets, in the secrets' order.
        authentik_token: where the token is kept in 1Password; None if the environment has it.
        onepassword_access: the backend; None lets the environment choose.
        stack: part of the key's label; None is the name of the running stack.
    """

    account: AccountSettings
    zot_url: pulumi.Input[str]
    oidc_provider: pulumi.Input[str]
    probe_repository: pulumi.Input[str]
    probe_tag: pulumi.Input[str] | None
    authentik_url: pulumi.Input[str] | None
    authentik_token: StoredToken | None
    servers: Sequence[Server]
    onepassword_access: Backend | None
    display_name: pulumi.Input[str] | None
    rotation: pulumi.Input[str] | None
    stack: str | None = None

    @classmethod
    def of(cls, settings: Settings, account: AccountSettings, stack: str | None = None) -> CheckedCredential:
        """
        Return the credential of one account of a stack file's settings.
        """
        repository, tag = settings.probe_of(account)
        servers = [settings.server_of(secret) for secret in account.forgejo]
        return cls(
            account=account,
            zot_url=settings.zot.url,
            oidc_provider=settings.zot.oidc_provider,
            probe_repository=repository,
            probe_tag=tag,
            authentik_url=settings.authentik.url if settings.authentik else None,
            authentik_token=settings.authentik_token,
            servers=[Server(server.url, server.token) for server in servers],
            onepassword_access=settings.onepassword.access,
            display_name=account.display_name,
            rotation=account.rotation,
            stack=stack,
        )
