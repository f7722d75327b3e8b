"""Who is asking the embedded zot, what they may do, and how a refusal looks. Measured on zot v2.1.20."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from tests.estate.core import act_as, basic_auth

if TYPE_CHECKING:
    from tests.estate.zot import Zot

Handler = Callable[["Zot", Request], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]
Answer = Callable[[Handler], Endpoint]

CHALLENGE = {"www-authenticate": 'Basic realm="Authorization Required"'}
UNAUTHORIZED: dict[str, Any] = {
    "code": "UNAUTHORIZED",
    "message": "authentication required",
    "detail": {
        "description": "The access controller was unable to authenticate the client. Often this will be accompanied by "
        "a WWW-Authenticate HTTP response header indicating how to authenticate."
    },
}
DENIED: dict[str, Any] = {
    "code": "DENIED",
    "message": "requested access to the resource is denied",
    "detail": {"description": "The access controller denied access for the operation on a resource."},
}


def no_route() -> Response:
    """Return the answer of a path that is not there, or is switched off: Go's own words (run)."""
    return PlainTextResponse("404 page not found\n", 404)


class Refusal(Exception):
    """An answer that ends the request; a refused login is held back by zot's ``failDelay``."""

    def __init__(self, answer: Response, late: bool = False) -> None:
        super().__init__(answer.status_code)
        self.answer, self.late = answer, late


def identify(zot: Zot, request: Request) -> str:
    """
    Return who asks, empty for anonymous.

    Credentials that are sent must be right, also where anonymous may read. A session cookie counts only with the
    header ``X-ZOT-API-CLIENT``: without it the same request is anonymous.
    """
    if "authorization" in request.headers:
        user, password = basic_auth(request)
        key = zot.keyring.use(user, password) if zot.has_apikeys else None
        if key is None:
            act_as(request, user)
            # One bare object here, but a list of errors where access control refuses: zot does both.
            raise Refusal(JSONResponse(UNAUTHORIZED, 401, headers=CHALLENGE), late=True)
        act_as(request, user)
        return user
    user = ""
    if "x-zot-api-client" in request.headers:
        user = zot.logins.user_of(request.cookies.get("session", ""), zot.clock.now())
    act_as(request, user or "anonymous")
    return user


def demand(zot: Zot, request: Request, action: str) -> str:
    """Return who asks if they may do *action* in the repository that they ask about, else refuse."""
    user = identify(zot, request)
    if not may(zot, user, action, request.path_params["name"]):
        raise denied(user)
    return user


def may(zot: Zot, user: str, action: str, repository: str) -> bool:
    """Tell whether *user* may, with the groups of the last login."""
    return zot.access.allows(user, zot.groups.get(user, frozenset()), action, repository)


def denied(user: str) -> Refusal:
    """Return the refusal of access control: 401 for nobody, 403 for somebody."""
    status, error = (403, DENIED) if user else (401, UNAUTHORIZED)
    return Refusal(JSONResponse({"errors": [error]}, status, headers=CHALLENGE), late=True)


async def refused(zot: Zot, refusal: Refusal) -> Response:
    """Return the refusal's answer, late if zot is told to be: 401 and 403 alike (run)."""
    if refusal.late:
        zot.late_refusals += 1
        if zot.fail_delay:
            await asyncio.sleep(zot.fail_delay)
    return refusal.answer
