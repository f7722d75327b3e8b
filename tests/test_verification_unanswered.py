"""
Each way in which a canary gives no answer: no runner, no workflow, no Actions, or something in front of the forge.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.responses import Response

from tests.estate.forgejo.model import Job
from tests.estate.forgejo.runner import Runner
from tests.http.between import Between
from tests.verifying import LIMIT, Round, canary_of, settings_of
from tests.verifying import published as published
from tests.verifying import short_looks as short_looks
from tests.world import OWNER, REPOSITORY, World
from zot_ci.verification import Verification

pytestmark = pytest.mark.embedded


def test_no_runner_is_no_answer_after_the_limit(published: World) -> None:
    """It waits as long as the settings say, and says which run waits."""
    round_ = Round(settings_of(published), passes=True)

    asked = round_.only()

    assert asked.word == "no answer"
    (run,) = published.estate.forgejo.repos[OWNER, REPOSITORY].runs
    assert f"no runner has taken run {run.id} within {LIMIT:g} s" in asked.why
    assert "runs-on is online" in asked.why
    assert round_.now == LIMIT


def test_the_limit_counts_from_when_a_runner_takes_the_run(published: World) -> None:
    """A runner that is busy with a build is no fault of the canary."""
    repo = published.estate.forgejo.repos[OWNER, REPOSITORY]
    round_ = Round(settings_of(published), passes=True)
    passes = round_._pass

    def wait(seconds: float) -> bool:
        if round_.now > LIMIT / 2 and repo.runs[0].status == "waiting":
            repo.runs[0].jobs[0].status = "running"
        return passes(seconds)

    round_.verification = Verification(settings_of(published), round_.lines.append, wait=wait, clock=lambda: round_.now)
    asked = round_.only()

    assert asked.word == "no answer"
    assert f"has not ended {LIMIT:g} s after a runner took it" in asked.why
    assert LIMIT * 1.5 < round_.now <= LIMIT * 2
    assert any("a runner has taken run" in line for line in round_.lines)


def test_a_run_that_somebody_cancels_is_no_answer(published: World, tmp_path: Path) -> None:
    """It says nothing about the key."""

    def cancel(job: Job) -> None:
        job.status = "cancelled"

    with Runner(published.estate.forgejo, tmp_path, before=cancel):
        asked = Round(settings_of(published)).only()

    assert (asked.word, asked.why) == ("no answer", "its job accepted ended with cancelled")


def _gone(world: World) -> None:
    world.estate.forgejo.remove_workflow(OWNER, REPOSITORY, "canary.yaml")


def _on_another_branch(world: World) -> None:
    _gone(world)
    world.estate.forgejo.add_workflow(OWNER, REPOSITORY, "canary.yaml", canary_of(world), ref="other")


@pytest.mark.parametrize("spoil", [_gone, _on_another_branch], ids=["gone", "on another branch"])
def test_a_workflow_that_is_not_there_is_named(spoil: Callable[[World], None], published: World) -> None:
    """With what to look for."""
    spoil(published)

    asked = Round(settings_of(published)).only()

    assert asked.word == "no answer"
    assert "/actions/workflows/canary.yaml/dispatches answered 404" in asked.why
    assert "no such workflow on that branch" in asked.why


@pytest.mark.parametrize("answer", ["404 page", "a login"])
def test_what_answers_in_front_of_the_forge_says_nothing_about_the_place(answer: str, published: World) -> None:
    """It is a fault on the way there, as in a run."""
    page = Response("<html>", 404, media_type="text/html")
    login = Response(status_code=302, headers={"location": "https://sso.example.test/login"})
    Between(published.estate.forgejo).answer("POST /actions/workflows/", page if answer == "404 page" else login)

    asked = Round(settings_of(published)).only()

    assert asked.word == "fault"


def test_a_repository_without_actions_is_named_and_nothing_is_started(published: World) -> None:
    """Its run would wait for ever."""
    published.estate.forgejo.switch_actions(OWNER, REPOSITORY, on=False)

    asked = Round(settings_of(published)).only()

    assert (asked.word, asked.asked_at) == ("no answer", None)
    assert "Actions are off in that repository" in asked.why
    assert published.estate.forgejo.repos[OWNER, REPOSITORY].runs == []
