"""
A runner for a real Gitea: it registers by the runners' own protocol, takes jobs with the secrets that Gitea gives them,
runs each with `act` on this machine, and reports how it ended.

`act` and not `act_runner`, which is a program of its own: what is left out is the log that a runner uploads.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.gitea import ROOT, Gitea

# The label that the examples' jobs run on.
LABEL = "docker"
_PATIENCE_SECONDS = 60
# How often it asks for a job; act_runner does so every two seconds.
_SECONDS = 0.2
# Of the protocol: runner.v1.Result.
_RESULTS = {"success": "RESULT_SUCCESS", "failure": "RESULT_FAILURE", "skipped": "RESULT_SKIPPED"}


def act_or_skip() -> str:
    """The `act` to run jobs with, or the way to get one."""
    path = os.pathsep.join([str(ROOT / ".tools/bin"), os.environ.get("PATH", os.defpath)])
    act = shutil.which("act", path=path)
    if act is None:
        pytest.skip("no act: `make workflows` builds one where Go is there")
    return act


class Runner:
    """
    One registered runner. *ran* has the name of each job that it took and how that ended, *log* all that act printed.
    """

    def __init__(self, gitea: Gitea, act: str, folder: Path) -> None:
        self.ran: list[tuple[str, str]] = []
        self.log = ""
        self._act, self._folder = act, folder
        self._http = httpx.Client(base_url=f"{gitea.url}/api/actions", timeout=30, trust_env=False)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "act").mkdir()
        # Without a file of its own it asks a person which images to use.
        (folder / "act/actrc").touch()
        registered = self._call("Register", name="of-the-tests", token=gitea.runner_token(), labels=[LABEL])["runner"]
        self._http.headers.update({"x-runner-uuid": registered["uuid"], "x-runner-token": registered["token"]})

    @contextmanager
    def running(self) -> Iterator[None]:
        """Take jobs until the block ends."""
        ended = threading.Event()
        faults: list[Exception] = []

        def work() -> None:
            while not ended.wait(_SECONDS):
                try:
                    self._take()
                except Exception as exc:  # told where the block ends
                    faults.append(exc)
                    return

        thread = threading.Thread(target=work, name="act")
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join(_PATIENCE_SECONDS)
        if faults:
            raise faults[0]

    def _take(self) -> None:
        # Always the version of a runner that knows of nothing: then every job that waits is offered.
        task = self._call("FetchTask", tasksVersion="0").get("task")
        if task is None:
            return
        began = datetime.now(UTC)
        result = self._run(task)
        state = {
            "id": task["id"],
            "result": _RESULTS[result],
            "startedAt": began.isoformat(),
            "stoppedAt": datetime.now(UTC).isoformat(),
        }
        self._call("UpdateTask", state=state)
        self.ran.append((str(task["context"]["job"]), result))

    def _run(self, task: Mapping[str, Any]) -> str:
        """Run one job; it was skipped if act never came to it."""
        job = self._folder / f"job-{task['id']}"
        job.mkdir()
        (job / "workflow.yaml").write_bytes(base64.b64decode(task["workflowPayload"]))
        (job / "event.json").write_text(json.dumps(task["context"]["event"]), encoding="utf-8")
        secrets = task.get("secrets", {})
        (job / "secrets.json").write_text(json.dumps(secrets), encoding="utf-8")
        lines = "".join(f"{name}={json.dumps(value)}\n" for name, value in secrets.items())
        (job / "secrets").write_text(lines, encoding="utf-8")
        subprocess.run(["git", "init", "--quiet", "--initial-branch", "main"], cwd=job, check=True)
        command = [self._act, task["context"]["event_name"], "--workflows", "workflow.yaml", "--directory", "."]
        # By its name: a runner runs what it is given, whatever trigger the file names.
        command += ["--job", task["context"]["job"]]
        command += ["--eventpath", "event.json", "--secret-file", "secrets", "--json", "--no-cache-server"]
        command += ["--platform", f"{LABEL}=-self-hosted"]
        done = subprocess.run(
            command,
            cwd=job,
            env={"PATH": os.environ["PATH"], "HOME": str(self._folder), "XDG_CONFIG_HOME": str(self._folder)}
            | {"XDG_CACHE_HOME": str(self._folder / "cache"), "NO_PROXY": "127.0.0.1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_PATIENCE_SECONDS,
        )
        self.log += done.stdout
        found = [line["jobResult"] for line in map(_parsed, done.stdout.splitlines()) if "jobResult" in line]
        if done.returncode and not found:
            raise RuntimeError(f"act ended with {done.returncode}: {done.stdout}")
        return str(found[-1]) if found else "skipped"

    def _call(self, method: str, **message: Any) -> dict[str, Any]:
        answer = self._http.post(f"/runner.v1.RunnerService/{method}", json=message)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found


def _parsed(line: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(line)
    except ValueError:
        return {}
    return found
