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
from components.settings import AccountSettings, FieldSettings, Settings


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
        systems, account, store = args.systems, args.account, args.account.store
        access = systems.onepassword.access
        authentik_token = systems.authentik.token if systems.authentik else None
        username: pulumi.Input[str] = account.username
        if systems.authentik and account.groups:
            identity = ServiceAccount(
                f"{name}-service-account",
                authentik_url=systems.authentik.url,
                username=account.username,
                display_name=account.display_name or account.username,
                groups=account.groups,
                authentik_token=authentik_token,
                # Whoever keeps its token in 1Password has to know the way there; nobody else gets a property for it.
                onepassword_access=access if authentik_token else None,
                opts=child,
            )
            username = identity.username
        else:
            pulumi.log.info(f"the account {account.username} and its groups are not watched: no groups in the settings")
        key = ApiKey(
            f"{name}-api-key",
            zot_url=systems.zot.url,
            authentik_url=systems.authentik.url if systems.authentik else None,
            oidc_provider=systems.zot.oidc_provider,
            username=username,
            label=f"zot-ci/{args.stack}/{account.username}",
            policy=account.policy,
            rotation=account.rotation,
            probe_repository=systems.zot.probe_repository,
            vault=store.vault,
            item=store.item,
            field=store.field,
            authentik_token=authentik_token,
            onepassword_access=access,
            opts=child,
        )
        held: dict[str, pulumi.Input[str]] = {}
        places = [[one.vault, one.item, one.field] for every in systems.accounts for one in every.onepassword]
        fields = [self._field(f"{name}-item-field", store, access, places, key.api_key, key.uuid, held)]
        for copy in account.onepassword[1:]:
            place = f"{copy.vault}/{copy.item}/{copy.field}"
            resource = f"{name}-item-field-{place.lower()}"
            fields.append(self._field(resource, copy, access, places, fields[0].value, key.uuid, held))
        for target in account.forgejo:
            place = f"{target.scope.partition('/')[2] or target.scope}/{target.secret}"
            published = ActionsSecret(
                f"{name}-actions-secret-{place.lower()}",
                forgejo_url=systems.forgejo.url,
                scope=target.scope,
                name=target.secret,
                value=fields[0].value,
                key_uuid=fields[0].key_uuid,
                canary=target.canary,
                forgejo_token=systems.forgejo.token,
                onepassword_access=access if systems.forgejo.token else None,
                # The store of record, and its copies, are never behind.
                opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=fields)),
            )
            held[f"Forgejo {place}"] = published.key_uuid
        retired = RetiredKeys(
            f"{name}-retired-keys",
            zot_url=systems.zot.url,
            username=username,
            label=key.label,
            key_uuid=key.uuid,
            api_key=key.api_key,
            held=held,
            retire_after_days=account.retire_after_days,
            opts=child,
        )
        self.summary = _summary(key, fields[0], account.policy, held, retired)
        self.register_outputs({"summary": self.summary})

    def _field(
        self,
        resource_name: str,
        where: FieldSettings,
        access: str | None,
        places: list[list[str]],
        value: pulumi.Output[str],
        key_uuid: pulumi.Output[str],
        held: dict[str, pulumi.Input[str]],
    ) -> ItemField:
        field = ItemField(
            resource_name,
            vault=where.vault,
            item=where.item,
            field=where.field,
            places=places,
            value=value,
            key_uuid=key_uuid,
            onepassword_access=access,
            opts=pulumi.ResourceOptions(parent=self),
        )
        held[f"1Password {where.vault}/{where.item}/{where.field}"] = field.key_uuid
        return field


def _summary(
    key: ApiKey, store: ItemField, policy: Policy, held: dict[str, pulumi.Input[str]], retired: RetiredKeys
) -> pulumi.Output[dict[str, Any]]:
    return pulumi.Output.all(
        label=key.label,
        uuid=key.uuid,
        created=key.created_at,
        # An `up --target` that leaves the key out leaves these empty.
        rotates_on=key.created_at.apply(lambda created: _rotates_on(created, policy) if created else None),
        expires_on=key.expires_at.apply(lambda expires: None if expires is None else expires[:10] or "never"),
        last_used=key.last_used,
        access=key.access,
        # By what was written: an `up --target` can leave a place with an older key, or with none.
        published_to=pulumi.Output.all(key.uuid, held).apply(lambda found: _holders(*found)),
        other_keys=key.other_keys,
        onepassword_via=store.via,
        still_used=retired.still_used.apply(lambda lines: lines or []),
    )


def _holders(current: str | None, held: dict[str, str | None]) -> list[str]:
    return sorted(place for place, uuid in held.items() if uuid and uuid == current)


def _rotates_on(created: str, policy: Policy) -> str:
    rotates_at = policy.rotates_at(datetime.fromisoformat(created))
    return rotates_at.date().isoformat() if rotates_at else "never: rotation is paused"
