"""
An embedded Forgejo (or Gitea): Actions secrets and variables of a repository, an organization, a user.

Behaviour measured on Gitea 1.26.0, read for Forgejo. The value of a secret never comes back, ``created_at`` does not
move on an update, and who is merely an admin of a repository is refused: only its owner may.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from tests.estate.core import System, World
from tests.estate.forgejo import api


@dataclass
class Secret:
    """A stored secret; *value* is what a runner would get."""

    name: str
    value: str
    created_at: str


@dataclass
class Scope:
    """What holds secrets and variables: a repository, an organization or a user."""

    secrets: dict[str, Secret] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)


@dataclass
class Repository(Scope):
    """A private repository. *collaborators* maps a user's name to ``admin``, ``write`` or ``read``."""

    owner: str = ""
    name: str = ""
    collaborators: dict[str, str] = field(default_factory=dict)


@dataclass
class Organization(Scope):
    """An organization; its *owners* may do what a repository's owner may."""

    name: str = ""
    owners: set[str] = field(default_factory=set)


@dataclass
class Account(Scope):
    """A user."""

    name: str = ""
    is_admin: bool = False


@dataclass(frozen=True)
class Token:
    """An access token: whose it is and its scopes, such as ``write:repository``."""

    user: str
    scopes: frozenset[str]


class Forgejo(System):
    """The embedded Forgejo. *flavour* ``gitea`` adds ``description``, ``Link`` and the reserved name ``CI``."""

    name = "forgejo"

    def __init__(self, world: World, url: str) -> None:
        self.flavour = "forgejo"
        self.users: dict[str, Account] = {}
        self.orgs: dict[str, Organization] = {}
        self.repos: dict[tuple[str, str], Repository] = {}
        self.tokens: dict[str, Token] = {}
        super().__init__(world, url)

    def routes(self) -> ASGIApp:
        """Return the API's routes."""
        v1 = "/api/v1"
        scopes = {"repo": f"{v1}/repos/{{owner}}/{{repo}}", "org": f"{v1}/orgs/{{org}}", "user": f"{v1}/user"}
        routes = [Route(f"{v1}/version", self._answer(api.version))]
        for kind, prefix in scopes.items():
            # Neither vendor lists a user's secrets: there only PUT and DELETE exist.
            if kind != "user":
                routes.append(Route(f"{prefix}/actions/secrets", self._answer(api.list_secrets, kind), methods=["GET"]))
            routes += [
                Route(f"{prefix}/actions/secrets/{{name}}", self._answer(api.put_secret, kind), methods=["PUT"]),
                Route(f"{prefix}/actions/secrets/{{name}}", self._answer(api.delete_secret, kind), methods=["DELETE"]),
                Route(f"{prefix}/actions/variables/{{name}}", self._answer(api.variable, kind), methods=api.METHODS),
            ]
        return Starlette(routes=routes, exception_handlers={404: self._not_found})

    def _answer(self, handler: api.Handler, kind: str = "") -> api.Endpoint:
        async def endpoint(request: Request) -> Response:
            try:
                return await handler(self, request, kind)
            except api.Refusal as refusal:
                return refusal.response(self)

        return endpoint

    async def _not_found(self, request: Request, error: Exception) -> Response:
        return api.Refusal(404, api.NOT_FOUND).response(self)

    # Back doors: no such call on a real server.

    def add_user(self, name: str, is_admin: bool = False) -> Account:
        """Back door: make a user."""
        return self.users.setdefault(name.lower(), Account(name=name, is_admin=is_admin))

    def add_org(self, name: str, owners: tuple[str, ...] = ()) -> Organization:
        """Back door: make an organization with its *owners*."""
        return self.orgs.setdefault(name.lower(), Organization(name=name, owners={user.lower() for user in owners}))

    def add_repo(self, owner: str, name: str, collaborators: dict[str, str] | None = None) -> Repository:
        """Back door: make a private repository; an owner that is neither user nor organization becomes a user."""
        if owner.lower() not in self.orgs:
            self.add_user(owner)
        people = {user.lower(): role for user, role in (collaborators or {}).items()}
        repository = Repository(owner=owner, name=name, collaborators=people)
        return self.repos.setdefault((owner.lower(), name.lower()), repository)

    def add_token(self, user: str, scopes: tuple[str, ...] = ("write:repository",)) -> str:
        """Back door: make an access token of *user* with these *scopes*."""
        self.add_user(user)
        text = self.secrets.new(40)
        self.tokens[text] = Token(user.lower(), frozenset(scopes))
        return text

    def revoke_token(self, token: str) -> None:
        """Back door: end a token."""
        self.tokens.pop(token, None)

    def value(self, owner: str, repo: str, name: str) -> str | None:
        """Back door: what a run of this repository would read, ``None`` where the secret is absent."""
        secret = self.repos[owner.lower(), repo.lower()].secrets.get(name.upper())
        return secret.value if secret else None

    def org_value(self, org: str, name: str) -> str | None:
        """Back door: the value of an organization's secret."""
        secret = self.orgs[org.lower()].secrets.get(name.upper())
        return secret.value if secret else None

    def user_value(self, user: str, name: str) -> str | None:
        """Back door: the value of a user's secret."""
        secret = self.users[user.lower()].secrets.get(name.upper())
        return secret.value if secret else None

    def set_value(self, owner: str, repo: str, name: str, value: str) -> None:
        """Back door: somebody stores a value by hand; ``created_at`` stays if the secret was there."""
        held = self.repos[owner.lower(), repo.lower()].secrets
        created = held[name.upper()].created_at if name.upper() in held else api.second(self)
        held[name.upper()] = Secret(name.upper(), self.secrets.add(value), created)

    def delete_value(self, owner: str, repo: str, name: str) -> None:
        """Back door: somebody deletes the secret."""
        self.repos[owner.lower(), repo.lower()].secrets.pop(name.upper(), None)
