"""
The settings of one account: its name, its key's rights and life, and every place that holds the key.
"""

from __future__ import annotations

from typing import Annotated, Literal

import pydantic
from pydantic import BeforeValidator, Field

from ..rotation import Policy
from .place import Place
from .systems import ServerName
from .values import (
    Days,
    DaysOrNever,
    ImageRepository,
    ImageTag,
    Number,
    Owner,
    Repository,
    SecretName,
    SettingsModel,
    Text,
    Truth,
    Username,
    WorkflowFile,
    as_list,
)


class FieldSettings(SettingsModel):
    """
    A 1Password field that holds the key, each part by name or id.
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
    A workflow that uses the secret and runs after each publication.
    """

    workflow: WorkflowFile
    ref: Text = "main"
    timeout_seconds: Annotated[Number, Field(gt=0, le=3600)] = 300.0


class SecretSettings(SettingsModel):
    """
    A secret from which CI reads the key: of one repository, one organization, or the token's own user. It is on the
    server of `forgejo`, or on the one of `forgejoServers` that *server* names.
    """

    server: ServerName | None = None
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
        return Place.secret(
            self.secret, repository=self.repository, organization=self.organization, server=self.server or ""
        )


class AccountSettings(SettingsModel):
    """
    One account and its key. Without *groups* the account itself is not managed, only its key.

    *rights* are exactly the expected rights besides reading. Without *probe_repository* the registry's probe repository
    and tag are used. An *exclusive* account has no live key but ours. With *retire_when_unused* a replaced key that is
    in use lives longer than *retire_after_days*, but at most for *retire_at_most_days* in all.
    """

    username: Username
    display_name: Text | None = None
    groups: Annotated[list[Text], Field(min_length=1)] | None = None
    rights: list[Literal["create", "update", "delete"]] = Field(default=["create"])
    probe_repository: ImageRepository | None = None
    probe_tag: ImageTag | None = None
    exclusive: Truth = False
    rotate_after_days: DaysOrNever = 90.0
    expire_after_days: Days = 120.0
    retire_after_days: DaysOrNever = 0.0
    retire_when_unused: Truth = False
    retire_at_most_days: Days | None = None
    rotation: Text | None = None
    onepassword: Annotated[list[FieldSettings], Field(min_length=1), BeforeValidator(as_list)]
    forgejo: Annotated[list[SecretSettings], Field(min_length=1, default_factory=list)]

    @pydantic.field_validator("groups", "rights")
    @classmethod
    def _each_once(cls, names: list[str] | None, info: pydantic.ValidationInfo) -> list[str] | None:
        if names is not None and len(set(names)) < len(names):
            msg = f"must name each {str(info.field_name).removesuffix('s')} once"
            raise ValueError(msg)
        return names

    @pydantic.model_validator(mode="after")
    def _expires_later(self) -> AccountSettings:
        faults = []
        if self.expire_after_days <= self.rotate_after_days:
            faults.append("expireAfterDays must be more than rotateAfterDays: a key has to outlive its rotation")
        if self.expire_after_days <= self.retire_after_days:
            faults.append(
                "expireAfterDays must be more than retireAfterDays: no grace is longer than a key's whole life"
            )
        faults += self._limit_faults()
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _limit_faults(self) -> list[str]:
        most = self.retire_at_most_days
        if most is None:
            return []
        faults = []
        if not self.retire_when_unused:
            faults.append("retireAtMostDays needs retireWhenUnused: true, whose limit it is")
        if most <= self.retire_after_days:
            faults.append("retireAtMostDays must be more than retireAfterDays, since it includes that grace")
        if most >= self.expire_after_days:
            faults.append("retireAtMostDays must be less than expireAfterDays: the key has expired by then")
        return faults

    @property
    def policy(self) -> Policy:
        """
        When the key rotates and expires, and its expected rights.
        """
        return Policy(self.rotate_after_days, self.expire_after_days, frozenset(self.rights))

    @property
    def places(self) -> list[Place]:
        """
        Every place that holds the key, in the order of writing.
        """
        return [*(field.place for field in self.onepassword), *(secret.place for secret in self.forgejo)]

    @property
    def store(self) -> FieldSettings:
        """
        The store of record: the first field, which is written first and may hold a key that can mint the next one.
        """
        return self.onepassword[0]

    @property
    def copies(self) -> list[FieldSettings]:
        """
        The other fields, which get the key from the store of record.
        """
        return self.onepassword[1:]
