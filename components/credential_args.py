"""
What a `RegistryCredential` is made of, for any Pulumi program: plain values, and inputs where they may come from
another resource.

What is a plain `str`, `int` or `float` names a resource, or decides which resources there are, and so has to be known
when the program runs. Everything is checked at once, by the same rules as the settings of this project's own program.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from .credential_rules import checked
from .settings.account import AccountSettings, FieldSettings, SecretSettings
from .settings.model import Settings
from .settings.place import Place
from .settings.reference import StoredToken
from .settings.systems import Backend


@dataclass(frozen=True)
class FieldArgs:
    """
    One field of a 1Password item, each part by name or id. The item must exist; the field need not.
    """

    vault: str
    item: str
    field: str


@dataclass(frozen=True)
class CanaryArgs:
    """
    A workflow of a secret's repository that uses the secret. It runs after each publication of another key, and no
    older key ends before it has succeeded.

    Args:
        workflow: the file's name.
        ref: the branch.
        timeout_seconds: how long to wait for its end, at most 3600.
    """

    workflow: str
    ref: str = "main"
    timeout_seconds: float = 300.0


@dataclass(frozen=True)
class SecretArgs:
    """
    One Actions secret of a Forgejo or Gitea server, with the key as its value.

    Args:
        forgejo_url: the server.
        secret: the secret's name; stored in upper case.
        repository: `owner/name`, whose secret it is.
        organization: instead, the organization whose secret it is; without both it is the token's own user's.
        server: a name for the server where there are several: small letters, digits and `-`. Two servers' secrets of
            one path need two names. Its token's variable has the name in it, `FORGEJO_TOKEN_<NAME>`.
        token: the place in 1Password where the server's token is, `op://vault/item/[section/]field`; without it the
            variable has the token.
        canary: only for a repository's secret.
        id: the number of the repository, or other owner, that is meant: confirms one that came under this name anew.
    """

    forgejo_url: pulumi.Input[str]
    secret: str
    repository: str | None = None
    organization: str | None = None
    server: str | None = None
    token: str | None = None
    canary: CanaryArgs | None = None
    id: int | None = None


@dataclass(frozen=True)
class RegistryCredentialArgs:
    """
    One account's credential: who it is, what its key may do and how long it lives, and every place that holds it.

    Credentials of the systems are no arguments: they come from the environment when a provider runs (`AUTHENTIK_TOKEN`,
    `FORGEJO_TOKEN`, 1Password's own), or from the place in 1Password that a `token` names.

    Args:
        zot_url: the registry.
        username: whose key, as the registry and authentik call the account.
        store: the store of record: the field that is written first, and asked for a key that can mint the next one.
        copies: further fields with the same key, in any vaults.
        secrets: Actions secrets with the same key.
        authentik_url: where the account can log in, for a key that no live key can mint.
        authentik_token: the place in 1Password of its token.
        groups: exactly the groups of the account, by name. Without them the account is somebody else's.
        display_name: for an account that is made here.
        oidc_provider: zot's name for authentik.
        rights: of create, update and delete those that the key should have, no more and no less.
        probe_repository: where they are asked about; need not exist.
        probe_tag: a tag that exists there, by which *update* is asked about.
        exclusive: no other key of the account may live.
        rotate_after_days: fractions are allowed; 0 pauses rotation by age.
        expire_after_days: more than *rotate_after_days*.
        retire_after_days: how long an old key lives on after the last place let go of it; less than
            *expire_after_days*.
        retire_when_unused: after that it lives until nothing has used it for a day.
        retire_at_most_days: but no longer than this, in all; more than *retire_after_days*, less than
            *expire_after_days*.
        rotation: any text; another one rotates now.
        onepassword_access: `connect`, `serviceAccount` or `cli`; without it the environment chooses the backend.
        stack: part of the key's label, `zot-ci/<stack>/<username>`; the name of the running stack by default.

    Raises:
        SettingsError: a plain value cannot be used; one line for each.
    """

    zot_url: pulumi.Input[str]
    username: str
    store: FieldArgs
    copies: Sequence[FieldArgs] = ()
    secrets: Sequence[SecretArgs] = ()
    authentik_url: pulumi.Input[str] | None = None
    authentik_token: str | None = None
    groups: Sequence[str] | None = None
    display_name: pulumi.Input[str] | None = None
    oidc_provider: pulumi.Input[str] = "oidc"
    rights: Sequence[str] = ("create",)
    probe_repository: pulumi.Input[str] = "zot-ci-access-probe"
    probe_tag: pulumi.Input[str] | None = None
    exclusive: bool = False
    rotate_after_days: float = 90.0
    expire_after_days: float = 120.0
    retire_after_days: float = 0.0
    retire_when_unused: bool = False
    retire_at_most_days: float | None = None
    rotation: pulumi.Input[str] | None = None
    onepassword_access: Backend | None = None
    stack: str | None = None
    account: AccountSettings = field(init=False, repr=False)

    def __post_init__(self) -> None:
        secrets = {f"secrets[{number}]": secret for number, secret in enumerate(self.secrets)}
        account = checked(
            self.username,
            _as_settings(self),
            {"zot_url": self.zot_url, "authentik_url": self.authentik_url}
            | {f"{name}.forgejo_url": secret.forgejo_url for name, secret in secrets.items()},
            {"authentik_token": self.authentik_token}
            | {f"{name}.token": secret.token for name, secret in secrets.items()},
            self.onepassword_access,
        )
        object.__setattr__(self, "account", account)

    @classmethod
    def of(cls, settings: Settings, account: AccountSettings, stack: str | None = None) -> RegistryCredentialArgs:
        """
        Return the arguments for one account of a stack file's settings.
        """
        authentik, zot = settings.authentik, settings.zot
        repository, tag = settings.probe_of(account)
        return cls(
            zot_url=zot.url,
            username=account.username,
            store=_field_args(account.store),
            copies=[_field_args(copy) for copy in account.onepassword[1:]],
            secrets=[_secret_args(settings, secret) for secret in account.forgejo],
            authentik_url=authentik.url if authentik else None,
            authentik_token=authentik.token if authentik else None,
            groups=account.groups,
            display_name=account.display_name,
            oidc_provider=zot.oidc_provider,
            rights=account.rights,
            probe_repository=repository,
            probe_tag=tag,
            exclusive=account.exclusive,
            rotate_after_days=account.rotate_after_days,
            expire_after_days=account.expire_after_days,
            retire_after_days=account.retire_after_days,
            retire_when_unused=account.retire_when_unused,
            retire_at_most_days=account.retire_at_most_days,
            rotation=account.rotation,
            onepassword_access=settings.onepassword.access,
            stack=stack,
        )

    def stored(self, token: str | None) -> StoredToken | None:
        """
        Return where a *token* is kept in 1Password, as a resource is told of it.
        """
        return StoredToken(token, self.onepassword_access) if token else None

    @property
    def places(self) -> list[Place]:
        """
        Every place that holds the key, in the order in which they are written.
        """
        return self.account.places


def _field_args(settings: FieldSettings) -> FieldArgs:
    return FieldArgs(settings.vault, settings.item, settings.field)


def _secret_args(settings: Settings, secret: SecretSettings) -> SecretArgs:
    server, canary = settings.server_of(secret), secret.canary
    return SecretArgs(
        forgejo_url=server.url,
        secret=secret.secret,
        repository=secret.repository,
        organization=secret.organization,
        server=secret.server,
        token=server.token.reference if server.token else None,
        canary=CanaryArgs(canary.workflow, canary.ref, canary.timeout_seconds) if canary else None,
        id=secret.id,
    )


def _as_settings(args: RegistryCredentialArgs) -> dict[str, Any]:
    """
    Return the plain values as a stack file would have them.
    """
    fields = [{"vault": one.vault, "item": one.item, "field": one.field} for one in (args.store, *args.copies)]
    secrets = [
        _given(
            server=one.server or None,
            repository=one.repository,
            organization=one.organization,
            user=True if one.repository is None and one.organization is None else None,
            secret=one.secret,
            id=one.id,
            canary=None
            if one.canary is None
            else {
                "workflow": one.canary.workflow,
                "ref": one.canary.ref,
                "timeoutSeconds": one.canary.timeout_seconds,
            },
        )
        for one in args.secrets
    ]
    return _given(
        username=args.username,
        groups=None if args.groups is None else list(args.groups),
        rights=list(args.rights),
        exclusive=args.exclusive,
        rotateAfterDays=args.rotate_after_days,
        expireAfterDays=args.expire_after_days,
        retireAfterDays=args.retire_after_days,
        retireWhenUnused=args.retire_when_unused,
        retireAtMostDays=args.retire_at_most_days,
        onepassword=fields,
        forgejo=secrets or None,
        # The rest if it is plain; another resource's is not known yet.
        **{
            name: value
            for name, value in {
                "displayName": args.display_name,
                "probeRepository": args.probe_repository,
                "probeTag": args.probe_tag,
                "rotation": args.rotation,
            }.items()
            if isinstance(value, str)
        },
    )


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
