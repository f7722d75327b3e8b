"""
Short sequences through the real engine, each ending in one `up` and in sync; and the model of `tests/sequences`, held
to what the engine itself does.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from tests.choice import some
from tests.engine.checks import assert_in_sync
from tests.engine.prepared import IN_SYNC, Prepared, State
from tests.engine.stack import Stack, engine_is_there
from tests.estate import CallLog
from tests.faults.proxy import Plan
from tests.faults.scenarios import kill_session
from tests.sequences.model import Engine
from tests.sequences.wanted import FIELDS, SECRETS, Wanted
from tests.world import FIELD, GROUP, ITEM, OWNER, REPOSITORY, SECRET, VAULT, World, credentials

pytestmark = [pytest.mark.quickly, pytest.mark.embedded, pytest.mark.slow]

WANTED = Wanted()


def _configure(world: World, stack: Stack, wanted: Wanted) -> None:
    stack.configure(wanted.config(world))
    world.username = wanted.username


def _values(world: World, wanted: Wanted) -> set[str | None]:
    """
    What all of today's places hold.
    """
    fields = {world.estate.onepassword.field(VAULT, *one) for one in wanted.fields}
    return fields | {world.estate.forgejo.value(OWNER, *one) for one in wanted.secrets}


class Killable:
    """
    A stack in sync behind proxies, and what kills its next `up`.
    """

    def __init__(self, prepared: Prepared, folder: Path) -> None:
        self._quickly = prepared.quickly
        self.stack = self._quickly.run(prepared.stack(IN_SYNC, folder))
        self.world = prepared.world
        self._proxies = prepared.proxies

    def up_killed_once(self, seen: Callable[[World], bool]) -> None:
        """
        `up`, killed at the first request after which something can be seen.
        """
        process = self.stack.begin("up", "--yes", "--skip-preview")
        self._proxies.plan = Plan(after=lambda: kill_session(process, self._quickly) if seen(self.world) else None)
        process.communicate(timeout=120)
        self._proxies.plan = Plan()
        assert process.returncode != 0
        self.stack.cancel()


@pytest.fixture
def killable(behind_proxies: Prepared, tmp_path: Path) -> Killable:
    if not engine_is_there():
        pytest.skip("no pulumi on PATH: `make tools` gets one")
    return Killable(behind_proxies, tmp_path)


def test_a_new_name_a_kill_and_another_setting_leave_the_new_account_its_field(killable: Killable) -> None:
    """
    Killed before the old account's things go; then only the days change, for which the engine starts its providers
    anew: what they remember of the refresh is lost.
    """
    world, stack = killable.world, killable.stack
    world.estate.log.clear()
    renamed = replace(WANTED, username="zot-next")
    _configure(world, stack, renamed)
    killable.up_killed_once(lambda world: _sweeps(world.estate.log))
    assert _values(world, WANTED) <= {key.secret for key in world.estate.zot.of("zot-next")}
    _configure(world, stack, replace(renamed, days=(30, 45)))

    run = stack.up()

    assert run.code == 0, run.text
    assert "zot-ci" not in world.estate.authentik.users
    assert_in_sync(world, stack)


def _sweeps(log: CallLog) -> bool:
    """
    Whether the last request is the first of the second account's sweep: every place is served, nothing cleared away.
    """
    published = [call for call in log if call.system == "forgejo" and call.method == "PUT"]
    return len(published) == 1 and log[len(log) - 1].system == "zot"


def test_a_drift_a_kill_and_a_moved_secret_end_in_sync(killable: Killable) -> None:
    """Revoked and left its group; killed once the new key is in the field; meanwhile the secret's name is another."""
    world, stack = killable.world, killable.stack
    old = world.field() or ""
    world.revoke(old, world.keys(old)[0]["uuid"])
    world.leave(GROUP)
    killable.up_killed_once(lambda world: world.field() != old)
    wanted = replace(WANTED, secrets=SECRETS[1:2])
    _configure(world, stack, wanted)

    run = stack.up()

    assert run.code == 0, run.text
    assert world.secret() is None
    assert _values(world, wanted) == {world.field()}
    assert world.groups() == {GROUP}
    assert stack.preview().code == 0


def test_a_rotation_as_the_field_moves_needs_no_login(world: World, in_sync: Stack) -> None:
    """The new field is empty and the key is due: the live key of the state mints, although the settings changed."""
    world.estate.clock.advance(days=91)
    wanted = replace(WANTED, fields=FIELDS[1:2])
    _configure(world, in_sync, wanted)
    world.estate.log.clear()

    run = in_sync.up()

    assert run.code == 0, run.text
    assert [call.path for call in world.estate.log.of("authentik") if "/flows/" in call.path] == []
    assert _values(world, wanted) == {world.secret()}
    assert world.field() is None
    assert in_sync.preview().code == 0


def test_fields_that_change_their_order_stay_where_they_are(world: World, in_sync: Stack) -> None:
    """The store of record becomes a copy: at no request of the run is there nothing in it."""
    key = world.field()
    wanted = replace(WANTED, fields=(FIELDS[1], FIELDS[0]))
    _configure(world, in_sync, wanted)
    seen: list[str | None] = []
    store = world.estate.onepassword.store

    def watched(item: Any, changed: Any) -> Any:
        answer = store(item, changed)
        seen.append(world.field())
        return answer

    with mock.patch.object(world.estate.onepassword, "store", watched):
        run = in_sync.up()

    assert run.code == 0, run.text
    assert seen
    assert set(seen) == {key}
    assert _values(world, wanted) == {key}
    assert in_sync.preview().code == 0


def _due(world: World) -> None:
    world.estate.clock.advance(days=91)


def _all_broken(world: World) -> None:
    (key,) = world.estate.zot.of(world.username)
    world.estate.zot.revoke(key.uuid)
    world.leave(GROUP)
    world.set_field("zak_" + 32 * "0")
    world.estate.forgejo.delete_value(OWNER, REPOSITORY, SECRET)


def _first_up(world: World, stack: Stack) -> None:
    _configure(world, stack, WANTED)
    assert stack.up().code == 0


# Each place and both numbers of days are in the settings.
BEGUN = State("in sync with settings that say everything", _first_up)

STEPS: dict[str, tuple[Callable[[World], None], Wanted]] = {
    "in sync": (lambda world: None, WANTED),
    "due": (_due, WANTED),
    "all broken": (_all_broken, WANTED),
    "another account": (lambda world: None, replace(WANTED, username="zot-next")),
    "field and secret moved, and due": (_due, replace(WANTED, fields=FIELDS[1:2], secrets=SECRETS[1:2])),
    "registry by its other name": (lambda world: None, replace(WANTED, registry_by_alias=True)),
}


@pytest.mark.parametrize(("happens", "wanted"), some("steps", STEPS, 3))
def test_the_model_asks_what_the_engine_asks(
    happens: Callable[[World], None], wanted: Wanted, world: World, prepared: Prepared, tmp_path: Path
) -> None:
    """The same first `up`, the same event: request for request the second `up` of both, changes in the same order."""
    stack = prepared.quickly.run(prepared.stack(BEGUN, tmp_path))
    other = World.start()
    try:
        with mock.patch.dict(os.environ, credentials(other)):
            engine = Engine(stack.name)
            engine.up(WANTED.settings(other))
            happens(other)
            other.estate.log.clear()
            engine.up(wanted.settings(other))
        happens(world)
        _configure(world, stack, wanted)
        world.estate.log.clear()
        run = stack.up()
        assert run.code == 0, run.text
        # In a refresh the engine asks several systems at once: of what is only read, the order is not the model's.
        assert sorted(_asked(other)) == sorted(_asked(world))
        assert [call for call in _asked(other) if _changes(call)] == [call for call in _asked(world) if _changes(call)]
    finally:
        other.stop()


def _asked(world: World) -> list[str]:
    """
    Method, path and status of every request, ids left out.
    """
    item = world.estate.onepassword.item(VAULT, ITEM)
    known = {item.id: "item", world.estate.onepassword.vault(VAULT).id: "vault", FIELD: "field"}
    asked = []
    for call in world.estate.log:
        path = "/".join("uuid" if len(part) == 36 else known.get(part, part) for part in call.path.split("/"))
        asked.append(f"{call.system} {call.method} {path} {call.status}")
    return asked


def _changes(call: str) -> bool:
    return " GET " not in call and "/v2/" not in call
