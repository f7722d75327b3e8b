"""
An embedded Forgejo (or Gitea): Actions secrets and variables of a repository, an organization, a user.

Behaviour measured on Gitea 1.26.0, read for Forgejo. The value of a secret never comes back, ``created_at`` does not
move on an update, and who is merely an admin of a repository is refused: only its owner may.
"""

from __future__ import annotations

from datetime import tzinfo

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from tests.estate.core import System, World
from tests.estate.forgejo import actions, api
from tests.estate.forgejo.backdoor import BackDoors
from tests.estate.forgejo.model import Account, Organization, Repository, Scope, Secret, Token

__all__ = ["Account", "Forgejo", "Organization", "Repository", "Scope", "Secret", "Token"]


async def _no_route(request: Request, error: Exception) -> Response:
    # Go's own words, as a reverse proxy without a backend has them (run).
    return PlainTextResponse("404 page not found\n", 404)


async def _no_method(request: Request, error: Exception) -> Response:
    return Response(status_code=405)


class Forgejo(BackDoors, System):
    """
    The embedded Forgejo, or one of several: *name* is then its own.

    Attributes:
        flavour: ``gitea`` adds ``description``, ``Link`` and the reserved name ``CI``.
        lists_jobs: whether it has a route for the jobs of a run; an older Forgejo has none.
        zone: the server's zone, in which it writes times: with one ``…-08:00``, else ``…Z``.
        moved: the id of the repository that was at an address before it was renamed.
        moved_owners: the id of the organization or user that had a name before it was renamed.
        longest_description: characters after which Gitea cuts a description off, without a word (read, 1.26.0).
        longest_name: characters after which a secret's name is cut off; 0 as every vendor: never. For servers to come.
    """

    name = "forgejo"

    def __init__(self, world: World, url: str, name: str = "forgejo") -> None:
        self.name = name
        self.flavour = "forgejo"
        self.lists_jobs = True
        self.zone: tzinfo | None = None
        self.moved: dict[tuple[str, str], int] = {}
        self.moved_owners: dict[str, int] = {}
        self.longest_description = 4096
        self.longest_name = 0
        self._next_number = 1
        self.users: dict[str, Account] = {}
        self.orgs: dict[str, Organization] = {}
        self.repos: dict[tuple[str, str], Repository] = {}
        self.tokens: dict[str, Token] = {}
        super().__init__(world, url)

    def routes(self) -> ASGIApp:
        """Return the API's routes."""
        v1 = "/api/v1"
        scopes = {"repo": f"{v1}/repos/{{owner}}/{{repo}}", "org": f"{v1}/orgs/{{org}}", "user": f"{v1}/user"}
        routes = [
            Route(f"{v1}/version", self._answer(api.version)),
            Route(scopes["repo"], self._answer(api.repository), methods=["GET"]),
            Route(scopes["org"], self._answer(api.organization), methods=["GET"]),
            Route(scopes["user"], self._answer(api.user), methods=["GET"]),
        ]
        ours = f"{scopes['repo']}/actions"
        routes += [
            Route(f"{ours}/workflows/{{workflow}}/dispatches", self._answer(actions.dispatch), methods=["POST"]),
            Route(f"{ours}/runs/{{run}}", self._answer(actions.run), methods=["GET"]),
            Route(f"{ours}/runs/{{run}}/jobs", self._answer(actions.jobs), methods=["GET"]),
            Route(f"{ours}/tasks", self._answer(actions.tasks), methods=["GET"]),
        ]
        for kind, prefix in scopes.items():
            # Neither vendor lists a user's secrets: there only PUT and DELETE exist.
            if kind != "user":
                routes.append(Route(f"{prefix}/actions/secrets", self._answer(api.list_secrets, kind), methods=["GET"]))
            routes += [
                Route(f"{prefix}/actions/secrets/{{name}}", self._answer(api.put_secret, kind), methods=["PUT"]),
                Route(f"{prefix}/actions/secrets/{{name}}", self._answer(api.delete_secret, kind), methods=["DELETE"]),
                Route(f"{prefix}/actions/variables/{{name}}", self._answer(api.variable, kind), methods=api.METHODS),
            ]
        return Starlette(routes=routes, exception_handlers={404: _no_route, 405: _no_method})

    def _answer(self, handler: api.Handler, kind: str = "") -> api.Endpoint:
        async def endpoint(request: Request) -> Response:
            try:
                return await handler(self, request, kind)
            except api.Refusal as refusal:
                return refusal.response(self)

        return endpoint

    def next_number(self) -> int:
        """Return an id that nothing has."""
        self._next_number += 1
        return self._next_number - 1
