"""
The stack's settings, checked before anything is asked of any system, every fault at once.

Settings say where things are and how they should be. No credential is among them: those come from the environment, or
from 1Password, where a setting may say which field.
A message names the key's path and the rule, never the value, which could be a secret in the wrong place.
"""

from __future__ import annotations

import difflib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, get_args

import pydantic
from pydantic import BeforeValidator, Field

from components.rotation import Policy
from components.rules import (
    Days,
    DaysOrNever,
    ImageRepository,
    Model,
    Owner,
    Repository,
    SecretName,
    Text,
    TokenReference,
    Url,
    Username,
    WorkflowFile,
    as_list,
)
from components.sso_settings import SsoSettings

NAMESPACE = "zot-ci"


class SettingsError(Exception):
    """
    The stack's settings cannot be used. The message has one line for each fault.
    """


class AuthentikSettings(Model):
    """
    authentik. Its token: `AUTHENTIK_TOKEN`, or the 1Password field that *token* refers to.
    """

    url: Url
    token: TokenReference | None = None


class ZotSettings(Model):
    """
    The registry, zot's name for authentik, and where a key's access is probed.
    """

    url: Url
    oidc_provider: Text = "oidc"
    probe_repository: ImageRepository = "zot-ci-access-probe"


class ForgejoSettings(Model):
    """
    Forgejo or Gitea. Its token: `FORGEJO_TOKEN`, or the 1Password field that *token* refers to.
    """

    url: Url
    token: TokenReference | None = None


class OnePasswordSettings(Model):
    """
    The way into 1Password, where the environment should not choose it.
    """

    access: Literal["connect", "serviceAccount", "cli"] | None = None


class FieldSettings(Model):
    """
    Where the key is kept, each part by name or id.
    """

    vault: Text
    item: Text
    field: Text


class CanarySettings(Model):
    """
    A workflow that uses the secret, to be run after each publication.
    """

    workflow: WorkflowFile
    ref: Text = "main"
    timeout_seconds: Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)] = 300.0


class SecretSettings(Model):
    """
    Where CI reads the key from: the secrets of one repository, of one organization, or of the token's own user.
    """

    repository: Repository | None = None
    organization: Owner | None = None
    user: bool = False
    secret: SecretName
    canary: CanarySettings | None = None

    @pydantic.model_validator(mode="after")
    def _one_scope(self) -> SecretSettings:
        if sum((self.repository is not None, self.organization is not None, self.user)) != 1:
            msg = "must name exactly one of repository, organization, and user: true"
            raise ValueError(msg)
        if self.canary and self.repository is None:
            msg = "canary needs a repository, whose workflow it is"
            raise ValueError(msg)
        return self

    @property
    def scope(self) -> str:
        """
        The path of that place in Forgejo's API.
        """
        if self.repository is not None:
            return f"repos/{self.repository}"
        return f"orgs/{self.organization}" if self.organization is not None else "user"


class AccountSettings(Model):
    """
    One account and its key. Without *groups* the account itself is somebody else's, and only its key is kept.
    """

    username: Username
    display_name: Text | None = None
    groups: Annotated[list[Text], Field(min_length=1)] | None = None
    rotate_after_days: DaysOrNever = 90.0
    expire_after_days: Days = 120.0
    retire_after_days: DaysOrNever = 0.0
    rotation: Text | None = None
    onepassword: Annotated[list[FieldSettings], Field(min_length=1), BeforeValidator(as_list)]
    forgejo: Annotated[list[SecretSettings], Field(min_length=1)]

    @pydantic.field_validator("groups")
    @classmethod
    def _each_once(cls, groups: list[str] | None) -> list[str] | None:
        if groups is not None and len(set(groups)) < len(groups):
            msg = "must name each group once"
            raise ValueError(msg)
        return groups

    @pydantic.model_validator(mode="after")
    def _expires_later(self) -> AccountSettings:
        if self.expire_after_days <= self.rotate_after_days:
            msg = "expireAfterDays must be more than rotateAfterDays: a key has to outlive its rotation"
            raise ValueError(msg)
        return self

    @property
    def policy(self) -> Policy:
        """
        When the key rotates and expires.
        """
        return Policy(self.rotate_after_days, self.expire_after_days)

    @property
    def store(self) -> FieldSettings:
        """
        The store of record: the first field, which is written first and asked for a key that can mint the next one.
        """
        return self.onepassword[0]


