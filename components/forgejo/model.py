"""
The parts of Forgejo's and Gitea's answers that this program uses: secrets, their owners, and runs of workflows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from ..http.shapes import Instant

# Forgejo has the result of a run in its status, Gitea in a separate conclusion.
_WAITING = frozenset({"queued", "waiting", "blocked"})
_RUNNING = _WAITING | {"running", "in_progress", "completed", "unknown"}


def _under_one_name(name: str, other: str) -> Callable[[Any], Any]:
    """
    Return a function that renames an object's member *other* to *name*, as one of the two servers has it.
    """

    def tidied(read: Any) -> Any:
        return {name: read[other], **read} if isinstance(read, dict) and other in read else read

    return tidied


class Started(msgspec.Struct, frozen=True):
    """
    The answer to the start of a workflow: the number of its run.
    """

    id: int = msgspec.field(name="workflow_run_id")


tidied_start = _under_one_name("workflow_run_id", "id")


class _Going(msgspec.Struct, frozen=True):
    """
    Something that is in progress or has ended.
    """

    status: str
    conclusion: str | None = None

    @property
    def end(self) -> str:
        """
        Its result; empty while it is in progress.
        """
        return self.conclusion or ("" if self.status in _RUNNING else self.status)


class Run(_Going, frozen=True):
    """
    A run of a workflow. *number* is its number in its repository, if the server says it.
    """

    number: int | None = msgspec.field(default=None, name="run_number")

    @property
    def waits(self) -> bool:
        """
        Whether no runner has taken any of it.
        """
        return not self.end and self.status in _WAITING


tidied_run = _under_one_name("run_number", "index_in_repo")


class Job(_Going, frozen=True, kw_only=True):
    """
    A job of a run.
    """

    name: str


def tidied_jobs(read: Any) -> Any:
    """
    Return the list of a run's jobs, which Gitea wraps in an object and Forgejo does not.
    """
    return read["jobs"] if isinstance(read, dict) and "jobs" in read else read


class Task(Job, frozen=True, kw_only=True):
    """
    A job that a runner has taken, with the number of its run in the repository.
    """

    run_number: int


class TaskList(msgspec.Struct, frozen=True):
    """
    The newest tasks of a repository.
    """

    tasks: list[Task] = msgspec.field(name="workflow_runs")


class Secret(msgspec.Struct, frozen=True):
    """
    A secret without its value. *description* is None if the server has no descriptions.
    """

    name: str
    created_at: Instant
    description: str | None = None


class Page(msgspec.Struct, frozen=True):
    """
    One page of a list of secrets, by name, and the total of secrets, if the server says it.
    """

    secrets: dict[str, Secret]
    total: int | None

    def described(self, name: str, description: str) -> Page:
        """
        Return this page with that *description* for the secret of that name, if the page has it.
        """
        secret = self.secrets.get(name)
        if secret is None:
            return self
        changed = msgspec.structs.replace(secret, description=description)
        return msgspec.structs.replace(self, secrets={**self.secrets, name: changed})


class Before(msgspec.Struct, frozen=True):
    """
    What the list showed before a secret was written.

    Args:
        description: None if the server has no descriptions or the secret cannot be listed.
        page: which page has the secret; 0 if there was none.
        names: if there was none, the names of all other secrets.
    """

    description: str | None = None
    page: int = 0
    names: frozenset[str] = frozenset()


class Owner(msgspec.Struct, frozen=True):
    """
    A repository, an organization or a user. Its number never changes and is not used again. *has_actions* is False if
    no workflow can run in the repository.
    """

    id: int
    archived: bool = False
    has_actions: bool = True
