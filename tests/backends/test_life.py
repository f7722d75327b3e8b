"""
A stack's life on the backends that a team has: an S3-compatible server and PostgreSQL, both real.
"""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import pytest

from tests.backends import long_form
from tests.backends.servers import Backend
from tests.engine.checks import assert_in_sync
from tests.engine.leaks import leaks
from tests.engine.prepared import Prepared
from tests.engine.stack import Stack
from tests.faults.proxy import Plan
from tests.faults.scenarios import kill_session, signal_session
from tests.world import FIELD, ITEM, VAULT, World, credentials

# As Stack.finish has: an `up` takes some seconds, and a hundred on a machine that does ten other things.
PATIENCE_SECONDS = 300


@pytest.fixture
def first(ground: Prepared, backend: Backend, tmp_path: Path) -> Stack:
    """A stack on the backend before its first `up`, as the one runner has it."""
    world = ground.world
    return Stack(tmp_path / "first", credentials(world) | backend.env, world.config(), backend=backend.url)


def test_a_life_with_a_killed_run(ground: Prepared, backend: Backend, first: Stack, tmp_path: Path) -> None:
    """Another runner is kept out until the dead one's lock is taken away. The backend holds no key in clear."""
    world = ground.world
    others = world.estate.onepassword.other_fields(VAULT, ITEM, FIELD)
    created = first.up()
    assert created.code == 0, created.text
    second = first.checkout(tmp_path / "second")
    old = world.field()
    world.estate.clock.advance(days=91)
    killed = first.begin("up", "--yes", "--skip-preview")
    ground.proxies.plan = Plan(after=lambda: kill_session(killed) if world.field() != old else None)
    assert first.finish(killed).code < 0
    ground.proxies.plan = Plan()

    locked = second.up()
    assert locked.code != 0
    assert "the stack is currently locked by 1 lock(s)" in locked.text
    assert f"(pid {killed.pid})" in locked.text
    assert second.pulumi("cancel", "--yes").code == 0
    resumed = second.up()

    assert resumed.code == 0, resumed.text
    assert not world.accepts(old)
    assert_in_sync(world, second)
    kept = backend.content()
    assert b"zot-ci/test/zot-ci" in kept
    assert leaks(set(world.estate.secrets), kept) == []
    destroyed = second.destroy()
    assert destroyed.code == 0, destroyed.text
    assert world.field() is None
    assert world.secret() is None
    assert world.estate.onepassword.other_fields(VAULT, ITEM, FIELD) == others


@long_form
def test_a_drift_is_found_and_reconciled_by_another_runner(ground: Prepared, first: Stack, tmp_path: Path) -> None:
    """The state says what it was, whoever looks."""
    world = ground.world
    assert first.up().code == 0
    second = first.checkout(tmp_path / "second")
    world.set_field("edited")

    drifted = second.preview()
    assert drifted.code == 7
    assert "holds another value than the current key" in drifted.text
    assert second.up().code == 0

    assert_in_sync(world, first)


@long_form
def test_two_runners_at_once_rotate_once(ground: Prepared, first: Stack, tmp_path: Path) -> None:
    """The lock lets one of them through, or none, or one after the other; what has run is whole."""
    world = ground.world
    assert first.up().code == 0
    second = first.checkout(tmp_path / "second")
    world.estate.clock.advance(days=91)
    old = world.field()

    runs = [one.begin("up", "--yes", "--skip-preview") for one in (first, second)]
    texts = [run.communicate(timeout=PATIENCE_SECONDS)[0] for run in runs]

    assert all(run.returncode == 0 or _is_locked(text) for run, text in zip(runs, texts, strict=True)), texts
    assert world.accepts(world.secret())
    again = second.up()
    assert again.code == 0, again.text
    assert not world.accepts(old)
    assert_in_sync(world, first)


@long_form
def test_a_preview_during_an_up_ends_and_changes_nothing(ground: Prepared, first: Stack, tmp_path: Path) -> None:
    """It takes no lock. The `up` stands still for as long, with the next key in the field and not in the secret."""
    world = ground.world
    assert first.up().code == 0
    second = first.checkout(tmp_path / "second")
    world.estate.clock.advance(days=91)
    old = world.secret()
    half_way = threading.Event()
    up = first.begin("up", "--yes", "--skip-preview")

    def stop_once_it_is_in_the_field() -> None:
        if world.field() != old and not half_way.is_set():
            signal_session(up, signal.SIGSTOP)
            half_way.set()

    ground.proxies.plan = Plan(after=stop_once_it_is_in_the_field)
    try:
        assert half_way.wait(PATIENCE_SECONDS)
        before = _seen(world)
        preview = second.preview()
        after = _seen(world)
    finally:
        signal_session(up, signal.SIGCONT)
    done = first.finish(up)

    assert preview.code == 7, preview.text
    assert before[:2] == (world.field(), old)
    assert after == before
    assert done.code == 0, done.text
    assert_in_sync(world, second)


@long_form
def test_a_backend_that_refuses_the_credentials_changes_nothing(
    ground: Prepared, backend: Backend, first: Stack
) -> None:
    """The engine asks it before the program runs; the credentials are not in what it says."""
    world = ground.world
    assert first.up().code == 0
    before, wrong = _seen(world), "wrong-but-secret"
    first.env |= {"AWS_SECRET_ACCESS_KEY": wrong, "PGPASSWORD": wrong}

    run = first.up()

    assert run.code != 0
    assert leaks({wrong, *backend.env.values()} - {"zot-ci-tests"}, run.text.encode()) == []
    assert _seen(world) == before


def _is_locked(text: str) -> bool:
    return "the stack is currently locked" in text


def _seen(world: World) -> tuple[object, ...]:
    """
    What a preview must not change.
    """
    key = world.field() or ""
    return key, world.secret(), sorted(listed["uuid"] for listed in world.keys(key)), world.account()
