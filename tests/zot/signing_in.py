"""
The headless login for the tests of the sign-in: a login that succeeds, and one that must fail.
"""

from __future__ import annotations

import pytest

from tests.world import World
from zot_ci.authentik.api import authentik_at
from zot_ci.http.errors import ReconcileError
from zot_ci.zot.api import zot_at
from zot_ci.zot.sign_in import ZotSession, zot_session


def log_in(world: World, provider: str = "oidc") -> ZotSession:
    """Log the account in."""
    return zot_session(authentik_at(world.authentik_url), zot_at(world.zot_url), world.username, provider)


def blocked(world: World, kind: type[ReconcileError], *, provider: str = "oidc", zot_url: str = "") -> str:
    """Try to log the account in; return what the error says, which is one line without a secret."""
    with pytest.raises(ReconcileError) as caught:
        zot_session(authentik_at(world.authentik_url), zot_at(zot_url or world.zot_url), world.username, provider)
    message = str(caught.value)
    assert isinstance(caught.value, kind), message
    assert "\n" not in message
    assert world.estate.secrets.found_in(message) == []
    return message
