"""
What a `RegistryCredential` is made of, once the settings are checked: by the stack file's rules for this project's own
program, by the same rules for another one (`credential_args.py`).
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
        token: where its token is kept in 1Password; None where the environment has it.
    """

    url: pulumi.Input[str]
    token: StoredToken | None = None


@dataclass(frozen=True, kw_only=True)
class CheckedCredential:
    """
    One account's credential: the checked account, and where its systems are.

    Whatever another resource may give stands beside the account, also where the account has a setting of that name:
    an output has no value yet that could be checked.

    Args:
        account: who it is, what its key may do and how long it lives, and every place that holds the key.
        servers: of the account's secrets, in their order.
        authentik_token: where it is kept in 1Password; None where the environment has it.
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
