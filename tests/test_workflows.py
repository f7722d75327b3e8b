"""
The workflows: checked by actionlint, and calling nothing that a person could not run.

Those of `examples/workflows/` are for an estate, and need its credentials; the canary among them is for a repository
that has the secret, and needs that alone. Those of `.forgejo/workflows/` test this repository, also for a stranger's
pull request, and must have none.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # comes with pulumi, without types

from scripts.stack import COMMANDS

ROOT = Path(__file__).resolve().parents[1]
CANARY = ROOT / "examples/workflows/canary.yaml"
WORKFLOWS = sorted(path for path in (ROOT / "examples/workflows").glob("*.yaml") if path != CANARY)
OURS = sorted((ROOT / ".forgejo/workflows").iterdir())


def _steps(path: Path) -> list[dict[str, Any]]:
    jobs = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]
    return [step for job in jobs.values() for step in job["steps"]]


def _actionlint() -> str:
    path = os.pathsep.join([str(ROOT / ".tools/bin"), os.environ.get("PATH", os.defpath)])
    program = shutil.which("actionlint", path=path)
    if program is None:
        pytest.skip("no actionlint: `make test-tools` builds one where Go is there")
    return program


def _lint(*paths: Path) -> subprocess.CompletedProcess[str]:
    config = ROOT / ".forgejo/actionlint.yaml"
    command = [_actionlint(), "-no-color", "-shellcheck=", "-pyflakes=", "-config-file", str(config), *map(str, paths)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_actionlint_finds_nothing() -> None:
    """In any of the files."""
    assert [path.stem for path in WORKFLOWS] == ["drift", "preview", "up", "verify"]

    run = _lint(CANARY, *WORKFLOWS, *OURS)

    assert run.returncode == 0, run.stdout + run.stderr


def test_actionlint_finds_a_planted_fault(tmp_path: Path) -> None:
    """The check can fail."""
    broken = tmp_path / "broken.yaml"
    broken.write_text(WORKFLOWS[0].read_text(encoding="utf-8").replace("runs-on: docker", "runs-on: nowhere"))

    assert _lint(broken).returncode == 1


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_runs_only_make_and_the_script(path: Path) -> None:
    """What a person can run as well; the file's own command is among them."""
    lines = [step["run"] for step in _steps(path) if "run" in step]
    called = [re.fullmatch(r'scripts/stack\.py --stack "\$STACK" (\w+)', line) for line in lines[1:]]

    # Without the engine there is no summary either.
    assert lines[0] == ("make venv" if path.stem == "verify" else "make tools")
    assert all(called)
    commands = [match[1] for match in called if match]
    assert commands == ([path.stem] if path.stem in ("preview", "verify") else [path.stem, "summary"])
    assert path.stem in {*COMMANDS, "verify"}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_credentials_are_on_the_steps_that_need_them(path: Path) -> None:
    """What is fetched and built before needs none."""
    whole = yaml.safe_load(path.read_text(encoding="utf-8"))
    (job,) = whole["jobs"].values()

    goes_on = {"PULUMI_CONTINUE_ON_ERROR": "true"} if path.stem == "up" else {}
    assert whole["env"] == {"STACK": whole["env"]["STACK"], **goes_on}
    assert "env" not in job
    for step in job["steps"]:
        assert ("OP_CONNECT_TOKEN" in step.get("env", {})) == ("stack.py" in step.get("run", ""))


def test_a_canary_puts_no_input_and_no_secret_into_a_script() -> None:
    """Whoever may start it could write shell there, and a command's arguments can be read by others on the machine."""
    whole = yaml.safe_load(CANARY.read_text(encoding="utf-8"))

    assert set(whole["jobs"]) == {"accepted", "ours"}
    # YAML 1.1 reads a bare `on` as a truth value.
    assert set(whole[True]["workflow_dispatch"]["inputs"]) == {"nonce", "digest"}
    for step in _steps(CANARY):
        assert "${{" not in step["run"]
        assert step["env"]["KEY"] == "${{ secrets.ZOT_CI_API_KEY }}"
        # `printf` is the shell's own, so what it is given is in no process list.
        assert [line for line in step["run"].splitlines() if "$KEY" in line and "printf '" not in line] == []


def test_only_up_may_write_and_all_run_one_at_a_time() -> None:
    """A pull request's code sees the credentials of `preview`: they are the reading ones."""
    for path in WORKFLOWS:
        text = path.read_text(encoding="utf-8")
        assert ("ZOT_CI_WRITE_" in text) == (path.stem == "up")
        assert ("ZOT_CI_READ_" in text) == (path.stem != "up")
        assert yaml.safe_load(text)["concurrency"] == {"group": "zot-ci-stack", "cancel-in-progress": False}


def test_a_fork_runs_nothing_but_the_tests_and_hands_them_nothing() -> None:
    """Where this repository is copied to, its secrets may have the names that the examples use."""
    made = {}
    for path in OURS:
        text = path.read_text(encoding="utf-8")
        lines = [step["run"] for step in _steps(path) if "run" in step]
        made[path.name] = [line for line in lines if line.startswith("make ")]
        assert "secrets" not in text
        assert "vars." not in text
        assert "pull_request_target" not in text

    assert made == {
        "newest.yaml": ["make newest"],
        "nightly.yaml": ["make nightly"],
        "release.yaml": ["make dist sbom"],
        "test.yaml": ["make test", "make docs"],
    }


def test_what_is_drawn_anew_is_drawn_at_night_only() -> None:
    """A pull request can fail for what it changes, and for nothing else."""
    # YAML 1.1, which Python reads, takes `on` for true.
    triggers = {path.stem: set(yaml.safe_load(path.read_text(encoding="utf-8"))[True]) for path in OURS}

    by_the_clock = {"schedule", "workflow_dispatch"}
    assert triggers == {
        "newest": by_the_clock,
        "nightly": by_the_clock,
        "release": {"push"},
        "test": {"pull_request", "push"},
    }


def test_mise_s_tasks_are_make_s_targets_and_the_script_s_commands() -> None:
    """Beside make, and nothing of their own; each says what it does."""
    tasks = tomllib.loads((ROOT / "mise.toml").read_text(encoding="utf-8"))["tasks"]
    targets = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    known = {f"make {target}" for target in targets}
    known |= {f"scripts/stack.py {command}" for command in (*COMMANDS, "check", "summary")}

    assert {*COMMANDS, "check", "summary", "test", "demo"} <= tasks.keys()
    for name, task in tasks.items():
        assert task["run"] in known
        assert task["run"].endswith(f" {name}")
        assert task["description"]
