"""
One stack, from a checkout to a repository of one's own, to another program, and back: a state has one name for all.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scripts.watch.new import _TEMPLATES
from tests.engine.stack import ROOT, Stack
from tests.wheel import Installed
from tests.world import FIELD, GROUP, ITEM, OWNER, REPOSITORY, SECRET, VAULT, World

pytestmark = pytest.mark.embedded

OF_A_CHECKOUT = ("__main__.py", "components", "zot_ci")


def to_the_package(stack: Stack, package: Installed) -> dict[str, str]:
    """Make the project one that `zot-ci new` has made; return what its environment was."""
    for part in OF_A_CHECKOUT:
        (stack.project / part).unlink(missing_ok=True)
    (stack.project / "__main__.py").write_text((_TEMPLATES / "__main__.py.txt").read_text())
    before = dict(stack.env)
    stack.env |= package.env
    return before


def to_the_checkout(stack: Stack, env: dict[str, str]) -> None:
    """Make the project a checkout again."""
    (stack.project / "__main__.py").unlink()
    for part in OF_A_CHECKOUT:
        (stack.project / part).symlink_to(ROOT / part)
    stack.env = env


def to_another_program(stack: Stack) -> None:
    """Put somebody's own program in the place of ours, with the same credential by the same name."""
    (stack.project / "__main__.py").write_text(
        f"""
import pulumi
from zot_ci import FieldArgs, RegistryCredential, RegistryCredentialArgs, SecretArgs

config = pulumi.Config("zot-ci")
RegistryCredential("zot-ci", RegistryCredentialArgs(
    zot_url=config.require_object("zot")["url"],
    authentik_url=config.require_object("authentik")["url"],
    username="zot-ci",
    groups=["{GROUP}"],
    store=FieldArgs("{VAULT}", "{ITEM}", "{FIELD}"),
    secrets=[SecretArgs(config.require_object("forgejo")["url"], "{SECRET}", repository="{OWNER}/{REPOSITORY}")],
))
"""
    )


def in_sync_with(stack: Stack) -> None:
    """A preview has nothing to do."""
    run = stack.preview()
    assert run.code == 0, run.text


def test_a_stack_goes_from_a_checkout_to_the_package_to_another_program_and_back(
    world: World, in_sync: Stack, package: Installed
) -> None:
    """The same key in the same places, nothing shown; each way rotates what the other has made, and takes it away."""
    key = world.secret()
    env = to_the_package(in_sync, package)
    in_sync_with(in_sync)
    assert in_sync.up().code == 0
    assert world.secret() == key
    rotated = in_sync.up("--replace", in_sync.urns()["zot-ci-api-key"])
    assert rotated.code == 0, rotated.text
    second = world.secret()
    assert second != key
    assert world.accepts(second)
    assert not world.accepts(key)

    to_another_program(in_sync)
    in_sync_with(in_sync)
    assert in_sync.up().code == 0
    assert world.secret() == second

    to_the_checkout(in_sync, env)

    in_sync_with(in_sync)
    assert world.secret() == second
    rotated = in_sync.up("--replace", in_sync.urns()["zot-ci-api-key"])
    assert rotated.code == 0, rotated.text
    assert world.accepts(world.secret())
    assert not world.accepts(second)
    to_the_package(in_sync, package)
    destroyed = in_sync.destroy()
    assert destroyed.code == 0, destroyed.text
    assert world.estate.zot.of(world.username) == []


def test_both_names_are_one_module(tmp_path: Path) -> None:
    """Of a checkout, whose older states have the folder's name. Two copies would be two memories of one run."""
    for first, second in (("components", "zot_ci"), ("zot_ci", "components")):
        code = f"""
import {first}.dynamic.run, {second}.dynamic.run
import components.zot.api_key, zot_ci.zot.api_key
assert components.dynamic.run is zot_ci.dynamic.run
provider = components.zot.api_key.ApiKeyProvider
assert provider is zot_ci.zot.api_key.ApiKeyProvider and provider.__module__ == "zot_ci.zot.api_key"
assert components.zot.api_key.__spec__.name == "zot_ci.zot.api_key"
"""
        run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr
