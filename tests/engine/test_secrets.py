"""
No secret where it does not belong: not in the state, the stack file, the output, or anything else a run leaves.
"""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from tests.engine.leaks import command_lines, leaks, leaks_in
from tests.engine.stack import Stack, engine_environment, engine_is_there
from tests.world import OWNER, REPOSITORY, SECRET, World

LOUD = ("--logtostderr", "-v=9")


def test_a_planted_leak_is_found(tmp_path: Path) -> None:
    """The search can fail."""
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "history.json").write_text('{"value": "zak_0123456789abcdef0123456789abcdef"}')

    assert leaks_in({"zak_0123456789abcdef0123456789abcdef"}, tmp_path) == ["state/history.json: zak_01"]


def test_a_secret_in_an_argument_is_found() -> None:
    """So can the look at the process table."""
    waiting = "import sys; print(flush=True); sys.stdin.read()"
    process = subprocess.Popen(
        [sys.executable, "-c", waiting, "zak_0123456789abcdef0123456789abcdef"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout
    process.stdout.readline()
    seen = command_lines(process.pid)
    process.communicate()

    assert leaks({"zak_0123456789abcdef0123456789abcdef"}, "\n".join(seen).encode()) == ["zak_01"]


@pytest.mark.embedded
@pytest.mark.parametrize("flags", [(), LOUD], ids=["as a person runs it", "as loud as the engine can be"])
def test_no_secret_is_left_by_a_life_of_ups_drifts_and_failures(
    flags: tuple[str, ...], world: World, stack: Stack, tmp_path: Path
) -> None:
    """First up, preview, rotation, drift, refused tokens, destroy: nothing in any output or file."""
    texts = [stack.up(*flags).text, stack.preview(*flags).text]
    world.estate.zot.clock.advance(days=91)
    plan = tmp_path / "plan.json"
    texts += [stack.pulumi("preview", "--save-plan", str(plan), *flags).text, stack.up(*flags).text]
    assert plan.stat().st_size > 0
    key = world.field() or ""
    world.revoke(key, world.keys(key)[0]["uuid"])
    world.set_field("zak_ffffffffffffffffffffffffffffffff")
    world.estate.secrets.add("zak_ffffffffffffffffffffffffffffffff")
    world.estate.forgejo.delete_value(OWNER, REPOSITORY, SECRET)
    texts += [stack.preview(*flags).text, stack.up(*flags).text]
    for name in ("AUTHENTIK_TOKEN", "FORGEJO_TOKEN", "OP_CONNECT_TOKEN"):
        right = stack.env[name]
        wrong = "wrong-but-secret-" + name.lower()
        world.estate.secrets.add(wrong)
        stack.env[name] = wrong
        refused = stack.up(*flags)
        assert refused.code != 0
        texts.append(refused.text)
        stack.env[name] = right
    texts += [stack.pulumi("stack", "export").text, stack.pulumi("stack", "output", "--json").text]
    before_destroy = leaks_in(set(world.estate.secrets), tmp_path)
    texts.append(stack.destroy().text)

    secrets = set(world.estate.secrets)
    assert len(secrets) > 30
    assert before_destroy == []
    assert leaks_in(secrets, tmp_path) == []
    assert any("pulumi-language-python" in line for line in stack.command_lines)
    assert leaks(secrets, "\n".join(stack.command_lines).encode()) == []
    shown = "\n".join(without_the_engine_s_own_property_log(line) for text in texts for line in text.splitlines())
    assert leaks(secrets, shown.encode()) == []
    everything = "\n".join(texts).encode()
    assert [leak for leak in leaks(secrets, everything) if not leak.startswith("zak_")] == []


def without_the_engine_s_own_property_log(line: str) -> str:
    """
    Return *line* without a record in which the engine logs the properties that pass through it, secret ones in clear:
    it does so for every program under `--logtostderr`, see the next test, and no program can keep it from that. The
    record may follow the dots of the engine's progress, which end no line.
    """
    shown, record, logged = line.partition('{"time":')
    words = ("Marshaling property", "Unmarshaling property", "Planner decided")
    return shown if record and any(f'"msg":"{first}' in logged for first in words) else line


def test_the_engine_s_debug_log_shows_any_program_s_secrets_up_to_some_version(tmp_path: Path) -> None:
    """The minimal case: a secret output, without any provider code of ours. 3.250 shows it, 3.276 masks it."""
    if not engine_is_there():
        pytest.skip("no pulumi on PATH: `make tools` gets one")
    (tmp_path / "state").mkdir()
    (tmp_path / "Pulumi.yaml").write_text("name: minimal\nruntime: python\n")
    (tmp_path / "__main__.py").write_text(
        "import pulumi\npulumi.export('answer', pulumi.Output.secret('a-secret-of-nobody'))\n"
    )
    env = engine_environment(tmp_path)
    run = partial(subprocess.run, cwd=tmp_path, env=env, capture_output=True, check=True, text=True)
    run(["pulumi", "stack", "init", "minimal", "--non-interactive"])

    quiet = run(["pulumi", "preview", "--non-interactive"])
    loud = run(["pulumi", "preview", "--non-interactive", *LOUD])

    assert "a-secret-of-nobody" not in quiet.stdout + quiet.stderr
    version = tuple(map(int, run(["pulumi", "version"]).stdout.strip().lstrip("v").split(".")[:2]))
    assert ("a-secret-of-nobody" in loud.stdout + loud.stderr) is (version < (3, 276))
