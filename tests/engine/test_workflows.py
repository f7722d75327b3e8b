"""
The examples of `examples/workflows/`, run as a forge's runner runs them: by `act`, on this machine instead of in a
container, with the real engine and the embedded systems.

`act` stands for the runner: it reads the file, chooses by the event, hands over secrets and variables, masks what it
prints, goes on or not after a step that failed, and keeps the job's summary. The checkout is a copy of the folder, as
`act` makes it; no action is fetched.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]  # comes with pulumi, without types

from tests.engine.clone import clone, make_without_fetching
from tests.engine.stack import PASSPHRASE, ROOT, Run, Stack
from tests.estate.forgejo.runner import Runner as Canaries
from tests.verifying import canary_of
from tests.world import GROUP, OWNER, REPOSITORY, SECRET, VAULT, World

pytestmark = pytest.mark.embedded

# A run takes some 10 s where nothing else runs.
PATIENCE_SECONDS = 600

# Where the stack file of the reference deployment says that the other two tokens are.
TOKENS = {
    "AUTHENTIK_TOKEN": ("Authentik (blumeops)", "api-token", "zot-ci:authentik"),
    "FORGEJO_TOKEN": ("Forgejo Secrets", "api-token", "zot-ci:forgejo"),
}


class Runner:
    """
    A repository with the examples in it, its secrets and variables, and a runner that knows the label `docker`.
    """

    def __init__(self, act: str, world: World, stack: Stack, folder: Path) -> None:
        self.folder = folder
        self.act = act
        self.stack = stack
        self.project = folder / "repository"
        self._check_out(world, stack)
        self._environment(folder)
        onepassword = world.estate.onepassword
        self.secrets = {
            "ZOT_CI_READ_OP_CONNECT_TOKEN": onepassword.add_token([VAULT], writes=False),
            "ZOT_CI_WRITE_OP_CONNECT_TOKEN": onepassword.add_token([VAULT]),
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        }
        self.variables = {
            "OP_CONNECT_HOST": world.env["OP_CONNECT_HOST"],
            "PULUMI_BACKEND_URL": stack.env["PULUMI_BACKEND_URL"],
        }

    def run(self, workflow: str, event: str, folder: str = "examples/workflows", options: tuple[str, ...] = ()) -> Run:
        """
        What the forge starts when *event* happens.
        """
        (self.folder / "secrets").write_text(_lines(self.secrets), encoding="utf-8")
        (self.folder / "variables").write_text(_lines(self.variables), encoding="utf-8")
        command = [self.act, event, "--workflows", f"{folder}/{workflow}.yaml", "--directory", ".", *options]
        command += ["--platform", "docker=-self-hosted", "--no-cache-server", "--use-gitignore=false"]
        command += ["--secret-file", str(self.folder / "secrets"), "--var-file", str(self.folder / "variables")]
        process = subprocess.Popen(
            command,
            cwd=self.project,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            text, _ = process.communicate(timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            # With all that it started, which would go on asking the systems of the next test.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        return Run(process.returncode, text)

    def _check_out(self, world: World, stack: Stack) -> None:
        clone(self.project)
        config = dict(world.config())
        for variable, (item, field, system) in TOKENS.items():
            config[system] = config[system] | {"token": f"op://{VAULT}/{item}/{field}"}
            if item not in {held.current["title"] for held in world.estate.onepassword.vault(VAULT).items.values()}:
                world.estate.onepassword.add_item(VAULT, item)
            world.estate.onepassword.set_field(VAULT, item, field, world.env[variable])
        stack.configure(config)
        file = stack.project / "stacks" / f"Pulumi.{stack.name}.yaml"
        shutil.copy(file, self.project / "stacks")
        for path in (self.project / "examples/workflows").iterdir():
            text = path.read_text(encoding="utf-8")
            path.write_text(text.replace("STACK: blumeops", f"STACK: {stack.name}"), encoding="utf-8")
        who = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.test"]
        subprocess.run(["git", "init", "--quiet", "--initial-branch", "main"], cwd=self.project, check=True)
        subprocess.run(
            ["git", *who, "commit", "--quiet", "--allow-empty", "--message", "ours"], cwd=self.project, check=True
        )

    def _environment(self, folder: Path) -> None:
        """
        What the runner's image has: the programs, and no credential.
        """
        make_without_fetching(folder / "path")
        self.env = {
            name: value
            for name, value in self.stack.env.items()
            # These come by the workflow, or not at all.
            if not name.startswith(("OP_", "AUTHENTIK_", "FORGEJO_", "PULUMI_CONFIG", "PULUMI_BACKEND"))
        }
        self.env["PATH"] = os.pathsep.join([str(folder / "path"), self.env["PATH"]])
        self.env |= {"HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache"), "XDG_CONFIG_HOME": str(folder)}
        (folder / "act").mkdir()
        # Without a file of its own it asks a person which images to use.
        (folder / "act/actrc").touch()


def _lines(pairs: Mapping[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in pairs.items())


@pytest.fixture
def runner(world: World, stack: Stack, tmp_path: Path) -> Runner:
    """
    A stack before its first `up`, and the repository that runs it.
    """
    path = os.pathsep.join([str(ROOT / ".tools/bin"), os.environ.get("PATH", os.defpath)])
    act = shutil.which("act", path=path)
    if act is None:
        pytest.skip("no act: `make workflows` builds one where Go is there")
    folder = tmp_path / "runner"
    folder.mkdir()
    return Runner(act, world, stack, folder)


def _steps(text: str) -> dict[str, str]:
    """
    How each step of the job ended, by its command: `Success`, or `Failure` with the exit code.
    """
    ends = re.findall(
        r"(Success|Failure) - Main (.*?) \[[\d.ms]+\]\n(?:\[.*?\] exit status (\d+))?", text, re.MULTILINE
    )
    return {step: f"{end} {code}".strip() for end, step, code in ends}


def _summary(text: str) -> str:
    """
    What the job's page shows.
    """
    (summary,) = re.findall(r"Summary - (.*?)^\[", text, re.MULTILINE | re.DOTALL)
    return str(summary)


def test_a_monday_a_bad_night_and_a_pull_request(world: World, stack: Stack, runner: Runner) -> None:
    """The weekly `up` makes and publishes the key; a drift ends the night's job with 7; a preview changes nothing."""
    script = 'scripts/stack.py --stack "$STACK"'
    begun = dict.fromkeys(("actions/checkout@v4", "make tools"), "Success")

    monday = runner.run("up", "schedule")

    assert monday.code == 0, monday.text
    assert _steps(monday.text) == begun | {f"{script} up": "Success", f"{script} summary": "Success"}
    assert f"| {world.username} | 0 d |" in _summary(monday.text)
    assert "in sync" in _summary(monday.text)
    assert world.accepts(world.secret())

    world.leave(GROUP)
    night = runner.run("drift", "schedule")

    assert night.code != 0
    # The summary comes all the same: it says what the night found.
    assert _steps(night.text) == begun | {f"{script} drift": "Failure 7", f"{script} summary": "Success"}
    assert "1 to change" in _summary(night.text)
    assert f"left group {GROUP}" in _summary(night.text)

    proposed = runner.run("preview", "pull_request")

    assert proposed.code == 0, proposed.text
    assert f"left group {GROUP}" in proposed.text
    assert world.groups() == set()
    secrets = [*world.estate.secrets, *runner.secrets.values()]
    for run in (monday, night, proposed):
        assert [secret for secret in secrets if secret in run.text] == []


