"""
What Forgejo and Gitea show of secrets, their owners, and runs of workflows, as far as this program asks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from ..http.shapes import Instant

# Forgejo puts the end of a run into its status, Gitea into a conclusion beside it.
_WAITING = frozenset({"queued", "waiting", "blocked"})
_RUNNING = _WAITING | {"running", "in_progress", "completed", "unknown"}


def _under_one_name(name: str, other: str) -> Callable[[Any], Any]:
    """
    Return what gives an object the member *name* where a server has it under the *other* name.
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
    What goes on, or has ended.
    """

    status: str
    conclusion: str | None = None

    @property
    def end(self) -> str:
        """
        How it ended; empty while it goes on.
        """
        return self.conclusion or ("" if self.status in _RUNNING else self.status)


class Run(_Going, frozen=True):
    """
    A run of a workflow. *number* is its number within its repository, where the server says so.
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
    Return the bare list of a run's jobs, as Forgejo gives it: Gitea puts it into an object.
    """
    return read["jobs"] if isinstance(read, dict) and "jobs" in read else read


class Task(Job, frozen=True, kw_only=True):
    """
    A job that a runner has taken; *run_number* says of which run of its repository.
    """

    run_number: int


class TaskList(msgspec.Struct, frozen=True):
    """
    The newest tasks of a repository.
    """

    tasks: list[Task] = msgspec.field(name="workflow_runs")


class Secret(msgspec.Struct, frozen=True):
    """
    What can be seen of a secret. *description* is None where the server has no descriptions.
    """

    name: str
    created_at: Instant
    description: str | None = None


class Page(msgspec.Struct, frozen=True):
    """
    One page of a list of secrets, by name, and how many there are in all, if the server says so.
    """

    secrets: dict[str, Secret]
    total: int | None

    def described(self, name: str, description: str) -> Page:
        """
        Return this page after the secret of that name, if it is here, was given that *description*.
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
        description: None where the server has no descriptions, or where nothing can be listed.
        page: which page has the secret; 0 if there was none.
        names: where there was none, the names of all others.
    """

    description: str | None = None
    page: int = 0
    names: frozenset[str] = frozenset()


class Owner(msgspec.Struct, frozen=True):
    """
    A repository, an organization or a user: its number outlives its name, and no other one gets it. In a repository
    without Actions no workflow runs, and a server that does not say so has them.
    """

    id: int
    archived: bool = False
    has_actions: bool = True
