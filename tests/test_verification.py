"""
Whether CI's secrets work, asked of real canaries on the embedded systems: the shipped workflow, run by a runner of this
machine's shell, and each way in which it gives no answer.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.estate.forgejo.model import Job
from tests.estate.forgejo.runner import Runner
from tests.verifying import Round, canary_of, settings_of, unchanged
from tests.verifying import published as published
from tests.verifying import short_looks as short_looks
from tests.world import OWNER, REPOSITORY, SECRET, World
from zot_ci.settings.model import load
from zot_ci.verification import AT_A_TIME, Verification

pytestmark = pytest.mark.embedded


@pytest.mark.parametrize("flavour", ["gitea", "forgejo", "an older forgejo"])
def test_a_secret_that_holds_the_key_of_the_store_of_record_works(
    flavour: str, published: World, tmp_path: Path
) -> None:
    """By the shipped workflow; it names the key, and nothing is written or made."""
    forgejo = published.estate.forgejo
    forgejo.flavour, forgejo.lists_jobs = flavour.split()[-1], "older" not in flavour
    key = published.estate.zot.key(published.field() or "")

    with unchanged(published), Runner(forgejo, tmp_path) as runner:
        asked = Round(settings_of(published)).only()

    assert (asked.word, asked.why, asked.is_ours) == ("works", "", True)
    assert key is not None
    assert asked.key_uuid == key.uuid
    assert asked.asked_at is not None
    assert published.estate.secrets.found_in(runner.log) == []


def test_two_rounds_ask_by_two_numbers(published: World, tmp_path: Path) -> None:
    """Used once: yesterday's answer is none today."""
    with Runner(published.estate.forgejo, tmp_path):
        assert [Round(settings_of(published)).only().word for _ in range(2)] == ["works", "works"]

    first, second = published.estate.forgejo.repos[OWNER, REPOSITORY].runs
    assert first.inputs["nonce"] != second.inputs["nonce"]
    assert first.inputs["digest"] != second.inputs["digest"]


def test_a_secret_overwritten_with_another_live_key_is_another_key(published: World, tmp_path: Path) -> None:
    """CI pushes all the same, and nobody would learn of it: by a key that no rotation ends."""
    published.estate.forgejo.set_value(OWNER, REPOSITORY, SECRET, published.key_made_by_hand("theirs"))

    with unchanged(published), Runner(published.estate.forgejo, tmp_path):
        asked = Round(settings_of(published)).only()

    assert (asked.word, asked.is_ours) == ("another key", False)
    assert asked.why == "CI has another key than the store of record, which the registry accepts"


def test_a_secret_overwritten_with_anything_is_another_key(published: World, tmp_path: Path) -> None:
    """White space and quotes in it break no script."""
    published.estate.forgejo.set_value(OWNER, REPOSITORY, SECRET, 'no "key" at\nall $(date)')

    with Runner(published.estate.forgejo, tmp_path):
        asked = Round(settings_of(published)).only()

    assert (asked.word, asked.is_ours) == ("another key", False)
    assert asked.why == "CI has another key than the store of record, which the registry does not accept"


def test_a_secret_that_was_deleted_is_said_to_be_gone(published: World, tmp_path: Path) -> None:
    """A runner then has an empty one."""
    published.estate.forgejo.delete_value(OWNER, REPOSITORY, SECRET)

    with Runner(published.estate.forgejo, tmp_path):
        asked = Round(settings_of(published)).only()

    assert (asked.word, asked.why) == ("another key", "the repository has no such secret any more")


def test_a_dead_key_in_both_places_is_refused_and_the_store_is_named(published: World, tmp_path: Path) -> None:
    """An old value in the store of record shows as well."""
    key = published.estate.zot.key(published.field() or "")
    assert key is not None
    published.estate.zot.revoke(key.uuid)

    with Runner(published.estate.forgejo, tmp_path):
        asked = Round(settings_of(published)).only()

    assert (asked.word, asked.is_ours) == ("refused", True)
    assert "the registry refuses the key in the store of record as well: run `up`" in asked.why


def test_a_store_of_record_without_a_key_is_a_fault_and_nothing_is_started(published: World) -> None:
    """There is nothing to compare with."""
    published.set_field(None)

    asked = Round(settings_of(published)).only()

    assert asked.word == "fault"
    assert "the store of record of zot-ci, holds no zot API key by that name: run `up`, which says" in asked.why
    assert published.estate.forgejo.repos[OWNER, REPOSITORY].runs == []


def test_a_key_that_rotates_meanwhile_is_asked_for_once_more(published: World, tmp_path: Path) -> None:
    """The job gets the new secret, and the digest was that of the old key."""
    old = published.field()
    new = published.key_made_by_hand("the next one")

    def rotate(job: Job) -> None:
        if published.field() == old:
            published.set_field(new)
            published.estate.forgejo.set_value(OWNER, REPOSITORY, SECRET, new)

    round_ = Round(settings_of(published))
    with Runner(published.estate.forgejo, tmp_path, before=rotate):
        asked = round_.only()

    key = published.estate.zot.key(new)
    assert key is not None
    assert (asked.word, asked.key_uuid) == ("works", key.uuid)
    assert any("rotated meanwhile, so it is asked once more" in line for line in round_.lines)
    assert len(published.estate.forgejo.repos[OWNER, REPOSITORY].runs) == 2


