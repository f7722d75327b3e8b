"""
The three 1Password backends under the real engine, and tokens that are kept in 1Password.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.choice import some
from tests.engine.checks import assert_in_sync
from tests.engine.leaks import leaks, leaks_in
from tests.engine.stack import Stack, engine_environment, engine_is_there
from tests.onepassword.backends import BACKENDS, CLI, CONNECT, SERVICE_ACCOUNT, Backend
from tests.world import FIELD, GROUP, ITEM, VAULT, World, credentials

pytestmark = [
    pytest.mark.embedded,
    pytest.mark.skipif(not engine_is_there(), reason="no pulumi on PATH: `make tools` gets one"),
]

BY_NAME = {backend.access: backend for backend in BACKENDS}
AUTHENTIK, FORGEJO = f"op://{VAULT}/Authentik (blumeops)/api-token", f"op://{VAULT}/{ITEM}/tokens/api-token"


def stack_by(backend: Backend, world: World, folder: Path, config: dict[str, Any], tokens: bool = True) -> Stack:
    """A stack with the environment of that backend; without *tokens* 1Password's credential is the only one in it."""
    others = {name: value for name, value in credentials(world).items() if not name.startswith("OP_")}
    env = engine_environment(folder) | (others if tokens else {})
    return Stack(folder, backend.environment(world.estate, folder, env), config)


@pytest.mark.parametrize(
    # Connect is what all other tests use.
    "backend",
    some("a life", BY_NAME, 2, by=lambda _, backend: [backend] if backend != CONNECT else []),
)
def test_a_life_by_each_backend(backend: Backend, world: World, tmp_path: Path) -> None:
    """First up, a drift of the field said, a rotation, destroy; every other field is what it was."""
    others = world.estate.onepassword.other_fields(VAULT, ITEM, FIELD)
    stack = stack_by(backend, world, tmp_path, world.config())

    first = stack.up()

    assert first.code == 0, first.text
    assert_in_sync(world, stack)
    assert stack.outputs()[world.username]["onepassword_via"] == backend.via
    world.set_field("edited")
    drifted = stack.preview()
    assert drifted.code == 7
    assert "holds another value than the current key" in drifted.text
    old = world.secret()
    world.estate.zot.clock.advance(days=91)
    rotated = stack.up()
    assert rotated.code == 0, rotated.text
    assert not world.accepts(old)
    assert_in_sync(world, stack)
    destroyed = stack.destroy()
    assert destroyed.code == 0, destroyed.text
    assert world.field() is None
    assert world.estate.onepassword.other_fields(VAULT, ITEM, FIELD) == others
    assert world.estate.onepassword.puts == 0
    assert leaks_in(set(world.estate.secrets), tmp_path / "state") == []


def test_another_backend_is_no_drift_and_the_output_tells(world: World, in_sync: Stack, tmp_path: Path) -> None:
    """The environment changes, the state does not: ids are the same by every backend."""
    assert in_sync.outputs()[world.username]["onepassword_via"] == CONNECT.via
    for backend in (SERVICE_ACCOUNT, CLI):
        in_sync.env = backend.environment(world.estate, tmp_path, in_sync.env)

        preview = in_sync.preview()

        assert preview.code == 0, preview.text
        assert in_sync.up().code == 0
        assert in_sync.outputs()[world.username]["onepassword_via"] == backend.via


def test_a_setting_that_names_the_backend_beats_the_environment(world: World, tmp_path: Path) -> None:
    """And without it, no property speaks of a backend or of a token's place."""
    stack = stack_by(CONNECT, world, tmp_path, world.config())
    stack.env |= CLI.environment(world.estate, tmp_path, stack.env) | stack.env | {"PATH": stack.env["PATH"]}
    stack.env["PATH"] = os.pathsep.join([str(tmp_path / "bin"), stack.env["PATH"]])
    assert stack.up().code == 0
    assert stack.outputs()[world.username]["onepassword_via"] == CONNECT.via
    exported = stack.pulumi("stack", "export", streams="out").text
    assert [name for name in ("onepassword_access", "authentik_token", "forgejo_token") if name in exported] == []

    stack.configure(world.config() | {"zot-ci:onepassword": {"access": "cli"}})
    up = stack.up()

    assert up.code == 0, up.text
    assert stack.outputs()[world.username]["onepassword_via"] == CLI.via
    assert_in_sync(world, stack)


@pytest.mark.parametrize("backend", some("references", BY_NAME, 1))
def test_only_onepassword_s_credential_is_in_the_environment(backend: Backend, world: World, tmp_path: Path) -> None:
    """Both tokens by reference, one of them in a section; the state holds neither."""
    stack = stack_by(backend, world, tmp_path, with_references(world), tokens=False)
    assert [name for name in ("AUTHENTIK_TOKEN", "FORGEJO_TOKEN") if name in stack.env] == []

    up = stack.up()

    assert up.code == 0, up.text
    assert world.groups() == {GROUP}
    assert_in_sync(world, stack)
    secrets = set(world.estate.secrets)
    assert {world.env["AUTHENTIK_TOKEN"], world.env["FORGEJO_TOKEN"]} <= secrets
    assert leaks_in(secrets, tmp_path / "state") == []
    assert [secret for secret in secrets if secret in up.text] == []
    assert stack.destroy().code == 0


def test_a_reference_that_moved_is_taken_up_by_the_next_up(world: World, tmp_path: Path) -> None:
    """The refresh in it uses the last run's, which is gone, and stops nothing; the update uses the new one."""
    stack = stack_by(CONNECT, world, tmp_path, with_references(world), tokens=False)
    assert stack.up().code == 0
    world.estate.onepassword.set_field(VAULT, "Authentik (blumeops)", "new-token", world.env["AUTHENTIK_TOKEN"])
    world.estate.onepassword.set_field(VAULT, "Authentik (blumeops)", "api-token", None)
    config = with_references(world, add=False)
    config["zot-ci:authentik"]["token"] = AUTHENTIK.replace("api-token", "new-token")
    stack.configure(config)

    taken = stack.up()

    assert taken.code == 0, taken.text
    assert_in_sync(world, stack)


def test_no_secret_is_in_the_process_table_while_op_is_used(world: World, tmp_path: Path) -> None:
    """Every argument of every process that the engine starts, all through a first up and a rotation."""
    stack = stack_by(CLI, world, tmp_path, with_references(world), tokens=False)
    assert stack.up().code == 0
    world.estate.zot.clock.advance(days=91)
    assert stack.up().code == 0

    seen = "\n".join(stack.command_lines)
    assert f"{tmp_path}/bin/op item edit " in seen
    assert len(world.estate.secrets) > 10
    assert leaks(set(world.estate.secrets), seen.encode()) == []


def with_references(world: World, add: bool = True) -> dict[str, Any]:
    """The settings with both tokens by reference, and the tokens where these lead to."""
    if add:
        vaults = world.estate.onepassword
        vaults.add_item(VAULT, "Authentik (blumeops)", [("api-token", world.env["AUTHENTIK_TOKEN"])])
        made = vaults.add_item(VAULT, "made", [("api-token", world.env["FORGEJO_TOKEN"], "CONCEALED", "tokens")])
        item = vaults.item(VAULT, ITEM).current
        item["fields"] += made.current["fields"]
        item["sections"] += made.current["sections"]
    config = world.config()
    config["zot-ci:authentik"]["token"] = AUTHENTIK
    config["zot-ci:forgejo"]["token"] = FORGEJO
    return config
