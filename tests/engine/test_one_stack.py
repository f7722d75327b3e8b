"""
One stack, from a checkout to a repository of one's own, and back: a state holds the names of both.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scripts.watch.new import _TEMPLATES
from tests.engine.stack import ROOT, Stack
from tests.wheel import Installed
from tests.world import World

pytestmark = pytest.mark.embedded

OF_A_CHECKOUT = ("__main__.py", "components", "zot_ci.py")
OF_A_REPOSITORY = ("__main__.py", "components.py")


def to_the_package(stack: Stack, package: Installed) -> dict[str, str]:
    """Make the project one that `zot-ci new` has made; return what its environment was."""
    for part in OF_A_CHECKOUT:
        (stack.project / part).unlink(missing_ok=True)
    for part in OF_A_REPOSITORY:
        (stack.project / part).write_text((_TEMPLATES / f"{part}.txt").read_text())
    before = dict(stack.env)
    stack.env |= package.env
    return before


def to_the_checkout(stack: Stack, env: dict[str, str]) -> None:
    """Make the project a checkout again."""
    for part in OF_A_REPOSITORY:
        (stack.project / part).unlink()
    for part in OF_A_CHECKOUT:
        (stack.project / part).symlink_to(ROOT / part)
    stack.env = env


def in_sync_with(stack: Stack) -> None:
    """A preview has nothing to do."""
    run = stack.preview()
    assert run.code == 0, run.text


def test_a_stack_goes_from_a_checkout_to_the_package_and_back(world: World, in_sync: Stack, package: Installed) -> None:
    """The same key in the same places, nothing shown; each way rotates what the other has made, and takes it away."""
    key = world.secret()
    env = to_the_package(in_sync, package)
    in_sync_with(in_sync)
    assert in_sync.up().code == 0
    assert world.secret() == key
    # The next key has the package's name in the state, the rest the checkout's.
    rotated = in_sync.up("--replace", in_sync.urns()["zot-ci-api-key"])
    assert rotated.code == 0, rotated.text
    second = world.secret()
    assert second != key
    assert world.accepts(second)
    assert not world.accepts(key)

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


def test_both_names_are_one_module(package: Installed, tmp_path: Path) -> None:
    """Two copies would be two memories of one run."""
    code = """
import components.dynamic.run, zot_ci.dynamic.run
from {ours}.zot.api_key import ApiKeyProvider
import {other}.zot.api_key as other
assert components.dynamic.run is zot_ci.dynamic.run and other.ApiKeyProvider is ApiKeyProvider
assert ApiKeyProvider.__module__ == other.__spec__.name == "{ours}.zot.api_key"
"""
    (tmp_path / "components.py").write_text((_TEMPLATES / "components.py.txt").read_text())
    for python, folder, names in (
        (package.bin / "python", tmp_path, {"ours": "zot_ci", "other": "components"}),
        (Path(sys.executable), ROOT, {"ours": "components", "other": "zot_ci"}),
    ):
        command = [str(python), "-c", code.format(**names)]
        run = subprocess.run(command, cwd=folder, env=package.env, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr


def test_the_two_bridges_are_one_text() -> None:
    """But for the names, which are the other way round."""
    there = (ROOT / "zot_ci.py").read_text().split('"""', 2)[2]
    here = (_TEMPLATES / "components.py.txt").read_text().split('"""', 2)[2]

    assert here == there.replace('OTHER, OURS = "zot_ci.", "components."', 'OTHER, OURS = "components.", "zot_ci."')
