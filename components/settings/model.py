"""
The stack's settings, checked before anything is asked of any system, every fault at once.

Settings say where things are and how they should be. No credential is among them: those come from the environment, or
from 1Password, where a setting may say which field.
A message names the key's path and the rule, never the value, which could be a secret in the wrong place.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

import pydantic
from pydantic import BeforeValidator, Field

from ..rotation import Policy
from .messages import fault_line
from .place import Place
from .reference import StoredToken
from .sso import SsoSettings
from .values import (
    Days,
    DaysOrNever,
    ImageRepository,
    Number,
    Owner,
    Repository,
    SecretName,
    SettingsModel,
    Text,
    TokenReference,
    Truth,
    Url,
    Username,
    WorkflowFile,
    as_list,
    plain_http_host,
)

NAMESPACE = "zot-ci"


class SettingsError(Exception):
    """
    The stack's settings cannot be used. The message has one line for each fault.
    """


class AuthentikSettings(SettingsModel):
    """
    authentik. Its token: `AUTHENTIK_TOKEN`, or the 1Password field that *token* refers to.
    """

    url: Url
    token: TokenReference | None = None


class ZotSettings(SettingsModel):
    """
    The registry, zot's name for authentik, and where a key's access is probed.
    """

    url: Url
    oidc_provider: Text = "oidc"
    probe_repository: ImageRepository = "zot-ci-access-probe"


class ForgejoSettings(SettingsModel):
    """
    Forgejo or Gitea. Its token: `FORGEJO_TOKEN`, or the 1Password field that *token* refers to.
    """

    url: Url
    token: TokenReference | None = None


class OnePasswordSettings(SettingsModel):
    """
    The backend that reaches 1Password, where the environment should not choose it.
    """

    access: Literal["connect", "serviceAccount", "cli"] | None = None


class FieldSettings(SettingsModel):
    """
    Where the key is kept, each part by name or id.
    """

    vault: Text
    item: Text
    field: Text

    @property
    def place(self) -> Place:
        """
        The place that these names lead to.
        """
        return Place.field(self.vault, self.item, self.field)


class CanarySettings(SettingsModel):
    """
    A workflow that uses the secret, to be run after each publication.
    """

    workflow: WorkflowFile
    ref: Text = "main"
    timeout_seconds: Annotated[Number, Field(gt=0, le=3600)] = 300.0


class SecretSettings(SettingsModel):
    """
    Where CI reads the key from: the secrets of one repository, of one organization, or of the token's own user.
    """

    repository: Repository | None = None
    organization: Owner | None = None
    user: Truth = False
    secret: SecretName
    id: Annotated[int, Field(gt=0)] | None = None
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
    def place(self) -> Place:
        """
        The place that these names lead to.
        """
        return Place.secret(self.secret, repository=self.repository, organization=self.organization)


class AccountSettings(SettingsModel):
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
    def places(self) -> list[Place]:
        """
        Every place that holds the key, in the order in which they are written.
        """
        return [*(field.place for field in self.onepassword), *(secret.place for secret in self.forgejo)]

    @property
    def store(self) -> FieldSettings:
        """
        The store of record: the first field, which is written first and asked for a key that can mint the next one.
        """
        return self.onepassword[0]


class Settings(SettingsModel):
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
        places = [place for account in self.accounts for place in account.places]
        spelled = {place.identity: place.thing for place in reversed(places)}
        named = [f"username {account.username}" for account in self.accounts]
        named += [spelled[place.identity] for place in places]
        twice = [f"{one} is there {count} times" for one, count in Counter(named).items() if count > 1]
        if twice or self._unfit_for_sso:
            raise ValueError("; ".join([*twice, *self._unfit_for_sso]))
        return self

    @property
    def authentik_token(self) -> StoredToken | None:
        """
        Where authentik's token is kept in 1Password; None where the environment has it.
        """
        return self._stored(self.authentik.token) if self.authentik else None

    @property
    def forgejo_token(self) -> StoredToken | None:
        """
        Where Forgejo's token is kept in 1Password; None where the environment has it.
        """
        return self._stored(self.forgejo.token)

    def _stored(self, reference: str | None) -> StoredToken | None:
        return StoredToken(reference, self.onepassword.access) if reference else None

    @property
    def _unfit_for_sso(self) -> list[str]:
        faults = []
        if self.sso and self.authentik is None:
            faults.append("authentik is missing, and sso makes the registry's application there")
        if self.sso and self.zot.oidc_provider != "oidc":
            faults.append("zot.oidcProvider must be oidc with sso: zot takes a provider of one's own by no other name")
        return faults

    def plain_http(self, *more: str) -> list[str]:
        """
        Return the hosts, other than this machine, that are asked without TLS: of the settings, and of *more* URLs.
        """
        systems = (self.authentik, self.zot, self.forgejo)
        urls = [*(system.url for system in systems if system is not None), *more]
        return sorted({host for url in urls if (host := plain_http_host(url))})


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
        found = exc.errors(include_url=False, include_input=False)
        faults = [fault_line(fault, Settings, NAMESPACE) for fault in found]
    raise SettingsError("\n".join(["the stack's settings cannot be used:", *faults])) from None


def named_fields(get: Callable[[str], object]) -> list[tuple[str, Place]]:
    """
    Return every field that a stack's configuration names, with the user name of its account; none where the
    configuration is not this program's, or is refused.

    Args:
        get: returns the configuration's value of a full key, as the engine hands it over, or None.
    """
    keys = [f"{NAMESPACE}:{field.alias or name}" for name, field in Settings.model_fields.items()]
    found = {key: value for key in keys if isinstance(value := get(key), str)}
    try:
        settings = load(found)
    except SettingsError:
        return []
    return [(account.username, field.place) for account in settings.accounts for field in account.onepassword]


def _is_ours(key: str) -> bool:
    return key.startswith(f"{NAMESPACE}:")


def _parsed(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value