def test_the_night_s_verify_ends_with_7_where_a_secret_was_overwritten(
    world: World, stack: Stack, runner: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a token that reads 1Password, and neither state nor passphrase; the canary's jobs run beside it."""
    monkeypatch.setenv("AUTHENTIK_TOKEN", world.env["AUTHENTIK_TOKEN"])
    canary = {"workflow": "canary.yaml", "timeoutSeconds": 60}
    place = {"repository": f"{OWNER}/{REPOSITORY}", "secret": SECRET, "canary": canary}
    file = runner.project / "stacks" / f"Pulumi.{stack.name}.yaml"
    config = yaml.safe_load(file.read_text(encoding="utf-8"))
    config["config"]["zot-ci:accounts"][0]["forgejo"] = [place]
    file.write_text(json.dumps(config), encoding="utf-8")
    forgejo = world.estate.forgejo
    forgejo.add_workflow(OWNER, REPOSITORY, "canary.yaml", canary_of(world))
    world.make_account(GROUP)
    world.set_field(world.key_made_by_hand())
    forgejo.set_value(OWNER, REPOSITORY, SECRET, world.field() or "")
    runner.secrets = {name: text for name, text in runner.secrets.items() if name.startswith("ZOT_CI_READ_")}
    begun = dict.fromkeys(("actions/checkout@v4", "make venv"), "Success")
    verify = 'scripts/stack.py --stack "$STACK" verify'

    with Canaries(forgejo, tmp_path):
        good = runner.run("verify", "schedule")
        forgejo.set_value(OWNER, REPOSITORY, SECRET, "no key at all")
        bad = runner.run("verify", "schedule")

    assert good.code == 0, good.text
    assert _steps(good.text) == begun | {verify: "Success"}
    assert _steps(bad.text) == begun | {verify: "Failure 7"}
    assert f"Forgejo secret {OWNER}/{REPOSITORY}/{SECRET} of {world.username}: another key" in bad.text
    secrets = [*world.estate.secrets, *runner.secrets.values()]
    for run in (good, bad):
        assert [secret for secret in secrets if secret in run.text] == []


def test_a_fork_s_pull_request_gets_no_secret_and_asks_no_system(world: World, runner: Runner) -> None:
    """Forges give none to it: the state cannot be read, and that is the end."""
    runner.secrets = {}
    asked = len(list(world.estate.log))

    run = runner.run("preview", "pull_request")

    assert run.code != 0
    assert _steps(run.text)['scripts/stack.py --stack "$STACK" preview'].startswith("Failure")
    assert "passphrase" in run.text
    assert len(list(world.estate.log)) == asked


def test_an_event_that_a_workflow_does_not_name_runs_nothing(runner: Runner) -> None:
    """A push to main is no reason for the night's job, nor a pull request for an `up`."""
    assert "Could not find any stages to run" in runner.run("drift", "push").text
    assert "Could not find any stages to run" in runner.run("up", "pull_request").text


def test_a_pull_request_runs_the_tests_and_the_site_without_any_secret(runner: Runner) -> None:
    """With a `make` that only says what it was called for: the tests are the ones that run here."""
    (runner.project / ".forgejo").mkdir()
    shutil.copytree(ROOT / ".forgejo/workflows", runner.project / ".forgejo/workflows")
    make = runner.folder / "path/make"
    make.write_text('#!/bin/sh\necho "made $1"\n', encoding="utf-8")
    setup = runner.folder / "setup-go"
    setup.mkdir()
    action = {"name": "go", "runs": {"using": "composite", "steps": [{"run": "go version", "shell": "bash"}]}}
    (setup / "action.yml").write_text(json.dumps(action), encoding="utf-8")
    runner.secrets = {}

    run = runner.run(
        "test",
        "pull_request",
        folder=".forgejo/workflows",
        options=("--local-repository", f"actions/setup-go@v5={setup}"),
    )

    assert run.code == 0, run.text
    assert re.findall(r"\| made (\w+)$", run.text, re.MULTILINE) == ["test", "docs"]
