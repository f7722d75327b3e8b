"""
README.md as somebody uses it who knows nothing else: its commands are pasted one by one, from the wheel to a
rotated key.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]  # comes with pulumi, without types

from tests.demo import PORTS
from tests.docs.pages import ROOT, blocks, read
from tests.engine.stack import engine_environment, engine_is_there
from tests.engine.terminal import Terminal, without_what_differs
from tests.estate.server import PortTakenError, bind
from tests.wheel import Installed
from tests.world import World

pytestmark = pytest.mark.embedded

README = read("README.md")
SECTION = README[README.index("## Quick start") : README.index("## What it keeps in sync")]


@pytest.fixture
def terminal(tmp_path: Path, package: Installed) -> Iterator[Terminal]:
    """
    A shell on a machine that has the engine, the wheel in `~/zot-ci`, and nobody's credentials.
    """
    if not engine_is_there():
        pytest.skip("no pulumi on PATH: `make tools` gets one")
    env = engine_environment(tmp_path / "machine") | package.env
    for name in ("PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE"):
        del env[name]
    # Nobody sits there to answer "yes".
    env |= {"PULUMI_OPTION_YES": "true", "HOME": str(tmp_path)}
    # What `make dist` and the line after it do, without a download: tests/wheel.py.
    (tmp_path / "zot-ci").symlink_to(package.bin.parent)
    terminal = Terminal(tmp_path, env)
    yield terminal
    terminal.close()


def _answers(world: World) -> str:
    """
    A reader's own addresses and names: those of the embedded systems.
    """
    (text,) = blocks("README.md", "yaml")
    shown = yaml.safe_load(text)["config"]
    account = shown["zot-ci:accounts"][0]
    said = {
        "authentik": world.env["AUTHENTIK_URL"],
        "zot": world.env["ZOT_URL"],
        "forgejo": world.env["FORGEJO_URL"],
        "oidc-provider": shown["zot-ci:zot"]["oidcProvider"],
        "username": account["username"],
        "group": account["groups"][0],
        **account["onepassword"],
        **account["forgejo"][0],
    }
    return " ".join(f"--{name} {shlex.quote(value)}" for name, value in said.items())


def _with_their_names(text: str, world: World, folder: Path) -> str:
    """
    The README's text with a reader's own addresses and tokens: those of the embedded systems.
    """
    for system, name in (("authentik", "AUTHENTIK_URL"), ("registry", "ZOT_URL"), ("forge", "FORGEJO_URL")):
        text = text.replace(f"https://{system}.example.test", world.env[name])
    text = re.sub(r"\b(\w+)=(?:…|https://\S+)", lambda found: f"{found[1]}={world.env.get(found[1], 'secret')}", text)
    return text.replace("file:///srv/pulumi-state", folder.as_uri())


# What the package fixture has done already, and what would ask an index for the packages that the tests have.
DONE = ("make dist", "python3 -m venv ~/zot-ci && ~/zot-ci/bin/pip install dist/*.whl")
FETCHES = "pip install --require-hashes -r requirements.txt"


def test_the_quick_start_leads_from_the_wheel_to_a_rotated_key(
    world: World, terminal: Terminal, tmp_path: Path
) -> None:
    """Every command of it, in its order; with a quarter of a year between the first `up` and the one of that day."""
    (tmp_path / "state").mkdir()
    make, begin, later = re.findall(r"^```sh\n(.*?)^```$", SECTION, re.DOTALL | re.MULTILINE)
    lines = [line.partition("  #")[0].rstrip() for line in make.splitlines()]
    assert tuple(lines[:2]) == DONE
    assert lines[-1] == FETCHES
    new, into = lines[2:-1]
    assert new == "~/zot-ci/bin/zot-ci new ~/registry-keys"
    # An answer to each question; `tests/watch/test_new.py` answers on a terminal.
    run = terminal.paste(f"{new} {_answers(world)}")
    assert run.code == 0, run.text
    for said in ("Pulumi.homelab.yaml", "requirements.txt", "up.yaml"):
        assert list((tmp_path / "registry-keys").rglob(said)), said
    # The environment that it would make has what this one has.
    run = terminal.paste(
        into.replace("python3 -m venv .venv", "ln -s ~/zot-ci .venv").replace(". .venv/bin/activate", ":")
    )
    assert run.code == 0, run.text

    for line in _with_their_names(begin, world, tmp_path / "state").splitlines():
        run = terminal.paste(line)
        assert run.code == 0, f"{line}\n{run.text}"

    first = world.secret()
    assert world.accepts(first)
    assert world.field() == first

    keys = [first]
    for line in later.splitlines():
        if line.startswith("zot-ci up"):
            world.estate.clock.advance(days=91)
        run = terminal.paste(line)
        assert run.code == 0, f"{line}\n{run.text}"
        keys.append(world.secret())

    # In sync; rotated, since it was due; rotated, since somebody said so; and the summary changes nothing.
    assert keys[1] == first
    assert len(set(keys)) == 3
    assert keys[4] == keys[3]
    assert world.accepts(keys[3])
    assert not any(world.accepts(key) for key in keys[:3])


def test_the_demo_is_short_and_ends_as_the_readme_shows() -> None:
    """The same lines but for ids, times and what is left out, in less than 150."""
    try:
        for port in PORTS.values():
            bind(port).close()
    except PortTakenError as taken:
        pytest.skip(f"the demo's ports are not free: {taken}")
    run = subprocess.run([sys.executable, "-m", "tests.demo"], cwd=ROOT, capture_output=True, text=True, check=False)
    (shown,) = re.findall(r"It ends with:\n\n```\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)

    assert run.returncode == 0, run.stdout + run.stderr
    assert len(run.stdout.splitlines()) < 150
    said = [without_what_differs(line) for line in run.stdout.splitlines()]
    wanted = [without_what_differs(line) for line in shown.splitlines() if line.strip() != "…"]
    assert [line for line in wanted if line not in said] == []
