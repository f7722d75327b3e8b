"""
The form of each kind of value in the settings. A message has the rule, never the value, which may be a secret.
"""

from __future__ import annotations

import re
from typing import Annotated

import pydantic
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from .reference import Reference
from .url import checked_url

_WORKFLOW = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.ya?ml")
_OWNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}")
_USERNAME = re.compile(r"[A-Za-z0-9._@+-]{1,100}")
_SECRET = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}")
# A repository's name for zot (the OCI distribution specification's grammar, with a shorter limit).
_OCI_REPOSITORY = re.compile(r"(?!.{256})[a-z0-9]+([._-][a-z0-9]+)*(/[a-z0-9]+([._-][a-z0-9]+)*)*")
# The same specification's grammar of a tag.
_OCI_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_SLUG = re.compile(r"[A-Za-z0-9_-]{1,200}")
_ITEM_TO_IMPORT = re.compile(r"vaults/[a-z0-9]{26}/items/[a-z0-9]{26}")
_NUMBER = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,9})?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? [+-]\d{4} \S+")
_MOST_DAYS = 3650


class SettingsModel(pydantic.BaseModel):
    """
    A mapping of the settings: keys in camelCase, none but those declared, and no value in a message.
    """

    model_config = ConfigDict(
        alias_generator=to_camel, extra="forbid", strict=True, frozen=True, hide_input_in_errors=True
    )

    @pydantic.field_validator("*", mode="before")
    @classmethod
    def _not_null(cls, value: object) -> object:
        # YAML reads `groups:` with nothing after it as null. A missing key can mean something else than an empty one
        # (no
        # groups: the account is not managed), so treating null as missing would be a guess.
        if value is None:
            msg = "has no value: give it one, or take the key out"
            raise ValueError(msg)
        return value


def _number(value: object) -> object:
    """
    Accept a number that is written as text, as `pulumi config set --path … 0.5` writes it.
    """
    return float(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else value


def _truth(value: object) -> object:
    """
    Accept true or false that is written as text.
    """
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def _matching(pattern: re.Pattern[str], rule: str) -> AfterValidator:
    def check(value: str) -> str:
        if not pattern.fullmatch(value):
            raise ValueError(rule)
        return value

    return AfterValidator(check)


def _secret_name(value: str) -> str:
    upper = value.upper()
    if not _SECRET.fullmatch(value):
        msg = "must be letters, digits and _, and begin with no digit"
        raise ValueError(msg)
    if upper == "CI" or upper.startswith(("GITHUB_", "GITEA_", "FORGEJO_")):
        msg = "must not be CI or begin with GITHUB_, GITEA_ or FORGEJO_, which the server keeps for itself"
        raise ValueError(msg)
    return upper


def _written_as_text(value: object) -> object:
    """
    Refuse a text without quotes that YAML reads as something else: `123`, `true`, or a date, which the engine changes
    to another text (`2026-01-01 00:00:00 +0000 UTC`, engine 3.250).
    """
    read = None
    if isinstance(value, bool):
        read = "true or false"
    elif isinstance(value, int | float):
        read = "a number"
    elif isinstance(value, str) and _DATE.fullmatch(value):
        read = "a date"
    if read:
        msg = f"must be text, and YAML reads {read}: put it into quotes"
        raise ValueError(msg)
    return value


def _reference(value: str) -> str:
    Reference.parse(value)
    return value


def as_list(value: object) -> object:
    """
    Turn one mapping into a list.
    """
    return [value] if isinstance(value, dict) else value


_AsText = BeforeValidator(_written_as_text)
_Plain = Annotated[str, _AsText]
# _AsText is last in the list and so runs first: after another validator pydantic strips no white space.
Text = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True), _AsText]
Url = Annotated[_Plain, AfterValidator(checked_url)]
TokenReference = Annotated[_Plain, AfterValidator(_reference)]
Number = Annotated[float, BeforeValidator(_number), Field(allow_inf_nan=False)]
Truth = Annotated[bool, BeforeValidator(_truth)]
Days = Annotated[Number, Field(gt=0, le=_MOST_DAYS)]
DaysOrNever = Annotated[Number, Field(ge=0, le=_MOST_DAYS)]
WorkflowFile = Annotated[_Plain, _matching(_WORKFLOW, "must be the file name of a workflow, such as canary.yaml")]
Owner = Annotated[_Plain, _matching(_OWNER, "must be the organization's name")]
Repository = Annotated[_Plain, _matching(_REPOSITORY, "must be owner/name")]
Username = Annotated[_Plain, _matching(_USERNAME, "must be 1 to 100 letters, digits and any of . _ @ + -")]
ImageRepository = Annotated[
    _Plain, _matching(_OCI_REPOSITORY, "must be an image repository's name: small letters, digits, . _ - and /")
]
ImageTag = Annotated[_Plain, _matching(_OCI_TAG, "must be an image's tag: letters, digits, . _ and -")]
SecretName = Annotated[_Plain, AfterValidator(_secret_name)]
Slug = Annotated[_Plain, _matching(_SLUG, "must be letters, digits, _ and -")]
ItemToImport = Annotated[_Plain, _matching(_ITEM_TO_IMPORT, "must be vaults/<vault id>/items/<item id>")]
