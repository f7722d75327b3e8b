"""
One account's credential, from the account to every place that holds its key.

The order is the promise: a key is minted, then stored, then published, and only when all places hold it are older
ones ended. Each resource takes the key from the one before it, so the engine cannot do it in another order.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pulumi

from components.actions_secret import ActionsSecret
from components.api_key import ApiKey
from components.item_field import ItemField
from components.retired_keys import RetiredKeys
from components.rotation import Policy
from components.service_account import ServiceAccount
from components.settings import AccountSettings, Settings


@dataclass(frozen=True)
class RegistryCredentialArgs:
    """
    What one credential is made of: the systems' settings, the account's, and the stack's name, which is in the label.
    """

    systems: Settings
    account: AccountSettings
    stack: str


class RegistryCredential(pulumi.ComponentResource):
    """
    A service account, its zot API key, and the places that hold the key.

    *summary* is what a stack's output says of it; no secret is in it.
    """

    summary: pulumi.Output[dict[str, Any]]

    def __init__(self, name: str, args: RegistryCredentialArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("zot-ci:index:RegistryCredential", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        systems, account, where = args.systems, args.account, args.account.onepassword
        access = systems.onepassword.access
        # Whoever keeps its token in 1Password has to know the way there; nobody else gets a property for it.
        access_for_authentik = access if systems.authentik.token else None
        access_for_forgejo = access if systems.forgejo.token else None
        identity = ServiceAccount(
            f"{name}-service-account",
            authentik_url=systems.authentik.url,
            username=account.username,
            display_name=account.display_name or account.username,
            groups=account.groups,
            authentik_token=systems.authentik.token,
            onepassword_access=access_for_authentik,
            opts=child,
        )
        key = ApiKey(
            f"{name}-api-key",
            zot_url=systems.zot.url,
            authentik_url=systems.authentik.url,
            oidc_provider=systems.zot.oidc_provider,
            username=identity.username,
            label=f"zot-ci/{args.stack}/{account.username}",
            policy=account.policy,
            probe_repository=systems.zot.probe_repository,
            vault=where.vault,
            item=where.item,
            field=where.field,
            authentik_token=systems.authentik.token,
            onepassword_access=access,
            opts=child,
        )
        stored = ItemField(
            f"{name}-item-field",
            vault=where.vault,
            item=where.item,
            field=where.field,
            value=key.api_key,
            key_uuid=key.uuid,
            onepassword_access=access,
            opts=child,
        )
        held: dict[str, pulumi.Input[str]] = {f"1Password {where.vault}/{where.item}/{where.field}": stored.key_uuid}
        for target in account.forgejo:
            place = f"{target.repository}/{target.secret}"
            published = ActionsSecret(
                f"{name}-actions-secret-{place.lower()}",
                forgejo_url=systems.forgejo.url,
                repository=target.repository,
                name=target.secret,
                value=stored.value,
                key_uuid=stored.key_uuid,
                forgejo_token=systems.forgejo.token,
                onepassword_access=access_for_forgejo,
                opts=child,
            )
            held[f"Forgejo {place}"] = published.key_uuid
        RetiredKeys(
            f"{name}-retired-keys",
            zot_url=systems.zot.url,
            username=identity.username,
            label=key.label,
            key_uuid=key.uuid,
            api_key=key.api_key,
            held=held,
            opts=child,
        )
        self.summary = _summary(key, stored, account.policy, held)
        self.register_outputs({"summary": self.summary})


def _summary(
    key: ApiKey, stored: ItemField, policy: Policy, held: dict[str, pulumi.Input[str]]
) -> pulumi.Output[dict[str, Any]]:
    return pulumi.Output.all(
        label=key.label,
        uuid=key.uuid,
        created=key.created_at,
        rotates_on=key.created_at.apply(lambda created: _rotates_on(created, policy)),
        expires_on=key.expires_at.apply(lambda expires: expires[:10] or "never"),
        last_used=key.last_used,
        access=key.access,
        # By way of what was written, so that a place that failed is not said to hold the key.
        published_to=pulumi.Output.from_input(held).apply(sorted),
        other_keys=key.other_keys,
        onepassword_via=stored.via,
    )


def _rotates_on(created: str, policy: Policy) -> str:
    return policy.rotates_at(datetime.fromisoformat(created)).date().isoformat()
