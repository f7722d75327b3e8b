"""
One account's credential, from the account to every place that holds its key.

The order is the promise: a key is minted, stored, published, and only when all places hold it are older keys revoked.
Each resource takes the key from the one before it, so the engine keeps this order.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import pulumi

from .authentik.service_account import ServiceAccount
from .authentik.state import AccountWanted
from .checked_credential import CheckedCredential, Server
from .dynamic import program_run
from .dynamic.claims import Identity, server
from .dynamic.managed import given
from .dynamic.program_claims import claim, claim_at, claim_place
from .dynamic.settled import settled, uuid_held
from .forgejo.actions_secret import ActionsSecret
from .forgejo.republication import Published, republished
from .forgejo.state import Canary, SecretWanted, secret_at, secret_named
from .onepassword.item_field import ItemField
from .onepassword.state import FieldWanted
from .rotation import Policy
from .settings.account import FieldSettings, SecretSettings
from .settings.place import Place
from .zot.api_key import ApiKey
from .zot.known_alive import known_alive
from .zot.retired_keys import RetiredKeys
from .zot.state import KeyWanted, SweepWanted, lineage_of

if TYPE_CHECKING:
    # Loaded by the programs that use it: its models take 10 ms of this project's own.
    from .credential_args import RegistryCredentialArgs


class RegistryCredential(pulumi.ComponentResource):
    """
    A service account, its zot API key, and the places that hold the key.

    *summary* is the stack's output for the account, without secrets. *republished* names the unchanged secrets that
    this run has written again, since nobody can see whether they were overwritten; empty in a preview.

    Args:
        args: the arguments in another program, or the checked settings of a stack file.
    """

    summary: pulumi.Output[dict[str, Any]]
    republished: pulumi.Output[list[str]]

    def __init__(
        self,
        name: str,
        args: RegistryCredentialArgs | CheckedCredential,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("zot-ci:index:RegistryCredential", name, {}, opts)
        program_run.begin()
        wanted = args if isinstance(args, CheckedCredential) else args.credential
        account = wanted.account
        self._name, self._wanted = name, wanted
        self._claim_by_name()
        owner = self._service_account()
        # From the account's resource, if there is one, so that the key waits for the account.
        username = owner.username if owner else account.username
        key = self._key(username, owner)
        fields = self._fields(key)
        places = account.places
        published = list(zip(account.forgejo, wanted.servers, strict=True))
        stored = known_alive(wanted.zot_url, account.username, fields[0].value, fields[0].key_uuid)
        secrets = [self._secret(where, forge, stored, fields[0]) for where, forge in published]
        in_fields = [uuid_held(field.key_uuid, field.mark) for field in fields]
        held = _by_place(places, [*in_fields, *(uuid_held(one.key_uuid, one.mark) for one in secrets)])
        proven = _by_place(places, [*in_fields, *(uuid_held(one.proven_uuid, one.mark) for one in secrets)])
        sweep = SweepWanted(
            zot_url=given(wanted.zot_url),
            username=given(username),
            label=given(key.label),
            key_uuid=given(key.uuid),
            api_key=given(key.api_key),
            held={place: given(uuid) for place, uuid in proven.items()},
            retire_after_days=account.retire_after_days,
            retire_when_unused=account.retire_when_unused,
            retire_at_most_days=account.retire_at_most_days,
            exclusive=account.exclusive,
        )
        retired = RetiredKeys(f"{name}-retired-keys", sweep, self._after(key))
        self.summary = _summary(key, fields[0], account.policy, held, retired)
        self.republished = republished(
            [
                Published(forge.url, where.place, secret, forge.token)
                for (where, forge), secret in zip(published, secrets, strict=True)
            ]
        )
        resources: list[ItemField | ActionsSecret] = [*fields, *secrets]
        for place, one in zip(places, resources, strict=True):
            claim_place(place, account.username, one.mark, held[str(place)], proven[str(place)])
        for (where, forge), secret in zip(published, secrets, strict=True):
            claim_at(forge.url, partial(secret_at, where.place), secret.mark, username=account.username)
            claim(secret_named(where.place), secret.mark)
        claim_at(wanted.zot_url, self._lineage, key.mark)
        if owner:
            claim(("account", account.username), owner.mark)
        self.register_outputs({"summary": self.summary})

    def _claim_by_name(self) -> None:
        """
        Claim, in a real run, everything that this program has, before any instance is known. No provider claims what
        the run leaves out or fails to make, and no deletion of an older instance may remove it.
        """
        wanted, account = self._wanted, self._wanted.account
        claim(("account", account.username))
        for place in account.places:
            claim_place(place, account.username)
        for where, forge in zip(account.forgejo, wanted.servers, strict=True):
            claim_at(forge.url, partial(secret_at, where.place), username=account.username)
            claim(secret_named(where.place))
        claim_at(wanted.zot_url, self._lineage)
        for url in (wanted.zot_url, wanted.authentik_url, *(forge.url for forge in wanted.servers)):
            if url is not None:
                claim_at(url, server)

    def _lineage(self, zot_url: str) -> Identity:
        return lineage_of(zot_url, self._wanted.account.username)

    @property
    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)

    def _after(self, *resources: pulumi.Resource) -> pulumi.ResourceOptions:
        """
        Return the options of a resource that needs these *resources*. The engine also sees the dependency by the
        outputs, except those of a failed resource, which are None and no input.
        """
        return pulumi.ResourceOptions(parent=self, depends_on=list(resources))

    def _service_account(self) -> ServiceAccount | None:
        """
        Return the account's own resource, if the settings manage the account.
        """
        wanted, account = self._wanted, self._wanted.account
        if wanted.authentik_url is None or not account.groups:
            pulumi.log.info(f"the account {account.username} and its groups are not watched: no groups in the settings")
            return None
        asked = AccountWanted(
            authentik_url=given(wanted.authentik_url),
            username=account.username,
            display_name=given(wanted.display_name or account.username),
            groups=sorted(account.groups),
            authentik_token=wanted.authentik_token,
        )
        return ServiceAccount(f"{self._name}-service-account", asked, self._child)

    def _key(self, username: pulumi.Input[str], owner: ServiceAccount | None) -> ApiKey:
        wanted, account = self._wanted, self._wanted.account
        if "update" in account.rights and wanted.probe_tag is None:
            hint = "name a tag that exists as its probeTag"
            pulumi.log.info(f"whether the key of {account.username} can update is not watched: {hint}")
        policy, store = account.policy, account.store
        key = KeyWanted(
            zot_url=given(wanted.zot_url),
            authentik_url=given(wanted.authentik_url),
            oidc_provider=given(wanted.oidc_provider),
            username=given(username),
            label=f"zot-ci/{wanted.stack or pulumi.get_stack()}/{account.username}",
            rotate_after_days=policy.rotate_after_days,
            expire_after_days=policy.expire_after_days,
            rights=sorted(policy.rights),
            rotation=given(wanted.rotation),
            probe_repository=given(wanted.probe_repository),
            probe_tag=given(wanted.probe_tag),
            vault=store.vault,
            item=store.item,
            field=store.field,
            authentik_token=wanted.authentik_token,
            onepassword_access=wanted.onepassword_access,
        )
        return ApiKey(f"{self._name}-api-key", key, self._after(owner) if owner else self._child)

    def _fields(self, key: ApiKey) -> list[ItemField]:
        """
        Return the store of record, which gets the key from the registry, and its copies, which get it from the store.
        """
        zot_url, account = self._wanted.zot_url, self._wanted.account
        value = known_alive(zot_url, account.username, key.api_key, key.uuid)
        store = self._field(f"{self._name}-item-field", account.store, value, key.uuid, key)
        stored = known_alive(zot_url, account.username, store.value, store.key_uuid)
        copies = [
            self._field(f"{self._name}-item-field-{copy.place.suffix}", copy, stored, store.key_uuid, key, store)
            for copy in account.copies
        ]
        return [store, *copies]

    def _field(
        self,
        resource_name: str,
        where: FieldSettings,
        value: pulumi.Output[str],
        key_uuid: pulumi.Output[str],
        *needs: pulumi.Resource,
    ) -> ItemField:
        field = FieldWanted(
            vault=where.vault,
            item=where.item,
            field=where.field,
            value=given(value),
            key_uuid=given(key_uuid),
            onepassword_access=self._wanted.onepassword_access,
        )
        return ItemField(resource_name, field, self._after(*needs))

    def _secret(
        self, where: SecretSettings, forge: Server, stored: pulumi.Output[str], store: ItemField
    ) -> ActionsSecret:
        """
        Return one published secret. It gets the key that is *stored* in the *store* of record, and waits for no copy
        and no other secret.
        """
        canary = where.canary
        secret = SecretWanted(
            forgejo_url=given(forge.url),
            server=where.place.server,
            repository=where.repository,
            organization=where.organization,
            secret=where.secret,
            value=given(stored),
            key_uuid=given(store.key_uuid),
            confirmed_id=where.id,
            canary=Canary(canary.workflow, canary.ref, canary.timeout_seconds) if canary else None,
            forgejo_token=forge.token,
        )
        return ActionsSecret(f"{self._name}-actions-secret-{where.place.suffix}", secret, self._after(store))


def _by_place(places: list[Place], uuids: list[pulumi.Output[str]]) -> dict[str, pulumi.Output[str]]:
    return {str(place): uuid for place, uuid in zip(places, uuids, strict=True)}


def _summary(
    key: ApiKey, store: ItemField, policy: Policy, held: dict[str, pulumi.Output[str]], retired: RetiredKeys
) -> pulumi.Output[dict[str, Any]]:
    # These are empty if an `up --target` leaves the key out, or if the key could not be minted.
    found = settled(
        {
            "label": key.label,
            "uuid": key.uuid,
            "created": key.created_at,
            "expires": key.expires_at,
            "access": key.access,
            "other_keys": key.other_keys,
            "via": store.via,
            "still_used": retired.still_used,
            **held,
        }
    )
    return found.apply(lambda values: _in_words(values, policy, list(held)))


def _in_words(values: dict[str, Any], policy: Policy, places: list[str]) -> dict[str, Any]:
    uuid, created, expires = values["uuid"], values["created"], values["expires"]
    return {
        "label": values["label"],
        "uuid": uuid,
        "created": created,
        "rotates_on": _rotates_on(created, policy) if created else None,
        "expires_on": None if expires is None else expires[:10] or "never",
        "access": values["access"],
        # By what was written: after an `up --target`, or without an answer, a place can have an older key or none.
        "published_to": sorted(place for place in places if values[place] and values[place] == uuid),
        "other_keys": values["other_keys"],
        "onepassword_via": values["via"],
        "still_used": values["still_used"] or [],
    }


def _rotates_on(created: str, policy: Policy) -> str:
    rotates_at = policy.rotates_at(datetime.fromisoformat(created))
    return rotates_at.date().isoformat() if rotates_at else "never: rotation is paused"
