"""
The authentik client under test, the account that it looks at, and a login of that account that must fail.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.estate.authentik.model import User
from tests.world import GROUP, World
from zot_ci.authentik.api import Account, Authentik, authentik_at
from zot_ci.authentik.session import session
from zot_ci.http.errors import ReconcileError
from zot_ci.http.shapes import shaped

USER = "zot-ci"
# The password that somebody set, before any login of this program.
BEFORE = "the-password-before"
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
    return shaped(SHOWN | {"pk": user.pk}, Account)


def made(world: World) -> User:
    """The account on the server, in its group and with a password that somebody set."""
    return world.estate.authentik.add_user(USER, groups=[GROUP], password=BEFORE)


def blocked(world: World, kind: type[ReconcileError]) -> str:
    """Try to log the account in to authentik; return what the error of that *kind* says, which shows no secret."""
    authentik = client(world)
    found = authentik.find(USER)
    assert found is not None
    with pytest.raises(kind) as caught, session(authentik, found):
        pytest.fail("a session, and no error")
    message = str(caught.value)
    assert world.estate.secrets.found_in(message) == []
    return message
