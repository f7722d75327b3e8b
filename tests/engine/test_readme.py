"""
README.md as somebody uses it who knows nothing else: its commands are pasted one by one, from a clone to a rotated key.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, blocks, read
from tests.engine.clone import clone, make_without_fetching
from tests.engine.stack import Run, engine_environment, engine_is_there
from tests.estate.server import PortTakenError, bind
from tests.world import World

pytestmark = pytest.mark.embedded

README = read("README.md")
SECTION = README[README.index("## Quick start") : README.index("## What it keeps in sync")]
PATIENCE_SECONDS = 300


class Terminal:
    """
    A shell, in which one line after the other is pasted.
    """

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self._shell = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def paste(self, line: str) -> Run:
        """
        Run one line, and return how it ended and what it said.
        """
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        self._shell.stdin.write(f'{line}\necho "[ended with $?]"\n')
        self._shell.stdin.flush()
        said: list[str] = []
        for answer in self._shell.stdout:
            if end := re.fullmatch(r"\[ended with (\d+)\]\n", answer):
                return Run(int(end[1]), "".join(said))
            said.append(answer)
        raise AssertionError("".join(said))

    def close(self) -> None:
        """
        Leave the shell.
        """
        assert self._shell.stdin is not None
        self._shell.stdin.close()
        self._shell.wait(PATIENCE_SECONDS)
        assert self._shell.stdout is not None
        self._shell.stdout.close()


@pytest.fixture
def terminal(world: World, tmp_path: Path) -> Iterator[Terminal]:
    """
    A shell in a new clone, on a machine that has the tools and nobody's credentials.
    """
    if not engine_is_there():
        pytest.skip("no pulumi on PATH: `make tools` gets one")
    clone(tmp_path / "clone")
    make_without_fetching(tmp_path / "path")
    env = engine_environment(tmp_path / "machine")
    for name in ("PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE"):
        del env[name]
    # Nobody sits there to answer "yes".
    env |= {"PULUMI_OPTION_YES": "true", "PATH": os.pathsep.join([str(tmp_path / "path"), env["PATH"]])}
    terminal = Terminal(tmp_path / "clone", env)
    yield terminal
    terminal.close()


def _with_their_names(text: str, world: World, folder: Path) -> str:
    """
    The README's text with a reader's own addresses and tokens: those of the embedded systems.
    """
    for system, name in (("authentik", "AUTHENTIK_URL"), ("registry", "ZOT_URL"), ("forge", "FORGEJO_URL")):
        text = text.replace(f"https://{system}.example.test", world.env[name])
    text = re.sub(r"\b(\w+)=(?:…|https://\S+)", lambda found: f"{found[1]}={world.env.get(found[1], 'secret')}", text)
    return text.replace("file:///srv/pulumi-state", folder.as_uri())


def test_the_quick_start_leads_from_the_clone_to_a_rotated_key(
    world: World, terminal: Terminal, tmp_path: Path
) -> None:
    """Every command of it, in its order; with a quarter of a year between the first `up` and the one of that day."""
    (tmp_path / "state").mkdir()
    (stack_file,) = blocks("README.md", "yaml")
    begin, later = re.findall(r"^```sh\n(.*?)^```$", SECTION, re.DOTALL | re.MULTILINE)
    (path,) = re.findall(r"Write `(stacks/\S+)`", SECTION)
    (tmp_path / "clone" / path).write_text(_with_their_names(stack_file, world, tmp_path), encoding="utf-8")

    for line in _with_their_names(begin, world, tmp_path / "state").splitlines():
        run = terminal.paste(line)
        assert run.code == 0, f"{line}\n{run.text}"

    first = world.secret()
    assert world.accepts(first)
    assert world.field() == first

    keys = [first]
    for line in later.splitlines():
        if line.startswith("scripts/stack.py up"):
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
        for port in (39101, 39102, 39103, 39104):
            bind(port).close()
    except PortTakenError as taken:
        pytest.skip(f"the demo's ports are not free: {taken}")
    run = subprocess.run([sys.executable, "-m", "tests.demo"], cwd=ROOT, capture_output=True, text=True, check=False)
    (shown,) = re.findall(r"It ends with:\n\n```\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)

    assert run.returncode == 0, run.stdout + run.stderr
    assert len(run.stdout.splitlines()) < 150
    said = [_without_what_differs(line) for line in run.stdout.splitlines()]
    wanted = [_without_what_differs(line) for line in shown.splitlines() if line.strip() != "…"]
    assert [line for line in wanted if line not in said] == []


def _without_what_differs(line: str) -> str:
    """
    A line without ids, times and durations.
    """
    return re.sub(r"[0-9a-f]{8}…|\d{4}-\d\d-\d\d \d\d:\d\d|in \d+ s$", "…", line)
