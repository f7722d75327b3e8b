"""
What a canary is asked and what its answer means; and how a forge tells of a run's jobs.
"""

from __future__ import annotations

import json
from hashlib import sha256

import pytest

from tests.forgejo.test_canary import PLACE, STARTED, told_client
from tests.http.told import SECRET, said
from zot_ci.forgejo.api import Forgejo
from zot_ci.forgejo.canary import judge, question
from zot_ci.forgejo.model import Run, tidied_run
from zot_ci.http.errors import NotFoundError
from zot_ci.http.shapes import shaped


def test_a_question_holds_a_number_and_a_digest_and_no_key() -> None:
    """What anybody can see who sees the run."""
    asked = question(SECRET)

    assert asked == {"nonce": asked["nonce"], "digest": sha256(f"{asked['nonce']}:{SECRET}".encode()).hexdigest()}
    assert len(asked["nonce"]) == 32
    assert SECRET not in json.dumps(asked)


def test_no_number_is_used_twice() -> None:
    """Otherwise an answer of yesterday would do."""
    assert len({question(SECRET)["nonce"] for _ in range(100)}) == 100


@pytest.mark.parametrize(
    ("end", "jobs", "word", "is_ours", "words"),
    [
        ("success", {"accepted": "success", "ours": "success"}, "works", True, ""),
        ("failure", {"accepted": "failure", "ours": "success"}, "refused", True, "the registry refuses it"),
        ("failure", {"accepted": "success", "ours": "failure"}, "another key", False, "the registry accepts"),
        ("failure", {"accepted": "failure", "ours": "failure"}, "another key", False, "does not accept"),
        ("failure", {"ours": "failure"}, "another key", False, "than the store of record"),
        ("success", {"ours": "success"}, "works", True, ""),
        ("failure", {"ours": "success", "mine": "failure"}, "refused", True, ""),
        ("failure", {"accepted": "success", "ours": "success", "mine": "failure"}, "works", True, ""),
        ("success", {"accepted": "success", "ours": "skipped"}, "works", None, "job ours was skipped"),
        ("failure", {"accepted": "failure", "ours": "skipped"}, "refused", None, "job ours was skipped"),
        ("success", {"use-the-key": "success"}, "works", None, "has no job ours"),
        ("failure", {"use-the-key": "failure"}, "refused", None, "has no job ours"),
        ("success", {}, "works", None, "does not say how each of its jobs ended"),
        ("failure", {}, "refused", None, "does not say how each of its jobs ended"),
        ("cancelled", {"accepted": "success", "ours": "cancelled"}, "no answer", None, "job ours ended with cancelled"),
        ("cancelled", {"accepted": "cancelled", "ours": "success"}, "no answer", None, "job accepted ended"),
        ("cancelled", {"use-the-key": "cancelled"}, "no answer", None, "its run ended with cancelled"),
        ("failure", {"accepted": "", "ours": "success"}, "no answer", None, "job accepted ended with nothing"),
        ("timed_out", {}, "no answer", None, "timed_out"),
        ("skipped", {"accepted": "skipped", "ours": "skipped"}, "no answer", None, "job accepted ended with skipped"),
        ("skipped", {"use-the-key": "skipped"}, "no answer", None, "its run ended with skipped"),
        ("success", {"accepted": "skipped", "ours": "success"}, "no answer", None, "job accepted ended with skipped"),
    ],
)
def test_each_end_has_one_meaning(end: str, jobs: dict[str, str], word: str, is_ours: bool | None, words: str) -> None:
    """A job that says nothing makes nothing of the other one."""
    verdict = judge(end, jobs)

    assert (verdict.word, verdict.is_ours) == (word, is_ours)
    assert words in verdict.why
    assert bool(words) or not verdict.why or word == "refused"


GITEA = {"jobs": [{"name": "ours", "status": "completed", "conclusion": "success"}], "total_count": 1}
FORGEJO = [{"id": 3, "name": "ours", "status": "success"}]


@pytest.mark.parametrize("listed", [GITEA, FORGEJO], ids=["Gitea", "Forgejo"])
def test_the_jobs_of_a_run_are_told_by_name(listed: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """In an object, or as a bare list."""
    told, forgejo = told_client(monkeypatch, said(200, json=listed))

    assert forgejo.workflows.job_ends(PLACE, 7, Run(status="success")) == {"ours": "success"}
    assert told.calls == [f"GET /api/v1/repos/{PLACE}/actions/runs/7/jobs"]


def test_a_forge_without_a_list_of_jobs_shows_them_among_its_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of this run: a repository has others."""
    tasks = [
        {"name": name, "status": status, "run_number": number}
        for name, status, number in (("ours", "failure", 4), ("accepted", "success", 4), ("ours", "success", 3))
    ]
    _, forgejo = told_client(monkeypatch, said(404), said(200, json={"workflow_runs": tasks}))

    run = shaped(tidied_run({"status": "failure", "index_in_repo": 4}), Run)

    assert forgejo.workflows.job_ends(PLACE, 7, run) == {"ours": "failure", "accepted": "success"}


def test_inputs_are_sent_with_the_start_and_none_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an `up` starts is what it always was."""
    told, forgejo = told_client(monkeypatch, STARTED)

    forgejo.workflows.start(PLACE, "canary.yaml", "main", {"nonce": "n", "digest": "d"})
    forgejo.workflows.start(PLACE, "canary.yaml", "main")

    bodies = [json.loads(request.content) for request in told.asked]
    assert bodies == [
        {"ref": "main", "return_run_info": True, "inputs": {"nonce": "n", "digest": "d"}},
        {"ref": "main", "return_run_info": True},
    ]


def test_a_run_that_somebody_deletes_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather than waited for."""
    absent = {"message": "not found", "url": "https://forge.test/api/swagger"}
    _, forgejo = told_client(monkeypatch, said(404, json=absent))

    with pytest.raises(NotFoundError, match="actions/runs/7 answered 404"):
        forgejo.workflows.look(PLACE, 7)


def test_a_run_waits_until_a_runner_takes_a_job_of_it() -> None:
    """In both forges' words; one that has ended waits for nobody."""
    waits = [status for status in ("queued", "waiting", "blocked") if Run(status=status).waits]
    goes_on = [status for status in ("running", "in_progress", "success", "cancelled") if Run(status=status).waits]

    assert (waits, goes_on) == (["queued", "waiting", "blocked"], [])


def test_a_client_keeps_its_old_way_to_run_a_workflow(monkeypatch: pytest.MonkeyPatch) -> None:
    """An `up` uses it, and so may others."""
    _, forgejo = told_client(monkeypatch, STARTED, said(200, json={"status": "success"}))

    assert isinstance(forgejo, Forgejo)
    assert forgejo.run_workflow(PLACE, "canary.yaml", "main", 300.0) == "success"
