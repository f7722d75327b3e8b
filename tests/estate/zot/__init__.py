"""
An embedded zot registry: OIDC login, API keys, and the registry routes behind three tiers of access.

Behaviour measured on zot v2.1.20. A key holds no rights of its own: it has the groups its user had at the last login.
"""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from tests.estate.core import System, World
from tests.estate.zot import oidc, registry, webkeys
from tests.estate.zot.access import Access, Endpoint, Handler, Refusal, refused
from tests.estate.zot.backdoor import BackDoors, move_clock
from tests.estate.zot.keys import Keys
from tests.estate.zot.registry import Repository


class Zot(BackDoors, System):
    """
    The embedded registry.

    Attributes:
        keys: the API keys by uuid, of all users.
        groups: the groups each user had at the last login.
        access: who may do what.
        provider: where users log in; ``None`` means OpenID is not configured.
        fail_delay: seconds a refused login is held back.
    """

    name = "zot"

    def __init__(self, world: World, url: str) -> None:
        self.apikeys_enabled = True
        self.openid_enabled = True
        self.fail_delay = 0.0
        self.provider: oidc.Provider | None = None
        self.logins = oidc.Logins()
        self.groups: dict[str, frozenset[str]] = {}
        self.access = Access()
        self.repositories: dict[str, Repository] = {}
        self.keyring = Keys(world.clock, world.secrets)
        super().__init__(world, url)

    def routes(self) -> ASGIApp:
        """Return zot's routes, and the one for the clock that no zot has."""
        answer = self._answer
        routes = [
            Route("/_estate/clock", answer(move_clock), methods=["POST"]),
            Route("/zot/auth/login", answer(oidc.login), methods=["GET"]),
            Route("/zot/auth/callback/{provider}", answer(oidc.callback), methods=["GET"]),
            Route("/zot/auth/logout", answer(oidc.logout), methods=["POST"]),
            Route("/zot/auth/apikey", answer(webkeys.apikey), methods=["GET", "POST", "DELETE"]),
            *registry.routes(answer),
        ]
        return Starlette(routes=routes)

    def _answer(self, handler: Handler) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            try:
                return await handler(self, request)
            except Refusal as refusal:
                return await refused(self, refusal)

        return endpoint