def test_a_key_that_rotates_again_and_again_ends_after_the_second_time(published: World, tmp_path: Path) -> None:
    """Once more, and not for ever."""

    def overwrite(job: Job) -> None:
        published.set_field(published.key_made_by_hand("another"))
        published.estate.forgejo.set_value(OWNER, REPOSITORY, SECRET, published.key_made_by_hand("and another"))

    with Runner(published.estate.forgejo, tmp_path, before=overwrite):
        asked = Round(settings_of(published)).only()

    assert asked.word == "another key"
    assert len(published.estate.forgejo.repos[OWNER, REPOSITORY].runs) == 2


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("nonce", "number"),
        lambda text: text.replace("      digest:\n", "      hash:\n", 1),
        lambda text: text.replace("workflow_dispatch:", "push:"),
    ],
    ids=["an input renamed everywhere", "an input renamed in the trigger", "no trigger"],
)
def test_a_canary_that_takes_no_number_says_so_and_only_that_the_key_works(
    change: Callable[[str], str], published: World, tmp_path: Path
) -> None:
    """A comparison that was left out is not taken for one that succeeded."""
    published.estate.forgejo.add_workflow(OWNER, REPOSITORY, "canary.yaml", canary_of(published, change))

    with Runner(published.estate.forgejo, tmp_path):
        asked = Round(settings_of(published)).only()

    assert (asked.word, asked.is_ours, asked.key_uuid) == ("works", None, None)
    assert "its job ours was skipped" in asked.why
    assert "needs the inputs nonce and digest, as examples/workflows/canary.yaml has them" in asked.why


OLD = """
on: workflow_dispatch
jobs:
  use-the-key:
    runs-on: docker
    steps:
      - run: test -n "$KEY"
        env: {KEY: "${{ secrets.ZOT_CI_API_KEY }}"}
"""


def test_a_canary_of_before_says_only_that_it_works(published: World, tmp_path: Path) -> None:
    """Whose key it is nobody knows."""
    published.estate.forgejo.add_workflow(OWNER, REPOSITORY, "canary.yaml", OLD)

    with Runner(published.estate.forgejo, tmp_path):
        asked = Round(settings_of(published)).only()

    assert (asked.word, asked.is_ours, asked.key_uuid) == ("works", None, None)
    assert "no job ours" in asked.why


def test_a_token_that_may_not_start_a_workflow_is_a_fault(published: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line, with the scope."""
    reads = published.estate.forgejo.add_token(OWNER, ("read:repository",))
    monkeypatch.setenv("FORGEJO_TOKEN", reads)

    asked = Round(settings_of(published)).only()

    assert asked.word == "fault"
    assert "answered 403" in asked.why
    assert "FORGEJO_TOKEN needs the scope write:repository to start a workflow" in asked.why


def test_a_registry_that_is_silent_leaves_only_the_name_of_the_key_unknown(published: World, tmp_path: Path) -> None:
    """The canary asks the registry by itself."""
    settings = settings_of(published)
    away = settings.model_copy(update={"zot": settings.zot.model_copy(update={"url": "http://127.0.0.1:9"})})

    with Runner(published.estate.forgejo, tmp_path):
        asked = Round(away).only()

    assert (asked.word, asked.is_ours, asked.key_uuid) == ("works", True, None)


def test_a_place_without_a_canary_is_left_alone(published: World) -> None:
    """It is told of, and no fault."""
    settings = load({key: json.dumps(value) for key, value in published.config().items()})
    published.estate.log.clear()

    asked = Round(settings).only()

    assert (asked.word, asked.asked_at) == ("no canary", None)
    assert list(published.estate.log) == []


def test_four_canaries_of_a_forge_run_at_a_time(published: World, tmp_path: Path) -> None:
    """A forge may have one runner, which builds as well. Nine places; each waits for what was started before it."""
    forgejo = published.estate.forgejo
    places, key = [], published.field() or ""
    for number in range(9):
        name = f"r{number}"
        forgejo.add_repo(OWNER, name)
        forgejo.set_value(OWNER, name, SECRET, key)
        forgejo.add_workflow(OWNER, name, "canary.yaml", canary_of(published))
        places.append({"repository": f"{OWNER}/{name}", "secret": SECRET, "canary": {"workflow": "canary.yaml"}})
    settings = load({key: json.dumps(value) for key, value in published.config(forgejo=places).items()})
    most, lock = [0], threading.Lock()

    def count(job: Job) -> None:
        with lock:
            going = [
                run for repo in forgejo.repos.values() for run in repo.runs if run.status in ("waiting", "running")
            ]
            most[0] = max(most[0], len(going))

    with Runner(forgejo, tmp_path, before=count):
        asked = Round(settings).asked()

    assert [one.word for one in asked] == ["works"] * 9
    assert [one.place.path[1] for one in asked] == [f"r{number}" for number in range(9)]
    assert 1 < most[0] <= AT_A_TIME


def test_breaking_it_off_waits_for_no_run(published: World) -> None:
    """Ctrl-C reaches the thread that waits for the others."""
    settings = settings_of(published, timeoutSeconds=3600)

    def say(line: str) -> None:
        if "started canary.yaml" in line:
            verification._broken_off.set()

    verification = Verification(settings, say)

    (asked,) = verification.run(settings.accounts)

    assert (asked.word, asked.why) == ("no answer", "broken off")
