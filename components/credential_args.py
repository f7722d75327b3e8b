"""
The arguments of a `RegistryCredential` in any Pulumi program: plain values, and inputs that another resource may give.

A plain `str`, `int` or `float` names a resource or decides which resources exist, so it must be known when the program
runs. All arguments are checked at once, by the same rules as the settings of this project's own program.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pydantic

from .checked_credential import CheckedCredential, Server
from .settings.account import AccountSettings, SecretSettings
from .settings.messages import path_of, rule_of
from .settings.model import SettingsError
from .settings.reference import StoredToken
from .settings.systems import BACKENDS, Backend
from .settings.values import SettingsModel, TokenReference, Url

# The account's settings that another resource may give.
_INPUTS = ("display_name", "probe_repository", "probe_tag", "rotation")
_URL: pydantic.TypeAdapter[str] = pydantic.TypeAdapter(Url)
_TOKEN: pydantic.TypeAdapter[str] = pydantic.TypeAdapter(TokenReference)


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
    A workflow of a secret's repository that uses the secret. It runs after each publication of a new key, and no older
    key is revoked before it has succeeded.

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
    One Actions secret on a Forgejo or Gitea server, with the key as its value.

    Args:
        forgejo_url: the server.
        secret: the secret's name; stored in upper case.
        repository: the repository of the secret, as `owner/name`.
        organization: the organization of the secret, instead of a repository; without both, the secret belongs to the
            token's own user.
        server: a name for the server where there are several: small letters, digits and `-`. Two servers' secrets of
            one path need two names. Its token's variable has the name in it, `FORGEJO_TOKEN_<NAME>`.
        token: where the server's token is kept in 1Password, `op://vault/item/[section/]field`; by default the variable
            has it.
        canary: only for a repository's secret.
        id: the owner's number, to confirm that another one has its name now.
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
    One account's credential: its name, its key's rights and life, and every place that holds the key.

    The systems' own credentials are no arguments. A provider reads them from the environment when it runs
    (`AUTHENTIK_TOKEN`, `FORGEJO_TOKEN`, 1Password's own), or from the place in 1Password that a `token` names.

    Args:
        zot_url: the registry.
        username: the account's name at the registry and in authentik.
        store: the store of record, which is written first and may hold a key that can mint the next one.
        copies: further fields with the same key, in any vaults.
        secrets: Actions secrets with the same key.
        authentik_url: where the account can log in if no live key can mint the next one.
        authentik_token: where authentik's token is kept in 1Password.
        groups: exactly the groups of the account, by name. Without groups the account itself is not managed.
        display_name: for an account that this program makes.
        oidc_provider: zot's name for authentik.
        rights: exactly those of create, update and delete that the key should have.
        probe_repository: where the rights are probed; it need not exist.
        probe_tag: a tag that exists there, for the probe of *update*.
        exclusive: no other key of the account may live.
        rotate_after_days: fractions are allowed; 0 pauses rotation by age.
        expire_after_days: more than *rotate_after_days*.
        retire_after_days: how long an old key lives after the last place has released it; less than
            *expire_after_days*.
        retire_when_unused: then it lives until nothing has used it for a day.
        retire_at_most_days: but no longer than this, in all; more than *retire_after_days*, less than
            *expire_after_days*.
        rotation: any text; another text rotates the key now.
        onepassword_access: `connect`, `serviceAccount` or `cli`; without it the environment chooses the backend.
        stack: part of the key's label, `zot-ci/<stack>/<username>`; the name of the running stack by default.

    Raises:
        SettingsError: plain values are invalid; one line for each.
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
    credential: CheckedCredential = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        account = _checked(self)
        credential = CheckedCredential(
            account=account,
            zot_url=self.zot_url,
            oidc_provider=self.oidc_provider,
            # The checked value, unless another resource gives it.
            probe_repository=account.probe_repository or self.probe_repository,
            probe_tag=account.probe_tag or self.probe_tag,
            authentik_url=self.authentik_url,
            authentik_token=self._stored(self.authentik_token),
            servers=[Server(secret.forgejo_url, self._stored(secret.token)) for secret in self.secrets],
            onepassword_access=self.onepassword_access,
            display_name=account.display_name or self.display_name,
            rotation=account.rotation or self.rotation,
            stack=self.stack,
        )
        object.__setattr__(self, "credential", credential)

    def _stored(self, token: str | None) -> StoredToken | None:
        return StoredToken(token, self.onepassword_access) if token else None


def _checked(args: RegistryCredentialArgs) -> AccountSettings:
    """
    Return the account's settings. Values that another resource gives are not checked.

    Raises:
        SettingsError: with one line for each fault, which names the argument.
    """
    secrets = [(f"secrets[{number}]", secret) for number, secret in enumerate(args.secrets)]
    urls = {"zot_url": args.zot_url, "authentik_url": args.authentik_url}
    urls |= {f"{name}.forgejo_url": secret.forgejo_url for name, secret in secrets}
    tokens = {"authentik_token": args.authentik_token} | {f"{name}.token": secret.token for name, secret in secrets}
    faults = [*_faults(_URL, urls), *_faults(_TOKEN, tokens)]
    faults += _servers_of_one_name(args.secrets)
    if args.groups is not None and args.authentik_url is None:
        faults.append("authentik_url is missing, and the account has groups")
    if args.onepassword_access not in (None, *BACKENDS):
        faults.append(f"onepassword_access must be {', '.join(BACKENDS[:-1])} or {BACKENDS[-1]}")
    account: AccountSettings | None = None
    try:
        # By the settings' names in Python, which are the arguments' names.
        account = AccountSettings.model_validate(_account_of(args), by_alias=False, by_name=True)
    except pydantic.ValidationError as exc:
        found = exc.errors(include_url=False, include_input=False)
        faults += [f"{path_of(_argument_at(fault['loc']))} {rule_of(fault)}".lstrip() for fault in found]
    if account is not None:
        seen = {place.identity: place.thing for place in account.places}
        if len(seen) < len(account.places):
            faults.append(f"a place is named twice; it has: {', '.join(seen.values())}")
    if faults or account is None:
        heading = f"the arguments of the credential of {args.username} cannot be used:"
        raise SettingsError("\n".join([heading, *(f"  {fault}" for fault in faults)]))
    return account


def _servers_of_one_name(secrets: Sequence[SecretArgs]) -> list[str]:
    """
    Return a line for each secret at another URL than the first of the same server name: the token in the variable of
    that name would be sent to both. What another resource gives is not known.
    """
    first: dict[str, str] = {}
    lines = []
    for number, secret in enumerate(secrets):
        url = secret.forgejo_url
        if not isinstance(url, str) or secret.token:
            continue
        known = first.setdefault(secret.server or "", url)
        if known.rstrip("/").lower() != url.rstrip("/").lower():
            lines.append(f"secrets[{number}].server must be another name than that of {known}, which has its token")
    return lines


def _account_of(args: RegistryCredentialArgs) -> dict[str, Any]:
    found = _given(args, AccountSettings) | {"onepassword": [vars(one) for one in (args.store, *args.copies)]}
    return found | {"forgejo": [_secret_of(one) for one in args.secrets]} if args.secrets else found


def _secret_of(args: SecretArgs) -> dict[str, Any]:
    found = _given(args, SecretSettings)
    if not args.server:
        found.pop("server", None)
    if args.repository is None and args.organization is None:
        found["user"] = True
    if args.canary is not None:
        found["canary"] = vars(args.canary)
    return found


def _argument_at(loc: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """
    Return the place in the arguments of a setting at *loc*; only the places have other names.
    """
    match loc:
        case ("onepassword", 0, *rest):
            return ("store", *rest)
        case ("onepassword", int(number), *rest):
            return ("copies", number - 1, *rest)
        case ("forgejo", *rest):
            return ("secrets", *rest)
    return loc


def _given(args: object, model: type[SettingsModel]) -> dict[str, Any]:
    """
    Return the *args* that are settings of *model*, without missing ones and those that another resource gives.
    """
    found = {name: getattr(args, name, None) for name in model.model_fields}
    return {
        name: list(value) if isinstance(value, Collection) and not isinstance(value, str) else value
        for name, value in found.items()
        if value is not None and (name not in _INPUTS or isinstance(value, str))
    }


def _faults(rule: pydantic.TypeAdapter[str], values: Mapping[str, object]) -> list[str]:
    lines = []
    for name, value in values.items():
        try:
            if isinstance(value, str):
                rule.validate_python(value)
        except pydantic.ValidationError as exc:
            lines += [f"{name} {rule_of(fault)}" for fault in exc.errors(include_url=False, include_input=False)]
    return lines
