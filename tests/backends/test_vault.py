"""
Another secrets provider than the passphrase: Vault's transit engine, by a stand-in.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.backends import long_form
from tests.backends.vault import Vault
from tests.engine.checks import assert_in_sync
from tests.engine.leaks import leaks, leaks_in
from tests.engine.stack import Stack
from tests.world import World, credentials

pytestmark = [long_form, pytest.mark.xdist_group("vault")]


def _without_passphrase(stack: Stack) -> None:
    del stack.env["PULUMI_CONFIG_PASSPHRASE"]


def test_a_life_with_vault_s_transit_engine(world: World, vault: Vault, tmp_path: Path) -> None:
    """No passphrase is known to anybody. A token of Vault that may not decrypt ends the run before it has begun."""
    env = credentials(world) | vault.env
    stack = Stack(tmp_path / "one", env, world.config(), secrets_provider=vault.key())
    _without_passphrase(stack)

    created = stack.up()
    assert created.code == 0, created.text
    assert_in_sync(world, stack)
    old = world.field()
    world.estate.clock.advance(days=91)
    rotated = stack.up()
    assert rotated.code == 0, rotated.text
    assert not world.accepts(old)
    assert_in_sync(world, stack)
    assert leaks_in(set(world.estate.secrets), tmp_path) == []

    stack.env["VAULT_TOKEN"] = vault.token_without_rights()
    refused = stack.up()
    assert refused.code != 0
    assert "permission denied" in refused.text
    assert leaks({*world.estate.secrets, stack.env["VAULT_TOKEN"]}, refused.text.encode()) == []
    stack.env["VAULT_TOKEN"] = vault.env["VAULT_TOKEN"]
    destroyed = stack.destroy()
    assert destroyed.code == 0, destroyed.text
    assert world.field() is None


def test_a_stack_changes_from_the_passphrase_to_vault(world: World, in_sync: Stack, vault: Vault) -> None:
    """The key stays, and nothing is proposed. What the state was before stays readable by the passphrase."""
    key = world.field()
    in_sync.env |= vault.env

    changed = in_sync.pulumi("stack", "change-secrets-provider", vault.key())

    assert changed.code == 0, changed.text
    _without_passphrase(in_sync)
    assert_in_sync(world, in_sync)
    assert world.field() == key
