"""
An embedded zot registry: OIDC login, API keys, and the registry routes behind three tiers of access.

Behaviour measured on zot v2.1.20. A key holds no rights of its own: it has the groups its user had at the last login.
"""

from __future__ import annotations

from datetime import timedelta

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from tests.estate.core import System, World
from tests.estate.zot import oidc, registry, webkeys
from tests.estate.zot.access import Endpoint, Handler, Refusal, denied, identify, no_route, refused
from tests.estate.zot.backdoor import BackDoors, move_clock
from tests.estate.zot.keys import Keys
from tests.estate.zot.registry import Repository
from tests.estate.zot.rights import Access


async def _no_method(request: Request, error: Exception) -> Response:
    return Response(status_code=405)


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
        longest_life: a new key's expiry is brought down to that, without a word, and so is none; ``None`` as in every
            zot so far (2.1.20; project-zot/zot#4112 asks for it).
        shortest_life: likewise brought up.
        longest_label: characters after which a label is cut off; 0 as in every zot so far: never.
        folds_names: small letters only, in labels and in the names of users; no zot does so.
        scopes: what a new key gets beside what was asked for; no zot does so.
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
        self.longest_life: timedelta | None = None
        self.shortest_life: timedelta | None = None
        self.longest_label = 0
        self.folds_names = False
        self.scopes: list[str] = []
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
        return Starlette(routes=routes, exception_handlers={404: self._no_route, 405: _no_method})

    async def _no_route(self, request: Request, error: Exception) -> Response:
        """Refuse whoever has no valid credential first, as zot does below its own paths (run)."""
        try:
            if not request.url.path.startswith(("/v2/", "/zot/")) or identify(self, request):
                return no_route()
        except Refusal as refusal:
            return await refused(self, refusal)
        return await refused(self, denied(""))

    def _answer(self, handler: Handler) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            try:
                return await handler(self, request)
            except Refusal as refusal:
                return await refused(self, refusal)

        return endpoint
