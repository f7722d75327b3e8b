"""
A workflow that is started to use the secret: how its end is told, and that it is started once.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.http.told import URL, Answer, Told, said
from tests.messages import assert_names
from zot_ci.forgejo.api import Forgejo
from zot_ci.http.errors import (
    InterceptedError,
    NotFoundError,
    ReconcileError,
    ServerError,
    UnexpectedAnswerError,
)
from zot_ci.settings.server import ForgejoServer

PLACE = "eblume/blumeops"
STARTED = said(200, json={"workflow_run_id": 7})


def told_client(monkeypatch: pytest.MonkeyPatch, *answers: Answer) -> tuple[Told, Forgejo]:
    """A client of a server that answers what it is told."""
    monkeypatch.setenv("FORGEJO_TOKEN", "a-token")
    told = Told(*answers)
    return told, Forgejo(ForgejoServer(URL), transport=told.transport)


def run_is(status: str, conclusion: str | None = None) -> Answer:
    """How the run is."""
    shown: dict[str, Any] = {"status": status} | ({"conclusion": conclusion} if conclusion is not None else {})
    return said(200, json=shown)


@pytest.mark.parametrize("started", [STARTED, said(201, json={"id": 7})], ids=["Gitea", "Forgejo"])
@pytest.mark.parametrize(
    ("end", "words"),
    [
        (run_is("completed", "success"), "success"),
        (run_is("completed", "failure"), "failure"),
        (run_is("success"), "success"),
        (run_is("cancelled"), "cancelled"),
    ],
    ids=["Gitea's success", "Gitea's failure", "Forgejo's success", "Forgejo's cancelled"],
)
def test_a_run_is_started_once_and_its_end_is_told(
    started: Answer, end: Answer, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked until it has one."""
    told, forgejo = told_client(monkeypatch, started, run_is("waiting", ""), run_is("running"), end)

    assert forgejo.run_workflow(PLACE, "canary.yaml", "main", 300.0) == words

    runs = f"GET /api/v1/repos/{PLACE}/actions/runs/7"
    assert told.calls == [f"POST /api/v1/repos/{PLACE}/actions/workflows/canary.yaml/dispatches", runs, runs, runs]
    assert json.loads(told.asked[0].content)["ref"] == "main"


def test_a_run_without_an_end_is_unfinished(monkeypatch: pytest.MonkeyPatch) -> None:
    """An up does not wait for ever."""
    _, forgejo = told_client(monkeypatch, STARTED, run_is("running"))

    assert forgejo.run_workflow(PLACE, "canary.yaml", "main", 300.0) == "unfinished"


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (204, UnexpectedAnswerError, "too old"),
        (404, NotFoundError, "no such workflow"),
        (405, InterceptedError, "no such route there, or something in front of it answered"),
        (422, UnexpectedAnswerError, "workflow_dispatch"),
        (503, ServerError, "503"),
    ],
)
def test_a_run_that_cannot_be_started_is_told_and_not_tried_again(
    status: int, kind: type[ReconcileError], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A repeat would start it twice."""
    body = {"message": "not found", "url": "https://forge.test/api/swagger"} if status == 404 else None
    told, forgejo = told_client(monkeypatch, said(status, json=body))

    with pytest.raises(kind) as caught:
        forgejo.run_workflow(PLACE, "canary.yaml", "main", 300.0)
    assert_names(caught.value, "Forgejo POST ", "canary.yaml", str(status), words)
    assert len(told.asked) == 1
