"""
The settings of the registry's single sign-on, which is only managed if they exist.
"""

from __future__ import annotations

from typing import Annotated

import pydantic
from pydantic import Field

from .values import ItemToImport, SettingsModel, Slug, Text


class ImportSettings(SettingsModel):
    """
    Existing objects to adopt, by the ids with which the two vendors' providers import them.
    """

    provider: Text | None = None
    application: Text | None = None
    groups: dict[str, Text] | None = None
    bindings: dict[str, Text] | None = None
    item: ItemToImport | None = None


class SsoSettings(SettingsModel):
    """
    The registry's application in authentik, who may use it, and the 1Password item of its client.

    *groups* are CI's groups: this program makes them, and they may read and create. The group *admins* belongs to
    others.
    """

    application: Slug = "zot"
    name: Text = "Zot"
    client_id: Slug = "zot"
    groups: Annotated[list[Text], Field(min_length=1)]
    admins: Text = "admins"
    signing_key: Text = "authentik Self-signed Certificate"
    vault: Text
    item: Text
    import_: Annotated[ImportSettings, Field(alias="import")] = ImportSettings()

    @pydantic.model_validator(mode="after")
    def _names_fit(self) -> SsoSettings:
        known = [*self.groups, self.admins]
        strange_groups, strange_bindings = self.ids_of_groups.keys() - self.groups, self.ids_of_bindings.keys() - known
        faults = [
            *(f"import.groups names {name}, which is not in groups" for name in strange_groups),
            *(f"import.bindings names {name}, which is not bound" for name in strange_bindings),
        ]
        if len(set(known)) < len(known):
            faults.append("groups and admins must name each group once")
        if faults:
            raise ValueError("; ".join(sorted(faults)))
        return self

    @property
    def ids_of_groups(self) -> dict[str, str]:
        """
        The existing groups: id by name.
        """
        return self.import_.groups or {}

    @property
    def ids_of_bindings(self) -> dict[str, str]:
        """
        The existing bindings: id by the group's name.
        """
        return self.import_.bindings or {}