class Settings(Model):
    """
    Everything under the namespace `zot-ci:` of a stack file.
    """

    authentik: AuthentikSettings | None = None
    zot: ZotSettings
    forgejo: ForgejoSettings
    onepassword: OnePasswordSettings = OnePasswordSettings()
    accounts: Annotated[list[AccountSettings], Field(min_length=1)]
    sso: SsoSettings | None = None

    @pydantic.model_validator(mode="after")
    def _nothing_twice(self) -> Settings:
        if self.authentik is None and any(account.groups for account in self.accounts):
            msg = "authentik is missing, and an account has groups: give its URL, or take the groups out"
            raise ValueError(msg)
        fields = [field for account in self.accounts for field in account.onepassword]
        secrets = [secret for account in self.accounts for secret in account.forgejo]
        twice = [
            *_repeated("username", (account.username for account in self.accounts)),
            *_repeated("1Password field", (f"{field.vault}/{field.item}/{field.field}" for field in fields)),
            *_repeated("secret", (f"{secret.scope.lower()}/{secret.secret}" for secret in secrets)),
        ]
        if twice or self._unfit_for_sso:
            raise ValueError("; ".join([*twice, *self._unfit_for_sso]))
        return self

    @property
    def _unfit_for_sso(self) -> list[str]:
        faults = []
        if self.sso and self.authentik is None:
            faults.append("authentik is missing, and sso makes the registry's application there")
        if self.sso and self.zot.oidc_provider != "oidc":
            faults.append("zot.oidcProvider must be oidc with sso: zot takes a provider of one's own by no other name")
        return faults

    @property
    def plain_http(self) -> list[str]:
        """
        The hosts, other than this machine, that are asked without TLS.
        """
        systems = (self.authentik, self.zot, self.forgejo)
        urls = [pydantic.AnyHttpUrl(system.url) for system in systems if system is not None]
        hosts = {url.host or "" for url in urls if url.scheme == "http"}
        return sorted(hosts - {"localhost", "127.0.0.1", "[::1]"})


def load(config: Mapping[str, str]) -> Settings:
    """
    Return the settings in a stack's configuration, as the engine hands it over: full keys, structured values as JSON.

    Raises:
        SettingsError: with one line for each fault.
    """
    raw = {key.removeprefix(f"{NAMESPACE}:"): _parsed(value) for key, value in config.items() if _is_ours(key)}
    try:
        return Settings.model_validate(raw)
    except pydantic.ValidationError as exc:
        faults = [_in_words(fault) for fault in exc.errors(include_url=False, include_input=False)]
    raise SettingsError("\n".join(["the stack's settings cannot be used:", *faults])) from None


def _is_ours(key: str) -> bool:
    return key.startswith(f"{NAMESPACE}:")


def _parsed(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value


def _repeated(what: str, values: Iterable[str]) -> list[str]:
    return [f"{what} {value} is there {count} times" for value, count in Counter(values).items() if count > 1]


def _in_words(fault: Any) -> str:
    """
    Say what is wrong at which key.
    """
    path = ""
    for part in fault["loc"]:
        path += f"[{part}]" if isinstance(part, int) else f".{part}"
    text = str(fault["msg"]).removeprefix("Value error, ")
    rule = {
        "missing": "is missing",
        "extra_forbidden": "is not a setting",
        "model_type": "must be a mapping",
        "too_short": "must not be empty",
        "string_too_short": "must not be empty",
        "list_type": "must be a list",
        "string_type": "must be text",
        "float_type": "must be a number",
        "literal_error": text.replace("Input should be", "must be"),
    }.get(fault["type"], text[:1].lower() + text[1:])
    suggestion = _nearest(fault["loc"]) if fault["type"] == "extra_forbidden" else ""
    return f"  {NAMESPACE}:{path.lstrip('.')} {rule}{suggestion}"


def _nearest(loc: tuple[int | str, ...]) -> str:
    """
    Suggest the known key of that place that is most like the unknown one.
    """
    model: Any = Settings
    for part in loc[:-1]:
        if isinstance(part, str):
            by_alias = {field.alias: field.annotation for field in model.model_fields.values()}
            model = by_alias[part]
        while get_args(model):
            model = get_args(model)[0]
    known = [field.alias for field in model.model_fields.values()]
    close = difflib.get_close_matches(str(loc[-1]), known, n=1)
    return f"; did you mean {close[0]}?" if close else f"; known here: {', '.join(known)}"
