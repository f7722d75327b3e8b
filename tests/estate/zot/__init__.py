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
from tests.estate.zot.access import Endpoint, Handler, Refusal, refused
from tests.estate.zot.backdoor import BackDoors, move_clock
from tests.estate.zot.keys import Keys
from tests.estate.zot.registry import Repository
from tests.estate.zot.rights import Access


class Zot(BackDoors, System):
    """
    The embedded registry.

    Attributes:
        keys: the API keys by uuid, of all users.
        groups: the groups each user had at the last login.
        access: who may do what, and in which repositories.
        provider: where users log in; ``None`` means OpenID is not configured.
        username_claim: the claim that names a user; ``preferred_username`` as the reference deployment maps it, or
            ``email``, which zot takes without a ``claimMapping``.
        apikeys_enabled: zot's ``http.auth.apikey``.
        openid_brings_apikeys: OpenID switches API keys on by itself, so that *apikeys_enabled* counts only without it.
            Every real zot does so (run).
        several_nodes: behind one address, without sessions in common: another one answers the callback.
        fail_delay: seconds a refusal is held back, 401 and 403 alike.
        late_refusals: how many refusals were held back so far, or would have been with a *fail_delay*.
    """

    name = "zot"

    def __init__(self, world: World, url: str) -> None:
        self.apikeys_enabled = True
        self.openid_enabled = True
        self.openid_brings_apikeys = True
        self.username_claim = "preferred_username"
        self.several_nodes = False
        self.fail_delay = 0.0
        self.late_refusals = 0
        self.provider: oidc.Provider | None = None
        self.logins = oidc.Logins()
        self.groups: dict[str, frozenset[str]] = {}
        self.access = Access()
        self.repositories: dict[str, Repository] = {}
        self.keyring = Keys(world.clock, world.secrets)
        super().__init__(world, url)

    @property
    def has_openid(self) -> bool:
        """Tell whether users can log in."""
        return self.openid_enabled and self.provider is not None

    @property
    def has_apikeys(self) -> bool:
        """Tell whether API keys are on."""
        return self.apikeys_enabled or (self.openid_brings_apikeys and self.has_openid)

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
