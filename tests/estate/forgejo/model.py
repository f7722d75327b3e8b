"""What the embedded Forgejo knows: repositories, organizations, users, their secrets and variables, tokens."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Secret:
    """A stored secret; *value* is what a runner would get, *description* only Gitea has."""

    name: str
    value: str
    created_at: str
    description: str = ""


@dataclass
class Scope:
    """What holds secrets and variables: a repository, an organization or a user."""

    secrets: dict[str, Secret] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)


@dataclass
class Job:
    """A job of a run: how it is, in Forgejo's words, and what the file says of it."""

    name: str
    parsed: dict[str, Any]
    status: str = "waiting"


@dataclass
class Run:
    """A run of a workflow. *id* is its number at the server, *number* that within its repository."""

    id: int
    number: int
    workflow: str
    ref: str
    inputs: dict[str, str]
    jobs: list[Job]

    @property
    def status(self) -> str:
        """How it is: what goes on before what has ended, and a failure before a success (read)."""
        found = {job.status for job in self.jobs}
        if found == {"waiting"}:
            return "waiting"
        order = ("running", "waiting", "cancelled", "failure", "success", "skipped")
        first = next(status for status in order if status in found)
        return "running" if first == "waiting" else first


@dataclass
class Repository(Scope):
    """
    A private repository. *collaborators* maps a user's name to ``admin``, ``write`` or ``read``; *id* outlives a name.

    An archived one takes secrets like any other (run). *workflows* has the text of a file by its branch and name.
    """

    id: int = 0
    archived: bool = False
    owner: str = ""
    name: str = ""
    collaborators: dict[str, str] = field(default_factory=dict)
    has_actions: bool = True
    workflows: dict[tuple[str, str], str] = field(default_factory=dict)
    runs: list[Run] = field(default_factory=list)


@dataclass
class Organization(Scope):
    """An organization; its *owners* may do what a repository's owner may."""

    id: int = 0
    name: str = ""
    owners: set[str] = field(default_factory=set)


@dataclass
class Account(Scope):
    """A user."""

    id: int = 0
    name: str = ""
    is_admin: bool = False


@dataclass(frozen=True)
class Token:
    """An access token: whose it is and its scopes, such as ``write:repository``."""

    user: str
    scopes: frozenset[str]
