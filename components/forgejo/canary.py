"""
A workflow of the repository that uses the secret: started after a publication, and how it ended. HTTP only.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Mapping
from typing import Any

import stamina

from ..http.api import Advice
from ..rotation import CURRENT
from .api import Forgejo
from .model import Run, Started

_log = logging.getLogger(__name__)


class _UnfinishedError(Exception):
    """
    The run goes on.
    """


def ask_canary(forgejo: Forgejo, wanted: Mapping[str, Any]) -> str:
    """
    Let a workflow use the secret, where the settings name one, and return how that ended; empty without one.
    """
    canary = wanted.get("canary")
    if not canary:
        return ""
    repository = wanted["repository"]
    end = run_workflow(forgejo, repository, canary["workflow"], canary["ref"], float(canary["timeout_seconds"]))
    level = logging.INFO if end == "success" else logging.WARNING
    _log.log(level, "Forgejo: canary %s of %s: %s", canary["workflow"], repository, end)
    return end


def canary_condition(props: Mapping[str, Any]) -> str:
    """
    Say how the canary ended when the secret was published last; without one there is nothing to say.
    """
    end = props.get("canary_end")
    return CURRENT if end in (None, "", "success") else f"canary {props['canary']['workflow']} ended with {end}"


def run_workflow(forgejo: Forgejo, repository: str, workflow: str, ref: str, seconds: float) -> str:
    """
    Start a workflow and wait for its end; return its conclusion ("success", "failure", …), or "unfinished" if it has
    none after *seconds*. Sent once: a repeat would start it twice.

    Measured on Gitea 1.26.0, which names the run when asked to; Forgejo's own way of asking was read.
    """
    advice = _advice(forgejo.token_name)
    path = f"/api/v1/repos/{repository}/actions/workflows/{workflow}/dispatches"
    started = forgejo.ask(
        "POST",
        path,
        repository,
        advice,
        params={"return_run_details": "true"},
        json={"ref": ref, "return_run_info": True},
        expect=(200, 201),
    )
    run = forgejo.api.parse(started, path, repository, Started)
    path = f"/api/v1/repos/{repository}/actions/runs/{run.id}"
    with contextlib.suppress(_UnfinishedError):
        for attempt in stamina.retry_context(
            on=_UnfinishedError, attempts=None, timeout=seconds, wait_initial=0.5, wait_max=10
        ):
            with attempt:
                answer = forgejo.ask("GET", path, repository, advice)
                conclusion = forgejo.api.parse(answer, path, repository, Run).end
                if not conclusion:
                    raise _UnfinishedError
                return conclusion
    return "unfinished"


def _advice(token: str) -> Advice:
    return Advice(
        {
            204: "this server is too old to say which run it started: it cannot have a canary",
            403: f"{token} needs the scope write:repository to start a workflow",
            404: "no such workflow on that branch, or Actions are off in that repository",
            422: "the workflow has no workflow_dispatch trigger, or there is no such branch",
        }
    )
