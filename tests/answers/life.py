"""
One credential's life by its providers alone, without the engine; and what there is to be seen of it everywhere.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

from pulumi.dynamic import ReadResult

from tests.dynamic.wanted import accepted, no_key_is_left, observed
from tests.world import FIELD, GROUP, ITEM, OWNER, REPOSITORY, SECRET, VAULT, World
from zot_ci.authentik.service_account import ServiceAccountProvider
from zot_ci.dynamic.border import written
from zot_ci.dynamic.provider import AnyProvider, Props
from zot_ci.forgejo.actions_secret import ActionsSecretProvider
from zot_ci.http import connections
from zot_ci.onepassword.item_field import ItemFieldProvider
from zot_ci.zot.api_key import ApiKeyProvider
from zot_ci.zot.retired_keys import RetiredKeysProvider


def account_inputs(world: World) -> Props:
    """What the program asks of the account."""
    return {
        "authentik_url": world.authentik_url,
        "username": world.username,
        "display_name": world.username,
        "groups": [GROUP],
        "type": "service_account",
        "is_active": True,
        "condition": "current",
    }


def key_inputs(world: World) -> Props:
    """What the program asks of the key."""
    return {
        "zot_url": world.zot_url,
        "authentik_url": world.authentik_url,
        "oidc_provider": "oidc",
        "username": world.username,
        "label": f"zot-ci/test/{world.username}",
        "rotate_after_days": 90.0,
        "expire_after_days": 120.0,
        "probe_repository": "zot-ci-access-probe",
        "vault": VAULT,
        "item": ITEM,
        "field": FIELD,
        "condition": "current",
    }


def field_inputs(key: Props) -> Props:
    """What the program asks of the field that is to hold *key*."""
    place = {"vault": VAULT, "item": ITEM, "field": FIELD}
    return {**place, "value": key["api_key"], "key_uuid": key["uuid"], "condition": "current"}


def secret_inputs(world: World, key: Props) -> Props:
    """What the program asks of the secret that is to hold *key*."""
    return {
        "forgejo_url": world.env["FORGEJO_URL"],
        "repository": f"{OWNER}/{REPOSITORY}",
        "secret": SECRET,
        "value": key["api_key"],
        "key_uuid": key["uuid"],
        "condition": "current",
    }


@dataclass
class Life:
    """
    Five resources in sync, as the last run recorded them. A test may change what is recorded before it asks again.
    """

    world: World
    account: Props = field(init=False)
    key: Props = field(init=False)
    field_: Props = field(init=False)
    secret: Props = field(init=False)
    sweep: Props = field(init=False)

    def __post_init__(self) -> None:
        world = self.world
        self.account = dict(ServiceAccountProvider().create(account_inputs(world)).outs or {})
        # A key made by hand mints the first one: a login would take fifty requests.
        world.set_field(world.estate.zot.mint(world.username, "by hand", groups=[GROUP]))
        self.key = self.mint()
        world.estate.zot.revoke(world.estate.zot.of(world.username)[0].uuid)
        world.set_field(None)
        # What somebody does between two runs.
        connections.forget_all()
        self.field_ = dict(ItemFieldProvider().create(field_inputs(self.key)).outs or {})
        self.secret = dict(ActionsSecretProvider().create(secret_inputs(world, self.key)).outs or {})
        uuid = self.key["uuid"]
        names = ("zot_url", "username", "label", "api_key", "condition")
        wanted = {name: self.key[name] for name in names} | {"key_uuid": uuid, "held": {"field": uuid, "secret": uuid}}
        self.sweep = dict(RetiredKeysProvider().create(wanted).outs or {})
        # The next call is another run's: it has asked nothing yet.
        connections.forget_all()

    def read_account(self) -> Any:
        """Refresh the account."""
        return _looked_at(ServiceAccountProvider(), self.account)

    def make_account(self) -> Any:
        """Make the account, or adopt it: a first `up`."""
        return ServiceAccountProvider().create(account_inputs(self.world))

    def reconcile_account(self) -> Any:
        """Reconcile the account, with the error that an update turns into a condition."""
        provider = ServiceAccountProvider()
        olds = provider.recorded(self.world.username, self.account)
        return written(provider.reconcile(olds, provider.asked(account_inputs(self.world))))

    def delete_account(self) -> Any:
        """Destroy the account, which has no live key any more."""
        no_key_is_left(self.world)
        return ServiceAccountProvider().delete(self.world.username, self.account)

    def read_key(self) -> Any:
        """Refresh the key."""
        return _looked_at(ApiKeyProvider(), self.key)

    def mint(self, **inputs: Any) -> Props:
        """Make a key: by a live one, else by a login."""
        return dict(ApiKeyProvider().create(key_inputs(self.world) | inputs).outs or {})

    def read_field(self) -> Any:
        """Refresh the field."""
        return _looked_at(ItemFieldProvider(), self.field_)

    def store(self) -> Any:
        """Write the field for the first time."""
        return ItemFieldProvider().create(field_inputs(self.key))

    def store_again(self) -> Any:
        """Write the field after another key was made."""
        news = field_inputs(self.key) | {"value": "zak_" + 32 * "0", "key_uuid": "another"}
        return ItemFieldProvider().update("", self.field_, news)

    def remove_field(self) -> Any:
        """Destroy the field."""
        return ItemFieldProvider().delete("", self.field_)

    def read_secret(self) -> Any:
        """Refresh the secret."""
        return _looked_at(ActionsSecretProvider(), self.secret)

    def publish(self) -> Any:
        """Write the secret, with a key that the run has seen alive."""
        accepted(self.secret["key_uuid"])
        return ActionsSecretProvider().update("", self.secret, {**self.secret, "publish": True})

    def delete_secret(self) -> Any:
        """Destroy the secret."""
        return ActionsSecretProvider().delete("", self.secret)

    def read_sweep(self) -> Any:
        """Refresh the sweep."""
        return _looked_at(RetiredKeysProvider(), self.sweep)

    def retire(self) -> Any:
        """End what is not the current key."""
        return RetiredKeysProvider().update("", self.sweep, self.sweep)

    def delete_key(self) -> Any:
        """Destroy the key."""
        return ApiKeyProvider().delete(self.key["uuid"], self.key)


def _looked_at(provider: AnyProvider, props: Props) -> ReadResult:
    """
    Look at a resource as a refresh does, with the error that a read turns into a condition.
    """
    outs = observed(provider, props)
    return ReadResult("id", outs, outs)


def lose_every_key(world: World) -> None:
    """
    Nothing is left to mint with but a login: no key lives, and the field is empty.
    """
    world.estate.zot.keyring.by_uuid.clear()
    world.set_field("")


def snapshot(world: World) -> dict[str, Any]:
    """
    Return all that this program could change in the four systems, but for the account's password, which no login
    leaves as it was, and the time of a key's last use.
    """
    authentik, zot = world.estate.authentik, world.estate.zot
    return {
        "accounts": {
            name: (user.pk, user.name, user.type, user.is_active, sorted(user.groups), [one.pk for one in user.devices])
            for name, user in authentik.users.items()
        },
        "groups": sorted(authentik.groups),
        "sessions": len(authentik.sessions_of(world.username)),
        "items": [
            copy.deepcopy(item.current)
            for vault in world.estate.onepassword.vaults.values()
            for item in vault.items.values()
        ],
        "secrets": {
            place: [(one.name, one.value, one.created_at) for one in repository.secrets.values()]
            for place, repository in world.estate.forgejo.repos.items()
        },
        "keys": {uuid: (key.username, key.label, key.secret) for uuid, key in zot.keys.items()},
        "images": sorted(zot.repositories),
    }
