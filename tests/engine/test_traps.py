"""
Three traps that earlier designs fell into on real servers, each kept as a test under the name of what went wrong.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.checks import assert_in_sync
from tests.engine.prepared import NEW, Prepared
from tests.engine.stack import Stack, engine_is_there
from tests.faults.proxy import Fault, Plan
from tests.faults.scenarios import kill_session
from tests.world import World


@pytest.mark.embedded
def test_a_sweep_before_the_publish_would_revoke_the_key_in_use(world: World, in_sync: Stack) -> None:
    """1Password has the new key, Forgejo still the old one: not even an `up` of the sweep alone may end that one."""
    old = world.secret()
    world.estate.zot.clock.advance(days=91)
    in_sync.env["FORGEJO_TOKEN"] = world.estate.forgejo.add_token("eblume", ("read:repository",))
    assert in_sync.up().code != 0

    swept = in_sync.up("--target", in_sync.urns()[f"{world.username}-retired-keys"])

    assert swept.code == 0, swept.text
    assert world.secret() == old
    assert world.accepts(old)


@pytest.mark.embedded
def test_a_replaced_key_whose_deletion_is_pending_does_not_end_its_successor(world: World, in_sync: Stack) -> None:
    """Seen from the old key the new one is one more with our label; the next `up` refreshes and deletes the old one."""
    world.estate.zot.clock.advance(days=91)
    in_sync.env["FORGEJO_TOKEN"] = world.estate.forgejo.add_token("eblume", ("read:repository",))
    assert in_sync.up().code != 0
    new = world.field()
    in_sync.env["FORGEJO_TOKEN"] = world.env["FORGEJO_TOKEN"]

    assert in_sync.up().code == 0

    assert world.field() == new
    assert_in_sync(world, in_sync)


ENDINGS = ["POST flow", "GET flow", "GET devices"]


@pytest.fixture(scope="module")
def enrolled(behind_proxies: Prepared, tmp_path_factory: pytest.TempPathFactory) -> int:
    """
    The number of the request of a first `up` that makes the device, by a whole one.
    """
    if not engine_is_there():
        pytest.skip("no pulumi on PATH: `make tools` gets one")
    stack = behind_proxies.stack(NEW, tmp_path_factory.mktemp("enrolled"))
    world, proxies = behind_proxies.world, behind_proxies.proxies
    seen: list[int] = []

    def look() -> None:
        user = world.estate.authentik.users.get(world.username)
        if user is not None and user.devices:
            seen.append(proxies.plan.count)

    proxies.plan = Plan(after=look)
    assert stack.up().code == 0
    return seen[0]


@pytest.mark.embedded
@pytest.mark.parametrize("last", ENDINGS)
def test_a_login_killed_before_its_device_is_removed_does_not_lock_the_next_one_out(
    last: str, enrolled: int, behind_proxies: Prepared, tmp_path: Path
) -> None:
    """Killed after any request between enrolling the device and deleting it: the next login clears it first."""
    stack = behind_proxies.stack(NEW, tmp_path)
    world, proxies = behind_proxies.world, behind_proxies.proxies
    process = stack.begin("up", "--yes", "--skip-preview")
    proxies.plan = Plan(Fault.KILL, enrolled + ENDINGS.index(last), kill=lambda: kill_session(process))
    process.communicate(timeout=120)
    assert world.estate.authentik.users[world.username].devices
    stack.cancel()

    run = stack.up()

    assert run.code == 0, run.text
    assert "removed the static device that an interrupted login" in run.text
    assert world.estate.authentik.users[world.username].devices == []
    assert_in_sync(world, stack)
