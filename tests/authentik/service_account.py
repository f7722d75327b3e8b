"""
The account's resource, called as the engine calls it: what the tests of its life begin with.
"""

from __future__ import annotations

from typing import Any

from tests.authentik.account import USER
from tests.dynamic.wanted import account, next_run, outs_of
from tests.estate.authentik.model import User
from tests.world import GROUP, World
from zot_ci.authentik.service_account import ServiceAccountProvider
from zot_ci.dynamic.provider import Props

PROVIDER = ServiceAccountProvider()
# A registry: the evidence about an account's keys is of one.
ZOT = "https://registry.example.test"


def made_before(world: World, **properties: Any) -> User:
    """Somebody made the account."""
    user = world.estate.authentik.add_user(USER, groups=[GROUP], name="Theirs")
    for name, value in properties.items():
        setattr(user, name, value)
    next_run(world)
    return user


def in_sync(world: World) -> Props:
    """The account as the last run recorded it: numbers are floats in the state."""
    outs = outs_of(PROVIDER.create(account(world)))
    next_run(world)
    return outs | {"pk": float(outs["pk"])}


def read(olds: Props) -> Props:
    """What a refresh records."""
    return outs_of(PROVIDER.read(USER, olds))
