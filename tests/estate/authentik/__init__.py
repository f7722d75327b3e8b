"""
An embedded authentik: accounts, groups, the token's permissions, the login flow, and an OAuth2 provider.

Behaviour measured on authentik 2026.5.0-rc1 and 2026.2.1.
"""

from __future__ import annotations

import uuid

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.estate.authentik import directory, flow, oauth
from tests.estate.authentik.backdoor import BackDoors
from tests.estate.authentik.model import Application, Code, Device, Grant, Group, Session, Token, User
from tests.estate.authentik.permissions import SESSION_COOKIE, Endpoint, Handler, Refusal
from tests.estate.core import System, World

ID_HEADER = b"x-authentik-id"

__all__ = ["Application", "Authentik", "Device", "Grant", "Group", "Session", "Token", "User"]


class _Named:
    """Every answer of authentik's names the request by a header of its own, a missing route's page too (run)."""

    def __init__(self, inner: ASGIApp) -> None:
        self.inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (ID_HEADER, uuid.uuid4().hex.encode())]
            await send(message)

        await self.inner(scope, receive, named)


async def _no_route(request: Request, error: Exception) -> Response:
    return HTMLResponse("<html><title>Not Found</title></html>", 404)


class Authentik(BackDoors, System):
    """
    The embedded authentik.

    Attributes:
        users, groups: by name; the objects may be changed at will.
        mfa: the login flow's MFA stage when the account has no device: ``enrol`` (the reference deployment's
            ``not_configured_action: configure``), ``skip`` (the vendor's default: the stage asks nothing, and the GET
            that would show it answers 302 to itself), ``deny``, or ``off`` for a flow without that stage.
        enrolments: what may be enrolled then, with the pk of the stage.
        chooses_single_enrolment: with one entry in *enrolments* the flow does not ask which, and the GET answers 302 to
            itself. Every real authentik does so (run); off by default for tests that read the offer.
        user_fields: what the identification stage takes: ``username``, ``email``.
        sources: the slugs of external sources on the identification stage. With one of them and no *user_fields* the
            flow leads there at once (told of 2026.5, not run); with several it offers them.
        pretend_user_exists: an unknown name goes on to the password like a known one; else it is refused at once.
        password_fields: the password is asked for on the identification stage.
        captcha: the flow has a captcha stage.
        remember_me: the login stage asks whether to (``remember_me_offset`` above zero).
        password_policy: a policy, or a directory behind authentik, refuses every new password.
        impersonation: it is allowed on this server.
        folds_names: small letters only in the names of accounts; no authentik does so, a directory behind one may.
        leaves: properties of an account that a change leaves as they were, with a 200 all the same; likewise.
        authentication_flow: the brand's, ``None`` for a brand without one.
    """

    name = "authentik"

    def __init__(self, world: World, url: str) -> None:
        self.mfa = "enrol"
        self.enrolments = {"totp": str(uuid.uuid4()), "static": str(uuid.uuid4())}
        self.chooses_single_enrolment = False
        self.user_fields = ["email", "username"]
        self.sources: list[str] = []
        self.pretend_user_exists = True
        self.password_fields = False
        self.captcha = False
        self.remember_me = False
        self.password_policy = False
        self.impersonation = True
        self.folds_names = False
        self.leaves: frozenset[str] = frozenset()
        self.authentication_flow: str | None = "default-authentication-flow"
        self.invalidation_flow = "default-invalidation-flow"
        self.users: dict[str, User] = {}
        self.groups: dict[str, Group] = {}
        self.tokens: dict[str, Token] = {}
        self.sessions: dict[str, Session] = {}
        self.applications: dict[str, Application] = {}
        self.codes: dict[str, Code] = {}
        self.access_tokens: dict[str, tuple[User, str]] = {}
        self.consents: set[tuple[int, str]] = set()
        self._next_number = 5
        super().__init__(world, url)

    def routes(self) -> ASGIApp:
        """Return authentik's routes."""
        answer, core, static = self._answer, "/api/v3/core", "/api/v3/authenticators/static"
        routes = [
            Route(f"{core}/brands/current/", answer(directory.brand), methods=["GET"]),
            Route(f"{core}/users/", answer(directory.users), methods=["GET", "POST"]),
            Route(f"{core}/users/service_account/", answer(directory.service_account), methods=["POST"]),
            Route(f"{core}/users/impersonate_end/", answer(directory.impersonate_end), methods=["GET"]),
            Route(f"{core}/users/{{pk:int}}/", answer(directory.user), methods=["GET", "PATCH", "DELETE"]),
            Route(f"{core}/users/{{pk:int}}/set_password/", answer(directory.set_password), methods=["POST"]),
            Route(f"{core}/users/{{pk:int}}/impersonate/", answer(directory.impersonate), methods=["POST"]),
            Route(f"{core}/groups/", answer(directory.groups), methods=["GET"]),
            Route(f"{core}/groups/{{pk}}/", answer(directory.group), methods=["GET"]),
            Route(f"{core}/tokens/", answer(directory.tokens), methods=["GET"]),
            Route(f"{static}/", answer(directory.static_devices), methods=["GET"]),
            Route(f"{static}/{{pk:int}}/", answer(directory.static_device), methods=["GET", "DELETE"]),
            Route("/api/v3/flows/executor/{slug}/", answer(flow.executor), methods=["GET", "POST"]),
            Route("/application/o/authorize/", answer(oauth.authorize), methods=["GET"]),
            Route("/application/o/token/", answer(oauth.token), methods=["POST"]),
            Route("/application/o/userinfo/", answer(oauth.userinfo), methods=["GET", "POST"]),
            Route("/application/o/{slug}/.well-known/openid-configuration", answer(oauth.configuration)),
            Route("/application/o/{slug}/jwks/", answer(oauth.jwks), methods=["GET"]),
            Route("/flows/-/default/authentication/", answer(oauth.login_page), methods=["GET"]),
            Route("/if/flow/{slug}/", answer(oauth.flow_page), methods=["GET"]),
        ]
        for action in ("add_user", "remove_user"):
            routes.append(Route(f"{core}/groups/{{pk}}/{action}/", answer(directory.membership), methods=["POST"]))
        return _Named(Starlette(routes=routes, exception_handlers={404: _no_route}))

    def _answer(self, handler: Handler) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            try:
                return await handler(self, request)
            except Refusal as refusal:
                return refusal.response()

        return endpoint

    def next_pk(self) -> int:
        """Return a number that no object has."""
        self._next_number += 1
        return self._next_number - 1

    def give_session(self, answer: Response, session: Session) -> None:
        """Keep the session and set its cookie; a new one gets a key."""
        known = [key for key, held in self.sessions.items() if held is session]
        key = known[0] if known else self.secrets.new(180)
        self.sessions[key] = session
        answer.headers.append("set-cookie", f"{SESSION_COOKIE}={key}; HttpOnly; Path=/; SameSite=Lax")

    def drop_session(self, session: Session) -> None:
        """Forget the session's key."""
        for key in [key for key, held in self.sessions.items() if held is session]:
            del self.sessions[key]

    def forget(self, user: User) -> None:
        """Delete an account with all that hangs on it; permissions on it are gone, also for an heir of its name."""
        self.users.pop(user.username, None)
        self.tokens = {text: token for text, token in self.tokens.items() if token.user is not user}
        self.sessions = {key: session for key, session in self.sessions.items() if session.user is not user}
        for other in self.users.values():
            other.grants = {grant for grant in other.grants if grant.object is not user}
