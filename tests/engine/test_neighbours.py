"""
Several runs, stacks and accounts beside each other.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.engine.checks import assert_in_sync
from tests.engine.stack import Stack
from tests.world import FIELD, ITEM, OWNER, REPOSITORY, VAULT, World, credentials

pytestmark = [pytest.mark.embedded, pytest.mark.quickly]


def _for_cd(world: World) -> dict[str, Any]:
    """
    Settings for another account that shares item and repository.
    """
    config = world.config(
        onepassword={"vault": VAULT, "item": ITEM, "field": "zot-cd-api"},
        forgejo=[{"repository": f"{OWNER}/{REPOSITORY}", "secret": "ZOT_CD_API_KEY"}],
    )
    config["zot-ci:accounts"][0]["username"] = "zot-cd"
    return config


def test_two_ups_at_once_on_one_stack_lose_nothing(world: World, in_sync: Stack) -> None:
    """The engine's lock lets one of them through, or one after the other; afterwards all is in sync."""
    world.estate.zot.clock.advance(days=91)
    runs = [in_sync.begin("up", "--yes", "--skip-preview") for _ in range(2)]
    texts = [run.communicate(timeout=120)[0] for run in runs]

    codes = sorted(run.returncode for run in runs)
    assert codes[0] == 0, texts
    if codes[1]:
        assert any("locked" in text for text in texts), texts
    assert in_sync.up().code == 0
    assert_in_sync(world, in_sync)


def test_two_stacks_at_once_share_an_item_and_a_repository(world: World, stack: Stack, tmp_path: Path) -> None:
    """Each changes its own field and its own secret, whatever the other does meanwhile."""
    others = world.estate.onepassword.other_fields(VAULT, ITEM, FIELD)
    cd = Stack(tmp_path / "cd", credentials(world), _for_cd(world), "cd")

    runs = [one.begin("up", "--yes", "--skip-preview") for one in (stack, cd)]
    texts = [run.communicate(timeout=120)[0] for run in runs]

    assert [run.returncode for run in runs] == [0, 0], texts
    key = world.estate.onepassword.field(VAULT, ITEM, "zot-cd-api")
    assert world.estate.forgejo.value(OWNER, REPOSITORY, "ZOT_CD_API_KEY") == key
    assert world.estate.zot.accepts("zot-cd", key or "")
    assert_in_sync(world, stack)
    assert cd.preview().code == 0
    assert cd.destroy().code == 0
    assert world.estate.onepassword.other_fields(VAULT, ITEM, FIELD) == others
    assert_in_sync(world, stack)


def test_two_stacks_over_one_account_leave_each_other_s_keys(world: World, in_sync: Stack, tmp_path: Path) -> None:
    """The stack's name is in the label: each sweeps its own."""
    config = world.config(
        onepassword={"vault": VAULT, "item": ITEM, "field": "second"},
        forgejo=[{"repository": f"{OWNER}/{REPOSITORY}", "secret": "SECOND"}],
    )
    other = Stack(tmp_path / "other", credentials(world), config, "other")

    assert other.up().code == 0

    assert_in_sync(world, in_sync)
    assert other.preview().code == 0
