"""
The program in examples/ under the real engine: what somebody else's program needs to have a credential of ours.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.engine.stack import ROOT, Stack, engine_is_there
from tests.wheel import Installed
from tests.world import GROUP, ITEM, OWNER, REPOSITORY, VAULT, World, credentials

pytestmark = pytest.mark.embedded

EXAMPLE = ROOT / "examples" / "another-program"


@pytest.fixture
def program(world: World, tmp_path: Path, package: Installed) -> Stack:
    """
    A stack of the example, in an environment that has our wheel.
    """
    if not engine_is_there():
        pytest.skip("no pulumi on PATH: `make tools` gets one")
    config = {"registry": world.zot_url, "sso": world.authentik_url, "forge": world.env["FORGEJO_URL"]}
    env = credentials(world) | package.env
    settings = {f"another-program:{name}": value for name, value in config.items()}
    stack = Stack(tmp_path / "stack", env, settings, source=EXAMPLE, parts=("Pulumi.yaml", "__main__.py"))
    # This project has a folder for its stack files, the example has not.
    shutil.copy(stack.project / "stacks" / "Pulumi.test.yaml", stack.project)
    return stack


def test_another_program_keeps_a_credential_and_takes_it_away_again(world: World, program: Stack) -> None:
    """From nothing to a key in both places, drift that is named, and a destroy."""
    zot, forgejo = world.estate.zot, world.estate.forgejo
    world.estate.authentik.add_group(GROUP)

    up = program.up()

    assert up.code == 0, up.text
    key = world.estate.onepassword.field(VAULT, ITEM, "ci-talos-api") or ""
    assert zot.accepts("ci-talos", key)
    assert forgejo.value(OWNER, REPOSITORY, "ZOT_PUSH_API_KEY") == key
    summary = json.loads(program.pulumi("stack", "output", "--json", streams="out").text)["talos"]
    assert (summary["label"], summary["other_keys"]) == ("zot-ci/test/ci-talos", [])
    world.estate.clock.advance(days=31)
    forgejo.delete_value(OWNER, REPOSITORY, "ZOT_PUSH_API_KEY")
    preview = program.preview()
    assert preview.code == 7, preview.text
    assert "zot API key of ci-talos: 31 days old, rotates after 30" in preview.text
    assert f"Forgejo secret {OWNER}/{REPOSITORY}/ZOT_PUSH_API_KEY: not found" in preview.text

    assert program.destroy().code == 0
    assert zot.of("ci-talos") == []
    assert "ci-talos" not in world.estate.authentik.users


INLINE = """
import sys
from pulumi import automation
from zot_ci import FieldArgs, RegistryCredential, RegistryCredentialArgs

def program():
    RegistryCredential("ci", RegistryCredentialArgs(zot_url=sys.argv[1], username="ci", store=FieldArgs("v", "i", "f")))

stack = automation.create_or_select_stack("test", "inline", program)
getattr(stack, sys.argv[2])(on_output=print)
"""


@pytest.mark.parametrize("command", ["preview", "up"])
def test_an_inline_program_is_refused_in_a_sentence(command: str, world: World, program: Stack) -> None:
    """It runs in the process of its caller, and would share nothing with its providers."""
    python = shutil.which("python", path=program.env["PATH"])
    assert python is not None
    arguments = [python, "-c", INLINE, world.zot_url, command]
    ran = subprocess.run(arguments, cwd=program.project, env=program.env, capture_output=True, text=True, check=False)

    assert ran.returncode == 1
    assert "cannot be in an inline program of the Automation API; give the stack a folder" in ran.stdout
    assert not list(world.estate.log)
