"""
docs/tutorial.md as a beginner follows it: its commands are pasted one by one, and say what the page shows.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, read
from tests.engine.stack import engine_environment, engine_is_there
from tests.engine.terminal import Terminal, without_what_differs
from tests.world import World

pytestmark = pytest.mark.embedded

# In the page's order: the language of each block, and what is in it.
BLOCKS = re.findall(r"^```(sh)?\n(.*?)^```$", read("docs/tutorial.md"), re.DOTALL | re.MULTILINE)
STACK_FILE = "stacks/Pulumi.demo.yaml"
# The environment of the tests has what this one has.
ACTIVATE = ". .venv/bin/activate"


@pytest.fixture
def clone(world: World, tmp_path: Path) -> Path:
    """
    A clone of this repository whose stack file names the systems of this test.
    """
    folder = tmp_path / "clone"
    (folder / "stacks").mkdir(parents=True)
    for name in ("Pulumi.yaml", "__main__.py", "components", "zot_ci", "scripts"):
        (folder / name).symlink_to(ROOT / name)
    text = read(STACK_FILE)
    for setting, name in (("authentik", "AUTHENTIK_URL"), ("zot", "ZOT_URL"), ("forgejo", "FORGEJO_URL")):
        text, count = re.subn(rf'(zot-ci:{setting}: {{url: )"[^"]+"', rf'\g<1>"{world.env[name]}"', text)
        assert count == 1, setting
    (folder / STACK_FILE).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def terminal(clone: Path, tmp_path: Path) -> Iterator[Terminal]:
    """
    A shell in that clone, on a machine that has the engine and nobody's credentials.
    """
    if not engine_is_there():
        pytest.skip("no pulumi on PATH: `make tools` gets one")
    env = engine_environment(tmp_path / "machine")
    for name in ("PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE"):
        del env[name]
    terminal = Terminal(clone, env)
    yield terminal
    terminal.close()


def test_the_tutorial_leads_from_nothing_to_a_rotation_and_back_to_nothing(
    world: World, terminal: Terminal, clone: Path
) -> None:
    """Every command of it ends as it says, and each line that it shows is said; but for ids and times."""
    assert BLOCKS[0] == ("sh", "make estate\n")
    assert BLOCKS[1][1].startswith(f"{ACTIVATE}\n")
    for name, value in world.env.items():
        assert terminal.paste(f"export {name}={shlex.quote(value)}").code == 0

    said: list[str] = []
    keys: list[str | None] = []
    for language, text in BLOCKS[1:]:
        if language != "sh":
            wanted = [without_what_differs(line) for line in text.splitlines()]
            assert [line for line in wanted if line not in said] == [], "\n".join(said)
            said = []
            continue
        for line in text.replace(ACTIVATE, ":").splitlines():
            code = re.search(r"# exit code (\d)", line)
            run = terminal.paste(line)
            assert run.code == (int(code[1]) if code else 0), f"{line}\n{run.text}"
            said += [without_what_differs(found.strip()) for found in run.text.splitlines()]
            keys.append(world.secret())

    used = [key for key in dict.fromkeys(keys) if key]
    assert len(used) == 2
    assert not any(world.accepts(key) for key in used)
    assert (world.secret(), world.field(), world.account()) == (None, None, None)
    assert not (clone / ".tools/tutorial").exists()


def test_the_systems_are_served_where_the_stack_file_of_the_tutorial_looks_for_them() -> None:
    """Both have the ports."""
    (recipe,) = re.findall(r"^estate:.*\n\t@.*tests\.estate (.*)$", read("Makefile"), re.MULTILINE)
    ports = dict(re.findall(r"--port (\w+)=(\d+)", recipe))
    named = dict(re.findall(r'zot-ci:(\w+): {url: "http://127\.0\.0\.1:(\d+)"', read(STACK_FILE)))

    assert set(ports) == {"authentik", "zot", "onepassword", "forgejo"}
    assert named == {name: port for name, port in ports.items() if name != "onepassword"}
