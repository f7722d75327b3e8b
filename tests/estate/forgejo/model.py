"""What the embedded Forgejo knows: repositories, organizations, users, their secrets and variables, tokens."""

from __future__ import annotations

from dataclasses import dataclass, field


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
class Repository(Scope):
    """
    A private repository. *collaborators* maps a user's name to ``admin``, ``write`` or ``read``; *id* outlives a name.

    An archived one takes secrets like any other (run).
    """

    id: int = 0
    archived: bool = False
    owner: str = ""
    name: str = ""
    collaborators: dict[str, str] = field(default_factory=dict)


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
