"""
A runner of the embedded Forgejo: takes jobs that wait and runs the scripts of their steps, with this machine's shell.

It knows as much of a workflow as a canary needs: steps with `run` and `env`, the contexts `inputs`, `secrets` and
`vars`, and of conditions those that ask whether inputs were given. What it does not know is an error of the test.
"""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tests.estate.forgejo.model import Job, Repository, Run

if TYPE_CHECKING:
    from types import TracebackType

    from tests.estate.forgejo import Forgejo

_EXPRESSION = re.compile(r"\$\{\{ *(\w+)\.(\w+) *\}\}")
_GIVEN = re.compile(r"inputs\.(\w+) != ''")
# How often it looks for a job. A real one does so every two seconds.
_SECONDS = 0.02
_PATIENCE_SECONDS = 30


class Runner:
    """
    Runs until the block ends.

    Args:
        forgejo: whose jobs.
        folder: an empty one, for the jobs to run in.
        before: is called with each job when it has been taken; it runs once this returns.
        log: what the jobs printed, their masked secrets included.
    """

    def __init__(self, forgejo: Forgejo, folder: Path, before: Callable[[Job], object] = lambda job: None) -> None:
        self.forgejo, self.folder, self.before = forgejo, folder, before
        self.log = ""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, name="runner")
        self._fault: Exception | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join(_PATIENCE_SECONDS)
        if self._fault is not None:
            raise self._fault

    def _work(self) -> None:
        while not self._ended.wait(_SECONDS):
            for repo in list(self.forgejo.repos.values()):
                for run in list(repo.runs) if repo.has_actions else []:
                    for job in run.jobs:
                        if job.status == "waiting":
                            try:
                                self._take(repo, run, job)
                            except Exception as exc:  # told where the block ends
                                self._fault, job.status = exc, "failure"

    def _take(self, repo: Repository, run: Run, job: Job) -> None:
        if not _is_wanted(str(job.parsed.get("if", "")), run.inputs):
            job.status = "skipped"
            return
        job.status = "running"
        self.before(job)
        secrets = {name: secret.value for name, secret in repo.secrets.items()}
        contexts = {"inputs": run.inputs, "secrets": secrets, "vars": repo.variables}
        ended = all(self._step(step, contexts) for step in job.parsed["steps"])
        if job.status == "running":
            job.status = "success" if ended else "failure"

    def _step(self, step: dict[str, Any], contexts: dict[str, dict[str, str]]) -> bool:
        def value(found: re.Match[str]) -> str:
            return contexts[found[1]].get(found[2], "")

        assert not _EXPRESSION.search(step["run"]), "an input inside a script is part of the script"
        env = {name: _EXPRESSION.sub(value, str(text)) for name, text in step.get("env", {}).items()}
        done = subprocess.run(
            ["sh", "-e", "-c", step["run"]],
            cwd=self.folder,
            env={"PATH": "/usr/bin:/bin", "HOME": str(self.folder)} | env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_PATIENCE_SECONDS,
        )
        self.log += done.stdout
        return done.returncode == 0


def _is_wanted(condition: str, inputs: dict[str, str]) -> bool:
    if not condition:
        return True
    parts = [_GIVEN.fullmatch(part.strip()) for part in condition.split("&&")]
    assert all(parts), f"this runner does not know the condition {condition}"
    return all(inputs.get(part[1]) for part in parts if part)
