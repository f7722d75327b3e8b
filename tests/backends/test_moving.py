"""
A state that moves to another backend or another secrets provider, and what a copy of it is worth.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.backends import long_form
from tests.backends.servers import S3, Backend, PostgreSQL
from tests.engine.checks import assert_in_sync
from tests.engine.leaks import leaks, leaks_in
from tests.engine.stack import Stack
from tests.world import World


def move(stack: Stack, backend: Backend, exported: Path) -> None:
    """
    Do what docs/ci.md says, in its order.
    """
    old = stack.env["PULUMI_BACKEND_URL"]
    assert stack.pulumi("stack", "export", "--file", str(exported)).code == 0
    stack.env |= {**backend.env, "PULUMI_BACKEND_URL": backend.url}
    stack.init()
    imported = stack.pulumi("stack", "import", "--file", str(exported))
    assert imported.code == 0, imported.text
    preview = stack.preview()
    assert preview.code == 0, preview.text
    stack.env["PULUMI_BACKEND_URL"] = old
    removed = stack.pulumi("stack", "rm", "--force", "--preserve-config", "--yes")
    assert removed.code == 0, removed.text
    stack.env["PULUMI_BACKEND_URL"] = backend.url


@long_form
@pytest.mark.xdist_group("s3")
def test_a_stack_moves_from_a_file_to_s3_to_postgresql(
    world: World, in_sync: Stack, s3: S3, postgresql: PostgreSQL, tmp_path: Path
) -> None:
    """The key stays; nothing is proposed after a move; the file that carries the state has no secret in clear."""
    key = world.field()

    for number, backend in enumerate((s3.backend(), postgresql.backend())):
        move(in_sync, backend, tmp_path / f"{number}.json")

    assert world.field() == key
    world.estate.clock.advance(days=91)
    rotated = in_sync.up()
    assert rotated.code == 0, rotated.text
    assert not world.accepts(key)
    assert_in_sync(world, in_sync)
    assert leaks_in(set(world.estate.secrets), tmp_path) == []


def test_an_export_with_its_secrets_shows_the_key_and_no_token(world: World, in_sync: Stack) -> None:
    """What `--show-secrets` reveals, to whoever has state and passphrase: with another passphrase it is refused."""
    in_sync.by_passphrase()
    exported = in_sync.pulumi("stack", "export", "--show-secrets", streams="out")

    assert exported.code == 0
    json.loads(exported.text)
    shown = {secret for secret in world.estate.secrets if len(secret) >= 8 and secret in exported.text}
    assert shown == {world.field()}
    in_sync.env["PULUMI_CONFIG_PASSPHRASE"] = "another"
    refused = in_sync.pulumi("stack", "export", "--show-secrets")
    assert refused.code != 0
    assert "incorrect passphrase" in refused.text
    assert leaks(set(world.estate.secrets), refused.text.encode()) == []


@long_form
def test_a_state_that_was_left_behind_is_no_outage(world: World, in_sync: Stack, tmp_path: Path) -> None:
    """
    A backup that was put back, or an old backend where somebody runs `up` once more: it knows a key that has ended, and
    takes over by the one in the field. The other state does the same in turn; the places have a live key all the while.
    """
    left_behind = in_sync.copy(tmp_path / "left-behind")
    world.estate.clock.advance(days=91)
    assert in_sync.up().code == 0
    rotated = world.field()

    preview = left_behind.preview()
    assert preview.code == 7
    assert "refused by the registry: revoked" in preview.text
    taken_over = left_behind.up()

    assert taken_over.code == 0, taken_over.text
    assert not world.accepts(rotated)
    assert_in_sync(world, left_behind)
    assert in_sync.preview().code == 7
    assert in_sync.up().code == 0
    assert_in_sync(world, in_sync)
