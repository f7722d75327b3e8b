"""
Servers as their vendors set them up, and what their owners put in front of them, under the real engine.
"""

from __future__ import annotations

import pytest

from tests.engine.checks import assert_in_sync
from tests.engine.stack import Stack
from tests.world import World

pytestmark = [pytest.mark.embedded, pytest.mark.quickly]


def test_a_first_key_comes_from_an_authentik_as_it_is_shipped(world: World, stack: Stack) -> None:
    """Its MFA stage asks an account without a device for nothing, and sends the flow's GET to itself instead."""
    world.estate.authentik.mfa, world.estate.authentik.remember_me = "skip", True

    run = stack.up()

    assert run.code == 0, run.text
    assert_in_sync(world, stack)


def test_a_proxy_with_a_login_of_its_own_ends_no_key(world: World, in_sync: Stack) -> None:
    """Its 401 is told as a proxy's: the run changes nothing, and with the proxy gone there is nothing to do."""
    key, password = world.field(), world.estate.authentik.users[world.username].password_changes
    world.estate.zot.forward_auth = True

    run = in_sync.up()

    assert run.code != 0
    assert "let whatever stands in front of zot pass /zot/auth/ and /v2/" in run.text
    assert "revoked" not in run.text
    assert "Traceback" not in run.text
    world.estate.zot.forward_auth = False
    assert (world.field(), world.secret()) == (key, key)
    assert world.estate.authentik.users[world.username].password_changes == password
    assert_in_sync(world, in_sync)
