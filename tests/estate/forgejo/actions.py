"""
The embedded Forgejo's workflows: started by the API, looked at, and their jobs. A runner is in `runner.py`, or nowhere.

Run on Gitea 1.26.0, read for Forgejo: a workflow is started whether or not its file names the trigger, inputs that it
does not name are dropped, and one that is not given has its default.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml  # type: ignore[import-untyped]  # comes with pulumi, without types
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.estate.core import json_body
from tests.estate.forgejo.api import NOT_FOUND, Refusal, enter_repository
from tests.estate.forgejo.model import Job, Repository, Run

if TYPE_CHECKING:
    from tests.estate.forgejo import Forgejo

# Gitea has GitHub's words: how it goes, and how it ended.
_GITEA = {"waiting": "queued", "running": "in_progress"}


async def dispatch(forgejo: Forgejo, request: Request, kind: str) -> Response:
    """Start a workflow: 200 (Gitea) or 201 with the run if that is asked for, else 204."""
    repo = enter_repository(forgejo, request, ("owner", "admin", "write"))
    body = await json_body(request)
    ref, name = str(body.get("ref") or ""), str(request.path_params["workflow"])
    if not ref:
        raise Refusal(422 if forgejo.flavour == "gitea" else 400, "ref is required parameter")
    text = repo.workflows.get((ref, name))
    if text is None:
        raise Refusal(404, f"workflow {name!r} doesn't exist")
    parsed = yaml.safe_load(text)
    inputs = _inputs(forgejo, parsed, body.get("inputs") or {})
    jobs = [Job(str(job.get("name", key)), job) for key, job in parsed["jobs"].items()]
    run = Run(forgejo.next_number(), len(repo.runs) + 1, name, ref, inputs, jobs)
    repo.runs.append(run)
    if forgejo.flavour == "gitea":
        asked = request.query_params.get("return_run_details") == "true"
        return JSONResponse({"workflow_run_id": run.id}) if asked else Response(status_code=204)
    told = {"id": run.id, "run_number": run.number, "jobs": [job.name for job in jobs]}
    return JSONResponse(told, 201) if body.get("return_run_info") else Response(status_code=204)


def _inputs(forgejo: Forgejo, parsed: dict[Any, Any], given: dict[str, str]) -> dict[str, str]:
    # YAML 1.1 reads a bare `on` as a truth value.
    trigger = parsed.get("on", parsed.get(True))
    dispatched = trigger.get("workflow_dispatch") if isinstance(trigger, dict) else None
    found = {}
    for name, about in ((dispatched or {}).get("inputs") or {}).items():
        about = about or {}
        value = given.get(name) or str(about.get("default") or "")
        if not value and about.get("required") and forgejo.flavour != "gitea":
            raise Refusal(400, f"input required for '{about.get('description') or name}'")
        found[name] = value
    return found


async def run(forgejo: Forgejo, request: Request, kind: str) -> Response:
    """Answer how a run is."""
    return JSONResponse(_shown(forgejo, *_run(forgejo, request)))


async def jobs(forgejo: Forgejo, request: Request, kind: str) -> Response:
    """Answer a run's jobs: Gitea in an object, Forgejo as a bare list; an older Forgejo has no such route."""
    if not forgejo.lists_jobs:
        return Response("404 page not found\n", 404, media_type="text/plain")
    _, found = _run(forgejo, request)
    rows = [{"name": job.name, **_status(forgejo, job.status)} for job in found.jobs]
    return JSONResponse({"jobs": rows, "total_count": len(rows)} if forgejo.flavour == "gitea" else rows)


async def tasks(forgejo: Forgejo, request: Request, kind: str) -> Response:
    """Answer what runners have taken of the repository's runs, the newest first."""
    repo = enter_repository(forgejo, request, ("owner", "admin", "write", "read"))
    rows = [
        {"name": job.name, "status": job.status, "run_number": run.number, "workflow_id": run.workflow}
        for run in reversed(repo.runs)
        for job in run.jobs
        if job.status != "waiting"
    ]
    return JSONResponse({"workflow_runs": rows, "total_count": len(rows)})


def _run(forgejo: Forgejo, request: Request) -> tuple[Repository, Run]:
    repo = enter_repository(forgejo, request, ("owner", "admin", "write", "read"))
    for run in repo.runs:
        if str(run.id) == request.path_params["run"]:
            return repo, run
    raise Refusal(404, NOT_FOUND)


def _shown(forgejo: Forgejo, repo: Repository, run: Run) -> dict[str, Any]:
    number = "run_number" if forgejo.flavour == "gitea" else "index_in_repo"
    return {"id": run.id, number: run.number, **_status(forgejo, run.status), "event": "workflow_dispatch"}


def _status(forgejo: Forgejo, status: str) -> dict[str, str]:
    if forgejo.flavour != "gitea":
        return {"status": status}
    going = _GITEA.get(status)
    return {"status": going} if going else {"status": "completed", "conclusion": status}
