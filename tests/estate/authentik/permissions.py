"""
Who calls the embedded authentik's API and what they may. Measured on authentik 2026.5.0-rc1 and 2026.2.1.

A bad token and none at all are both 403. What a token may not see does not exist for it (404).
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.estate.authentik.model import Grant, Group, Session, User
from tests.estate.core import act_as

if TYPE_CHECKING:
    from tests.estate.authentik import Authentik

Handler = Callable[["Authentik", Request], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]

SESSION_COOKIE, CSRF_COOKIE = "authentik_session", "authentik_csrf"
CSRF_FORM = re.compile(r"[A-Za-z0-9]{32}(?:[A-Za-z0-9]{32})?")
NOT_ALLOWED = "You do not have permission to perform this action."
SAFE = ("GET", "HEAD", "OPTIONS")


class Refusal(Exception):
    """An answer that ends the request; without a *body* it is empty."""

    def __init__(self, status: int, body: Any = None) -> None:
        super().__init__(status)
        self.status, self.body = status, body

    def response(self) -> Response:
        """Return the vendor's error body."""
        return Response(status_code=self.status) if self.body is None else JSONResponse(self.body, self.status)


def forbidden(detail: str = NOT_ALLOWED) -> Refusal:
    """Return the refusal of a caller who is known but may not, or not known at all: 403 either way."""
    return Refusal(403, {"detail": detail})


def missing(model: str) -> Refusal:
    """Return the refusal for what is not there, or not there for this caller."""
    return Refusal(404, {"detail": f"No {model} matches the given query."})


def session_of(authentik: Authentik, request: Request) -> Session | None:
    """Return the request's session, logged in or not."""
    return authentik.sessions.get(request.cookies.get(SESSION_COOKIE, ""))


def caller(authentik: Authentik, request: Request) -> User:
    """Return who calls: by API token, else by session; a writing session must also pass the CSRF check."""
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        token = authentik.tokens.get(text)
        expired = token is not None and token.expires is not None and token.expires <= authentik.clock.now()
        if token is None or expired or token.intent != "api" or not token.user.is_active:
            raise forbidden("Token invalid/expired")
        act_as(request, token.user.username)
        return token.user
    session = session_of(authentik, request)
    user = session.identity() if session else None
    if user is None:
        raise forbidden("Authentication credentials were not provided.")
    act_as(request, user.username)
    if request.method not in SAFE:
        check_csrf(authentik, request)
    return user


def check_csrf(authentik: Authentik, request: Request) -> None:
    """
    Compare cookie and header.

    Only the two are compared, with no memory on the server: a session without the cookie may bring a pair of its own
    making, as long as it has the form (32 letters and digits).
    """
    cookie, header = request.cookies.get(CSRF_COOKIE), request.headers.get("x-authentik-csrf")
    authentik.secrets.add(cookie)
    if not cookie:
        raise forbidden("CSRF Failed: CSRF cookie not set.")
    if not CSRF_FORM.fullmatch(cookie):
        raise forbidden("CSRF Failed: CSRF cookie has incorrect length.")
    if not header:
        raise forbidden("CSRF Failed: CSRF token missing.")
    if header != cookie:
        raise forbidden("CSRF Failed: CSRF token from the 'X-Authentik-Csrf' HTTP header incorrect.")


def may(user: User, permission: str, thing: User | Group | None = None) -> bool:
    """Tell whether the user holds the permission globally, or on this one object."""
    if user.is_superuser or Grant(permission) in user.grants:
        return True
    return thing is not None and Grant(permission, thing) in user.grants


def demand(user: User, permission: str, thing: User | Group | None = None) -> None:
    """Refuse a caller without the permission."""
    if not may(user, permission, thing):
        raise forbidden()


def visible_user(authentik: Authentik, viewer: User, pk: Any) -> User:
    """Return the account of that pk, or say it is not there."""
    for user in list(authentik.users.values()):
        if user.pk == pk and may(viewer, "view_user", user):
            return user
    raise missing("User")


def visible_groups(authentik: Authentik, viewer: User) -> list[Group]:
    """Return the groups the caller may see; one who may see none is refused, other than for accounts."""
    seen = [group for group in list(authentik.groups.values()) if may(viewer, "view_group", group)]
    if not seen and not may(viewer, "view_group"):
        raise forbidden()
    return seen


def visible_group(authentik: Authentik, viewer: User, pk: str) -> Group:
    """Return the group of that pk, or say it is not there."""
    for group in visible_groups(authentik, viewer):
        if group.pk == pk:
            return group
    raise missing("Group")
