"""
The authentik client under test, and the account that it looks at.
"""

from __future__ import annotations

from typing import Any

from components.authentik.api import Account, Authentik, authentik_at
from tests.world import GROUP, World

USER = "zot-ci"
SHOWN: dict[str, Any] = {
    "pk": 5,
    "username": USER,
    "type": "service_account",
    "is_active": True,
    "uuid": "b2d12aeb-ae10-48ab-8b76-9cabc114fc8a",
    "is_superuser": False,
    "groups_obj": [{"pk": "g", "name": GROUP}],
}


def client(world: World) -> Authentik:
    """The server under test."""
    return authentik_at(world.authentik_url)


def account(world: World) -> Account:
    """The account, as an admin made it before."""
    user = world.estate.authentik.users.get(USER) or world.estate.authentik.add_user(USER, groups=[GROUP])
    return Account.model_validate(SHOWN | {"pk": user.pk})
