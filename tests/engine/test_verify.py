"""
`verify` against a real Gitea, with `act` as the runner that takes the canary's jobs with the secret that Gitea gives
them, and reports how they ended.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.act import Runner, act_or_skip
from tests.engine.stack import ROOT, Stack
from tests.engine.test_stack_script import script
from tests.gitea import Gitea, gitea_or_skip
from tests.world import SECRET, World

pytestmark = [pytest.mark.xdist_group("gitea"), pytest.mark.embedded]

_numbers = count(1)
EXAMPLE = (ROOT / "examples/workflows/canary.yaml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def gitea(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gitea]:
    """A running Gitea with the user *owner*."""
    act_or_skip()
    with Gitea.start(gitea_or_skip(), tmp_path_factory.mktemp("gitea")) as server:
        server.create_user("owner")
        yield server


@pytest.fixture(scope="module")
def runner(gitea: Gitea, tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """Its one runner."""
    return Runner(gitea, act_or_skip(), tmp_path_factory.mktemp("act"))


@pytest.fixture
def repo(gitea: Gitea, world: World) -> str:
    """A repository with the shipped canary, for this registry."""
    name = f"verified-{next(_numbers)}"
    gitea.create_repo("owner", name)
    text = EXAMPLE.replace("https://registry.example.test", world.zot_url)
    gitea.write_file("owner", name, ".gitea/workflows/canary.yaml", text)
    return name


@pytest.fixture
def on_gitea(gitea: Gitea, repo: str, world: World, stack: Stack) -> Stack:
    """A stack whose secret is there, with that canary and the owner's token of least scope."""
    configure(stack, world, gitea, repo)
    stack.env["FORGEJO_TOKEN"] = gitea.token("owner", ("write:repository",))
    return stack


def configure(stack: Stack, world: World, gitea: Gitea, repo: str, **canary: object) -> None:
    """Name the canary in the stack file."""
    about = {"workflow": "canary.yaml", "timeoutSeconds": 120} | canary
    place = {"repository": f"owner/{repo}", "secret": SECRET, "canary": about}
    stack.configure(world.config(forgejo=[place]) | {"zot-ci:forgejo": {"url": gitea.url}})


def test_an_overwritten_secret_is_found_by_verify_and_healed_by_up(
    gitea: Gitea, repo: str, world: World, on_gitea: Stack, runner: Runner, tmp_path: Path
) -> None:
    """`up` proves it; overwritten, `verify` ends with 7 and names it; `up` publishes it again, and `verify` is 0."""
    thing, file = f"Forgejo secret owner/{repo}/{SECRET} of {world.username}", tmp_path / "verified.json"
    with runner.running():
        first = on_gitea.up()
        state = on_gitea.pulumi("stack", "export", streams="out").text
        works = script(on_gitea, "verify", "--json", str(file))
        gitea.put_secret("owner", repo, SECRET, world.mint_by(world.field() or "", "theirs")["apiKey"])
        theirs = script(on_gitea, "verify", "--json", str(file))
        gitea.put_secret("owner", repo, SECRET, "no key at all")
        nothing = script(on_gitea, "verify")
        assert on_gitea.pulumi("stack", "export", streams="out").text == state
        healed = on_gitea.up()
        again = script(on_gitea, "verify", "--json", str(file))
    status = script(on_gitea, "status", "--json", "--verified", str(file))
    uuid = on_gitea.outputs()[world.username]["uuid"]

    assert first.code == 0, first.text
    assert works.code == 0, works.text
    assert f"{thing}: works, with key {uuid}" in works.text
    assert theirs.code == 7, theirs.text
    assert (
        f"{thing}: another key: CI has another key than the store of record, which the registry accepts" in theirs.text
    )
    assert nothing.code == 7, nothing.text
    assert "which the registry does not accept" in nothing.text
    assert healed.code == 0, healed.text
    # A program erases the mark that the description had: drift, and published anew.
    assert "Forgejo: published key " in healed.text
    assert again.code == 0, again.text
    # An `up` asks whether the key works, and compares nothing: the job *ours* is for `verify`.
    assert runner.ran[:2] == [("accepted", "success"), ("ours", "skipped")]
    assert ("ours", "failure") in runner.ran
    assert status.code == 0, status.text
    assert status.text.count(f'"key_uuid": "{uuid}"') >= 3
    for text in (runner.log, works.text, theirs.text, nothing.text, again.text, file.read_text(encoding="utf-8")):
        assert world.estate.secrets.found_in(text) == []


def test_what_gives_no_answer_on_a_real_forge_is_named(
    gitea: Gitea, repo: str, world: World, on_gitea: Stack, runner: Runner
) -> None:
    """No runner, a workflow or branch that is not there, Actions off, no trigger, a token that may not start one."""
    with runner.running():
        assert on_gitea.up().code == 0
        text = EXAMPLE.replace("https://registry.example.test", world.zot_url)
        trigger = text[text.index("on:") : text.index("jobs:")]
        pushed = "on: {push: {branches: [nowhere]}}\n"
        gitea.write_file("owner", repo, ".gitea/workflows/pushed.yaml", text.replace(trigger, pushed))
        configure(on_gitea, world, gitea, repo, workflow="pushed.yaml")
        untriggered = script(on_gitea, "verify")
    configure(on_gitea, world, gitea, repo, timeoutSeconds=1)
    alone = script(on_gitea, "verify")
    configure(on_gitea, world, gitea, repo, workflow="gone.yaml")
    gone = script(on_gitea, "verify")
    configure(on_gitea, world, gitea, repo, ref="elsewhere")
    elsewhere = script(on_gitea, "verify")
    configure(on_gitea, world, gitea, repo)
    reads = script(on_gitea, "verify", FORGEJO_TOKEN=gitea.token("owner", ("read:repository",)))
    gitea.switch_actions("owner", repo, on=False)
    off = script(on_gitea, "verify")

    assert untriggered.code == 0, untriggered.text
    assert "its job ours was skipped: its trigger workflow_dispatch needs the inputs" in untriggered.text
    assert [run.code for run in (alone, gone, elsewhere, reads, off)] == [7, 7, 7, 1, 7]
    assert "no runner has taken run" in alone.text
    for run in (gone, elsewhere):
        assert "dispatches answered 404" in run.text
        assert "no such workflow on that branch" in run.text
    assert "answered 403" in reads.text
    assert "needs the scope write:repository to start a workflow" in reads.text
    assert "Actions are off in that repository" in off.text
