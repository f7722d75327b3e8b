"""
What Forgejo and Gitea show of secrets, their owners, and runs of workflows, as far as this program asks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pydantic

# Forgejo puts the end of a run into its status, Gitea into a conclusion beside it.
_WAITING = frozenset({"queued", "waiting", "blocked"})
_RUNNING = _WAITING | {"running", "in_progress", "completed", "unknown"}


class Started(pydantic.BaseModel):
    """
    The answer to the start of a workflow: the number of its run.
    """

    id: int = pydantic.Field(validation_alias=pydantic.AliasChoices("workflow_run_id", "id"))


class _Going(pydantic.BaseModel):
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


class Run(_Going):
    """
    A run of a workflow. *number* is its number within its repository, where the server says so.
    """

    number: int | None = pydantic.Field(
        default=None, validation_alias=pydantic.AliasChoices("run_number", "index_in_repo")
    )

    @property
    def waits(self) -> bool:
        """
        Whether no runner has taken any of it.
        """
        return not self.end and self.status in _WAITING


class Job(_Going):
    """
    A job of a run.
    """

    name: str


class JobList(pydantic.RootModel[list[Job]]):
    """
    The jobs of a run: Gitea puts them into an object, Forgejo gives the bare list.
    """

    @pydantic.model_validator(mode="before")
    @classmethod
    def _bare(cls, given: Any) -> Any:
        return given["jobs"] if isinstance(given, dict) and "jobs" in given else given


class Task(Job):
    """
    A job that a runner has taken; *run_number* says of which run of its repository.
    """

    run_number: int


class TaskList(pydantic.BaseModel):
    """
    The newest tasks of a repository.
    """

    tasks: list[Task] = pydantic.Field(alias="workflow_runs")


class Secret(pydantic.BaseModel):
    """
    What can be seen of a secret. *description* is None where the server has no descriptions.
    """

    name: str
    created_at: pydantic.AwareDatetime
    description: str | None = None


class Page(pydantic.BaseModel):
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
        changed = secret.model_copy(update={"description": description})
        return self.model_copy(update={"secrets": {**self.secrets, name: changed}})


@dataclass(frozen=True)
class Before:
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


class Owner(pydantic.BaseModel):
    """
    A repository, an organization or a user: its number outlives its name, and no other one gets it. In a repository
    without Actions no workflow runs, and a server that does not say so has them.
    """

    id: int
    archived: bool = False
    has_actions: bool = True
