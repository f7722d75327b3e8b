"""
Inputs that another resource gives and that are not known yet: no check and no comparison of a preview falls over one.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.dynamic.wanted import UNKNOWN, account, field, key, made_by, next_run, outs_of, secret, sweep, swept
from tests.world import World
from zot_ci.authentik.service_account import ServiceAccountProvider
from zot_ci.dynamic.provider import AnyProvider, Props
from zot_ci.dynamic.run import Run
from zot_ci.forgejo.actions_secret import ActionsSecretProvider
from zot_ci.onepassword.item_field import ItemFieldProvider
from zot_ci.zot.api_key import ApiKeyProvider
from zot_ci.zot.retired_keys import RetiredKeysProvider

pytestmark = pytest.mark.embedded

# Of each kind its provider, what the program asks, and what is recorded.
Kind = Callable[[World], tuple[AnyProvider, Props, Props]]


def _account(world: World) -> tuple[AnyProvider, Props, Props]:
    news = account(world)
    return ServiceAccountProvider(), news, outs_of(ServiceAccountProvider().create(news))


def _key(world: World) -> tuple[AnyProvider, Props, Props]:
    news = key(world, probe_tag="v1", rotation="once")
    return ApiKeyProvider(), news, made_by(world, probe_tag="v1", rotation="once")


def _field(world: World) -> tuple[AnyProvider, Props, Props]:
    return ItemFieldProvider(), field(), outs_of(ItemFieldProvider().create(field()))


def _secret(world: World) -> tuple[AnyProvider, Props, Props]:
    news = secret(world)
    return ActionsSecretProvider(), news, outs_of(ActionsSecretProvider().create(news))


def _sweep(world: World) -> tuple[AnyProvider, Props, Props]:
    made = made_by(world)
    return RetiredKeysProvider(), sweep(world, made), swept(world, made)


# What `credential_args.py` takes from another resource, and what one resource of this program gives the next.
UNKNOWNS: list[tuple[Kind, str]] = [
    (_account, "authentik_url"),
    (_account, "display_name"),
    (_key, "username"),
    (_key, "zot_url"),
    (_key, "authentik_url"),
    (_key, "oidc_provider"),
    (_key, "probe_repository"),
    (_key, "probe_tag"),
    (_key, "rotation"),
    (_field, "value"),
    (_field, "key_uuid"),
    (_secret, "forgejo_url"),
    (_secret, "value"),
    (_secret, "key_uuid"),
    (_sweep, "zot_url"),
    (_sweep, "username"),
    (_sweep, "label"),
    (_sweep, "key_uuid"),
    (_sweep, "api_key"),
    (_sweep, "held"),
]


@pytest.mark.parametrize(("kind", "name"), UNKNOWNS, ids=[f"{kind.__name__[1:]} {name}" for kind, name in UNKNOWNS])
def test_a_preview_without_that_value_sees_a_difference_and_nothing_worse(
    kind: Kind, name: str, signed_in: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the resource is there already or not."""
    provider, news, olds = kind(signed_in)
    next_run(signed_in)
    monkeypatch.setattr(Run, "is_preview", True)
    news = news | {name: UNKNOWN}

    for known in ({}, olds):
        assert provider.check(known, news).failures == []
    difference = provider.diff("id", olds, news)

    assert difference.changes or name == "display_name"
