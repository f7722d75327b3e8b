"""
One account's credential, from the account to every place that holds its key.

The order is the promise: a key is minted, then stored, then published, and only when all places hold it are older
ones ended. Each resource takes the key from the one before it, so the engine cannot do it in another order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import pulumi

from .authentik.service_account import ServiceAccount
from .dynamic import ending
from .dynamic.run_memory import MEMORY, Identity
from .forgejo.actions_secret import ActionsSecret
from .forgejo.republication import republished
from .onepassword.item_field import ItemField
from .rotation import Policy
from .settings.account import AccountSettings, FieldSettings, SecretSettings
from .settings.model import Settings
from .settings.place import Place
from .zot.api_key import ApiKey
from .zot.retired_keys import RetiredKeys


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

    *summary* is what a stack's output says of it; no secret is in it. *republished* names the secrets that this run has
    written again without a change, since nobody can see whether somebody overwrote them; empty in a preview.
    """

    summary: pulumi.Output[dict[str, Any]]
    republished: pulumi.Output[list[str]]

    def __init__(self, name: str, args: RegistryCredentialArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("zot-ci:index:RegistryCredential", name, {}, opts)
        ending.begin()
        self._name, self._systems = name, args.systems
        account = args.account
        owner = self._service_account(account)
        # Through its resource where there is one, so that the key waits for the account.
        username = owner.username if owner else account.username
        key = self._key(account, username, f"zot-ci/{args.stack}/{account.username}")
        fields = self._fields(account, key)
        secrets = [self._secret(published, fields[0]) for published in account.forgejo]
        in_fields = [field.key_uuid for field in fields]
        held = _by_place(account.places, [*in_fields, *(secret.key_uuid for secret in secrets)])
        proven = _by_place(account.places, [*in_fields, *(secret.proven_uuid for secret in secrets)])
        retired = RetiredKeys(
            f"{name}-retired-keys",
            zot_url=args.systems.zot.url,
            username=username,
            label=key.label,
            key_uuid=key.uuid,
            api_key=key.api_key,
            held=proven,
            retire_after_days=account.retire_after_days,
            exclusive=account.exclusive,
            opts=self._child,
        )
        self.summary = _summary(key, fields[0], account.policy, held, retired)
        self.republished = republished(
            [
                (args.systems.server_of(where), where.place, secret)
                for where, secret in zip(account.forgejo, secrets, strict=True)
            ]
        )
        resources: list[ItemField | ActionsSecret] = [*fields, *secrets]
        marks = {place.identity: one.mark for place, one in zip(account.places, resources, strict=True)}
        _name({("account", account.username): owner.mark, **marks} if owner else marks)
        self.register_outputs({"summary": self.summary})

    @property
    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)

    def _service_account(self, account: AccountSettings) -> ServiceAccount | None:
        """
        Return the account's own resource, if the settings say what it should be.
        """
        systems = self._systems
        if systems.authentik is None or not account.groups:
            pulumi.log.info(f"the account {account.username} and its groups are not watched: no groups in the settings")
            return None
        return ServiceAccount(
            f"{self._name}-service-account",
            authentik_url=systems.authentik.url,
            username=account.username,
            display_name=account.display_name or account.username,
            groups=account.groups,
            token=systems.authentik_token,
            opts=self._child,
        )

    def _key(self, account: AccountSettings, username: pulumi.Input[str], label: str) -> ApiKey:
        systems, store = self._systems, account.store
        # The registry's tag is one of the registry's probe repository.
        tag = account.probe_tag or (None if account.probe_repository else systems.zot.probe_tag)
        if "update" in account.rights and not tag:
            hint = "name a tag that exists as its probeTag"
            pulumi.log.info(f"whether the key of {account.username} can update is not watched: {hint}")
        return ApiKey(
            f"{self._name}-api-key",
            zot_url=systems.zot.url,
            authentik_url=systems.authentik.url if systems.authentik else None,
            oidc_provider=systems.zot.oidc_provider,
            username=username,
            label=label,
            policy=account.policy,
            rotation=account.rotation,
            probe_repository=account.probe_repository or systems.zot.probe_repository,
            probe_tag=tag,
            vault=store.vault,
            item=store.item,
            field=store.field,
            authentik_token=systems.authentik_token,
            onepassword_access=systems.onepassword.access,
            opts=self._child,
        )

    def _fields(self, account: AccountSettings, key: ApiKey) -> list[ItemField]:
        """
        Return the store of record, which takes the key from the registry, and its copies, which take it from there.
        """
        store = self._field(f"{self._name}-item-field", account.store, key.api_key, key.uuid)
        copies = [
            self._field(f"{self._name}-item-field-{copy.place.suffix}", copy, store.value, key.uuid)
            for copy in account.onepassword[1:]
        ]
        return [store, *copies]

    def _field(
        self, resource_name: str, where: FieldSettings, value: pulumi.Output[str], key_uuid: pulumi.Output[str]
    ) -> ItemField:
        return ItemField(
            resource_name,
            vault=where.vault,
            item=where.item,
            field=where.field,
            value=value,
            key_uuid=key_uuid,
            onepassword_access=self._systems.onepassword.access,
            opts=self._child,
        )

    def _secret(self, where: SecretSettings, store: ItemField) -> ActionsSecret:
        """
        Return one published secret. It takes the key from the store of record; no copy and no other secret stands in
        its way.
        """
        canary, server = where.canary, self._systems.server_of(where)
        return ActionsSecret(
            f"{self._name}-actions-secret-{where.place.suffix}",
            forgejo_url=server.url,
            server=server.name,
            repository=where.repository,
            organization=where.organization,
            secret=where.secret,
            value=store.value,
            key_uuid=store.key_uuid,
            confirmed_id=where.id,
            canary=canary.model_dump() if canary else None,
            token=server.token,
            opts=self._child,
        )


def _name(marks: Mapping[Identity, pulumi.Output[str]]) -> None:
    """
    Say, in a real run, by which instance this program has each thing: what the run leaves out is asked about by nobody,
    and must not be cleared away as what another instance has left.
    """
    if not pulumi.runtime.is_dry_run():
        for thing, mark in marks.items():
            mark.apply(partial(MEMORY.note_named, thing))


def _by_place(places: list[Place], uuids: list[pulumi.Output[str]]) -> dict[str, pulumi.Output[str]]:
    return {str(place): uuid for place, uuid in zip(places, uuids, strict=True)}


def _summary(
    key: ApiKey, store: ItemField, policy: Policy, held: dict[str, pulumi.Output[str]], retired: RetiredKeys
) -> pulumi.Output[dict[str, Any]]:
    return pulumi.Output.all(
        label=key.label,
        uuid=key.uuid,
        created=key.created_at,
        # An `up --target` that leaves the key out leaves these empty, as does a key that could not be made.
        rotates_on=key.created_at.apply(lambda created: _rotates_on(created, policy) if created else None),
        expires_on=key.expires_at.apply(lambda expires: None if expires is None else expires[:10] or "never"),
        last_used=key.last_used,
        access=key.access,
        # By what was written: an `up --target`, or a place that is away, can leave one with an older key, or with none.
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
