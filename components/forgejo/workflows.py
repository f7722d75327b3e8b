"""
Runs of a repository's workflows: start a run, read its status, and the results of its jobs. HTTP only.

Measured on Gitea 1.26.0, which returns the run that it started if asked to, and lists a run's jobs. Read in Forgejo's
source: it returns the run, too, and lists the jobs without an object around the list; older versions show each job
among the tasks of the repository.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

import httpx

from ..http.api import Advice, Api
from ..http.credentials import Token
from ..http.errors import InterceptedError, NotFoundError
from ..http.repeats import attempts
from .model import Job, Run, Started, TaskList, tidied_jobs, tidied_run, tidied_start


def _advice(token: str) -> Advice:
    return Advice(
        {
            204: "this server is too old to say which run it started: it cannot have a canary",
            400: "the workflow wants an input that it was not given: make its inputs optional",
            403: f"{token} needs the scope write:repository to start a workflow",
            404: "no such workflow on that branch, or Actions are off in that repository",
            422: "the workflow has no workflow_dispatch trigger, or there is no such branch",
            500: "its log names the reason; an older Forgejo answers so where there is no such workflow on that branch",
        }
    )


class _UnfinishedError(Exception):
    """
    The run is in progress.
    """


class Workflows:
    """
    The workflows of all repositories of one server, asked by *auth*.
    """

    def __init__(self, api: Api, auth: Token) -> None:
        self._api = api
        self._auth = auth
        self._advice = _advice(auth.name)

    def start(self, repository: str, workflow: str, ref: str, inputs: Mapping[str, str] | None = None) -> Started:
        """
        Start a *workflow* (a file's name) of a *repository* (owner/name) on the branch *ref*, and return its run. The
        request is sent once, since a repeat would start the workflow twice.

        A server ignores *inputs* that the file does not name, and also starts a workflow without the trigger
        `workflow_dispatch`. Gitea 1.26.0 starts it even if Actions are off, and then no runner ever takes the run.

        Raises:
            NotFoundError: there is no such workflow on that branch.
            PermissionMissingError: the token may not start one.
            UnexpectedAnswerError: it cannot be started, or the server does not say which run it is.
        """
        path = f"/api/v1/repos/{repository}/actions/workflows/{workflow}/dispatches"
        started = self._api.call(
            "POST",
            path,
            whose=repository,
            auth=self._auth,
            advice=self._advice,
            params={"return_run_details": "true"},
            json={"ref": ref, "return_run_info": True} | ({"inputs": dict(inputs)} if inputs else {}),
            expect=(200, 201),
        )
        return self._api.parse(started, path, repository, Started, tidied_start)

    def look(self, repository: str, run_id: int) -> Run:
        """
        Return the status of that run. Read-only.
        """
        path = f"/api/v1/repos/{repository}/actions/runs/{run_id}"
        return self._api.parse(self._get(path, repository), path, repository, Run, tidied_run)

    def job_ends(self, repository: str, run_id: int, run: Run) -> dict[str, str]:
        """
        Return the result of each job of the *run*, by its name; empty for a job in progress. Read-only.
        """
        path = f"/api/v1/repos/{repository}/actions/runs/{run_id}/jobs"
        try:
            jobs = self._api.parse(self._get(path, repository), path, repository, list[Job], tidied_jobs)
        except (NotFoundError, InterceptedError):
            # The run exists, so this is an older server without that route.
            path = f"/api/v1/repos/{repository}/actions/tasks"
            # The newest come first, and this run has just ended.
            tasks = self._api.parse(self._get(path, repository, {"limit": "50"}), path, repository, TaskList).tasks
            jobs = [task for task in tasks if task.run_number == run.number]
        return {job.name: job.end for job in jobs}

    def run_to_its_end(self, repository: str, workflow: str, ref: str, seconds: float) -> str:
        """
        Start a workflow and wait for its result ("success", "failure", …); return "unfinished" if it has none after
        *seconds*.
        """
        run = self.start(repository, workflow, ref)
        with contextlib.suppress(_UnfinishedError):
            for attempt in attempts(on=_UnfinishedError, attempts=None, timeout=seconds, wait_initial=0.5, wait_max=10):
                with attempt:
                    conclusion = self.look(repository, run.id).end
                    if not conclusion:
                        raise _UnfinishedError
                    return conclusion
        return "unfinished"

    def _get(self, path: str, repository: str, params: dict[str, str] | None = None) -> httpx.Response:
        options: dict[str, Any] = {"auth": self._auth, "advice": self._advice, "params": params}
        return self._api.call("GET", path, whose=repository, **options)
