"""
The stack's settings, checked before anything is asked of any system, every fault at once.

Settings say where things are and how they should be. No credential is among them: those come from the environment, or
from 1Password, where a setting may say which field.
A message names the key's path and the rule, never the value, which could be a secret in the wrong place.
"""

from __future__ import annotations

import difflib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, get_args

import pydantic
from pydantic import AfterValidator, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from components.clients.onepassword import Reference
from components.rotation import Policy

NAMESPACE = "zot-ci"

_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9._-]+")
_USERNAME = re.compile(r"[A-Za-z0-9._@+-]{1,100}")
_SECRET = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}")
# What zot takes for a repository (the OCI distribution specification's grammar, shortened).
_OCI_REPOSITORY = re.compile(r"[a-z0-9]+([._-][a-z0-9]+)*(/[a-z0-9]+([._-][a-z0-9]+)*)*")
_MOST_DAYS = 3650


class SettingsError(Exception):
    """
    The stack's settings cannot be used. The message has one line for each fault.
    """


def _url(value: str) -> str:
    try:
        parts = pydantic.AnyHttpUrl(value)
    except pydantic.ValidationError:
        msg = "must be a URL that begins with https:// or http://"
        raise ValueError(msg) from None
    if parts.username or parts.password:
        msg = "must hold no user name or password"
        raise ValueError(msg)
    if parts.query or parts.fragment:
        msg = "must end before any ? or #"
        raise ValueError(msg)
    if value.endswith("/"):
        msg = "must not end with a slash"
        raise ValueError(msg)
    return value


def _matching(pattern: re.Pattern[str], rule: str) -> AfterValidator:
    def check(value: str) -> str:
        if not pattern.fullmatch(value):
            raise ValueError(rule)
        return value

    return AfterValidator(check)


def _reference(value: str) -> str:
    Reference.parse(value)
    return value


def _secret_name(value: str) -> str:
    upper = value.upper()
    if not _SECRET.fullmatch(value):
        msg = "must be letters, digits and _, and begin with no digit"
        raise ValueError(msg)
    if upper == "CI" or upper.startswith(("GITHUB_", "GITEA_", "FORGEJO_")):
        msg = "must not be CI or begin with GITHUB_, GITEA_ or FORGEJO_, which the server keeps for itself"
        raise ValueError(msg)
    return upper


_Text = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
_Url = Annotated[str, AfterValidator(_url)]
_Token = Annotated[str, AfterValidator(_reference)]
_Days = Annotated[float, Field(gt=0, le=_MOST_DAYS, allow_inf_nan=False)]
_RepositoryRule = _matching(_REPOSITORY, "must be owner/name")
_UsernameRule = _matching(_USERNAME, "must be 1 to 100 letters, digits and any of . _ @ + -")
_OciRule = _matching(_OCI_REPOSITORY, "must be an image repository's name: small letters, digits, . _ - and /")


class _Model(pydantic.BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, extra="forbid", strict=True, frozen=True, hide_input_in_errors=True
    )


class AuthentikSettings(_Model):
    """
    authentik. Its token: `AUTHENTIK_TOKEN`, or the 1Password field that *token* refers to.
    """

    url: _Url
    token: _Token | None = None


class ZotSettings(_Model):
    """
    The registry, zot's name for authentik, and where a key's access is probed.
    """

    url: _Url
    oidc_provider: _Text = "oidc"
    probe_repository: Annotated[str, _OciRule] = "zot-ci-access-probe"


class ForgejoSettings(_Model):
    """
    Forgejo or Gitea. Its token: `FORGEJO_TOKEN`, or the 1Password field that *token* refers to.
    """

    url: _Url
    token: _Token | None = None


class OnePasswordSettings(_Model):
    """
    The way into 1Password, where the environment should not choose it.
    """

    access: Literal["connect", "serviceAccount", "cli"] | None = None


class FieldSettings(_Model):
    """
    Where the key is kept, each part by name or id.
    """

    vault: _Text
    item: _Text
    field: _Text


class SecretSettings(_Model):
    """
    Where CI reads the key from.
    """

    repository: Annotated[str, _RepositoryRule]
    secret: Annotated[str, AfterValidator(_secret_name)]


class AccountSettings(_Model):
    """
    One service account and its key.
    """

    username: Annotated[str, _UsernameRule]
    display_name: _Text | None = None
    groups: Annotated[list[_Text], Field(min_length=1)]
    rotate_after_days: _Days = 90.0
    expire_after_days: _Days = 120.0
    onepassword: FieldSettings
    forgejo: Annotated[list[SecretSettings], Field(min_length=1)]

    @pydantic.field_validator("groups")
    @classmethod
    def _each_once(cls, groups: list[str]) -> list[str]:
        if len(set(groups)) < len(groups):
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


class Settings(_Model):
    """
    Everything under the namespace `zot-ci:` of a stack file.
    """

    authentik: AuthentikSettings
    zot: ZotSettings
    forgejo: ForgejoSettings
    onepassword: OnePasswordSettings = OnePasswordSettings()
    accounts: Annotated[list[AccountSettings], Field(min_length=1)]

    @pydantic.model_validator(mode="after")
    def _nothing_twice(self) -> Settings:
        fields = [account.onepassword for account in self.accounts]
        secrets = [secret for account in self.accounts for secret in account.forgejo]
        twice = [
            *_repeated("username", (account.username for account in self.accounts)),
            *_repeated("1Password field", (f"{field.vault}/{field.item}/{field.field}" for field in fields)),
            *_repeated("secret", (f"{secret.repository.lower()}/{secret.secret}" for secret in secrets)),
        ]
        if twice:
            raise ValueError("; ".join(twice))
        return self

    @property
    def plain_http(self) -> list[str]:
        """
        The hosts, other than this machine, that are asked without TLS.
        """
        urls = [pydantic.AnyHttpUrl(system.url) for system in (self.authentik, self.zot, self.forgejo)]
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
    text = str(fault["msg"]).removeprefix("Value error, ").replace("Input should be", "must be")
    rule = {
        "missing": "is missing",
        "extra_forbidden": f"is not a setting{_nearest(fault['loc'])}",
        "model_type": "must be a mapping",
        "too_short": "must not be empty",
        "string_too_short": "must not be empty",
        "list_type": "must be a list",
        "string_type": "must be text",
        "float_type": "must be a number",
    }.get(fault["type"], text[:1].lower() + text[1:])
    return f"  {NAMESPACE}:{path.lstrip('.')} {rule}"


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
