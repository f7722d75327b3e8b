"""
scripts/stack.py verify, as a person calls it: exit codes, what is printed, and its two files. The engine has no part in
it, and a stack's state needs not be there.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scripts.watch.proofs import read
from tests.engine.stack import ROOT, Run
from tests.estate.forgejo.runner import Runner
from tests.verifying import canary_of
from tests.verifying import published as published
from tests.world import OWNER, REPOSITORY, SECRET, World, credentials

pytestmark = pytest.mark.embedded

THING = f"Forgejo secret {OWNER}/{REPOSITORY}/{SECRET}"


class Project:
    """A checkout with one stack file, and no engine."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world, self.folder = world, folder / "project"
        (self.folder / "stacks").mkdir(parents=True)
        for part in ("Pulumi.yaml", "scripts", "zot_ci"):
            (self.folder / part).symlink_to(ROOT / part)
        (folder / "jobs").mkdir()
        self.runner = Runner(world.estate.forgejo, folder / "jobs")
        self.configure()

    def configure(self, **canary: Any) -> None:
        """Name a canary in the stack file."""
        about = {"workflow": "canary.yaml", "timeoutSeconds": 20} | canary
        place = {"repository": f"{OWNER}/{REPOSITORY}", "secret": SECRET, "canary": about}
        config = {"config": self.world.config(forgejo=[place])}
        (self.folder / "stacks/Pulumi.test.yaml").write_text(json.dumps(config), encoding="utf-8")

    def verify(self, *arguments: str, **env: str) -> Run:
        """Run it, somewhere else than in the project."""
        keep = {name: os.environ[name] for name in ("LANG", "HOME") if name in os.environ}
        process = subprocess.run(
            [sys.executable, str(self.folder / "scripts/stack.py"), "--stack", "test", "verify", *arguments],
            cwd=self.folder.parent,
            # No PATH to an engine.
            env=keep | {"PATH": os.defpath, "NO_PROXY": "127.0.0.1"} | credentials(self.world) | env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
        return Run(process.returncode, process.stdout)


@pytest.fixture
def project(published: World, tmp_path: Path) -> Project:
    """With a secret that works."""
    return Project(published, tmp_path)


def test_an_overwritten_secret_is_7_and_is_named_and_then_0_again(project: Project) -> None:
    """The files keep when it worked last."""
    world, file = project.world, project.folder.parent / "verified.json"
    arguments = ("--json", "verified.json", "--metrics", "verified.prom")
    metrics = project.folder.parent / "verified.prom"

    with project.runner:
        before = project.verify(*arguments)
        proven = read(file, "test").places[0].proven
        world.estate.forgejo.set_value(OWNER, REPOSITORY, SECRET, world.key_made_by_hand("theirs"))
        bad = project.verify(*arguments)
        kept, told = read(file, "test").places[0], metrics.read_text(encoding="utf-8")
        world.estate.forgejo.set_value(OWNER, REPOSITORY, SECRET, world.field() or "")
        again = project.verify(*arguments)

    key = world.estate.zot.key(world.field() or "")
    assert key is not None
    assert (before.code, bad.code, again.code) == (0, 7, 0), bad.text
    assert f"{THING} of zot-ci: works, with key {key.uuid}" in before.text
    assert "verified: 1 of 1 work" in before.text
    assert f"{THING} of zot-ci: another key: CI has another key than the store of record" in bad.text
    assert "verified: 0 of 1 work" in bad.text
    assert proven is not None
    assert (kept.result, kept.proven, proven.key_uuid) == ("another key", proven, key.uuid)
    samples = {line.partition("{")[0]: float(line.split()[-1]) for line in told.splitlines() if line[0] != "#"}
    assert samples == {
        "zot_ci_place_proven_timestamp_seconds": proven.at.timestamp(),
        "zot_ci_place_works": 0.0,
    }
    for run in (before, bad, again):
        assert f"stack: {THING}: started canary.yaml on main" in run.text
        assert world.estate.secrets.found_in(run.text) == []
    for text in (file.read_text(encoding="utf-8"), told):
        assert world.estate.secrets.found_in(text) == []


def test_a_fault_is_1_whatever_else_was_found(project: Project) -> None:
    """Nobody knows whether that place works."""
    run = project.verify(FORGEJO_TOKEN="wrong")

    assert run.code == 1
    assert f"{THING} of zot-ci: fault: Forgejo GET " in run.text
    assert "answered 401" in run.text
    assert "check FORGEJO_TOKEN" in run.text
    assert "Traceback" not in run.text


def test_a_workflow_that_is_gone_is_7(project: Project) -> None:
    """It could be asked, and nothing showed that CI can push."""
    project.configure(workflow="gone.yaml")

    run = project.verify()

    assert run.code == 7
    assert "no answer: Forgejo POST " in run.text
    assert "no such workflow on that branch" in run.text


def test_no_runner_is_7_after_the_limit(project: Project) -> None:
    """In the time that the stack file gives it."""
    project.configure(timeoutSeconds=0.4)

    run = project.verify()

    assert run.code == 7
    assert "no runner has taken run" in run.text


def test_without_a_canary_there_is_nothing_to_verify_and_no_fault(project: Project) -> None:
    """It says so."""
    config = {"config": project.world.config()}
    (project.folder / "stacks/Pulumi.test.yaml").write_text(json.dumps(config), encoding="utf-8")

    run = project.verify("--metrics", "x.prom")

    assert run.code == 0
    assert "verified: 0 of 0 work; 1 without a canary" in run.text
    assert "zot_ci_place" not in (project.folder.parent / "x.prom").read_text(encoding="utf-8")


def test_an_account_that_is_not_there_is_named_with_those_that_are(project: Project) -> None:
    """And nothing is started."""
    run = project.verify("nobody")

    assert (run.code, run.text) == (1, "stack: the stack file has no account nobody; it has: zot-ci\n")
    assert project.world.estate.forgejo.repos[OWNER, REPOSITORY].runs == []


def test_a_cut_file_is_told_of_and_written_anew(project: Project) -> None:
    """Only when it was proven before is lost."""
    file = project.folder.parent / "verified.json"
    file.write_text('{"stack": "test", "pla')

    with project.runner:
        run = project.verify("--json", "verified.json")

    assert run.code == 0
    assert f"stack: {file} is no whole file of `verify --json`" in run.text
    assert read(file, "test").places[0].result == "works"


@pytest.mark.parametrize(
    ("file", "why"),
    [("nowhere/verified.json", "No such file or directory"), (f"{'v' * 256}.json", "File name too long")],
)
def test_a_file_that_cannot_be_written_is_one_line(file: str, why: str, project: Project) -> None:
    """After the result, which is printed all the same; also if it cannot even be looked for."""
    with project.runner:
        run = project.verify("--json", file)

    assert run.code == 1
    assert f"{THING} of zot-ci: works" in run.text
    assert run.text.splitlines()[-1].endswith(f"{file} cannot be written: {why}")


def test_a_canary_of_before_works_and_says_that_it_does_not_compare(project: Project) -> None:
    """The word alone, and what would tell more."""
    text = canary_of(project.world).partition("  ours:")[0]
    project.world.estate.forgejo.add_workflow(OWNER, REPOSITORY, "canary.yaml", text)

    with project.runner:
        run = project.verify()

    assert run.code == 0
    assert f"{THING} of zot-ci: works: its canary has no job ours" in run.text
