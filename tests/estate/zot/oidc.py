"""
The embedded zot as an OIDC relying party: it really exchanges the code and checks the ID token's signature.

Measured on zot v2.1.20. The cookie ``state`` is ``Secure`` even over plain http, and every failure of the callback is
a 401 with the reason as text.
"""

from __future__ import annotations

import ssl
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from tests.estate.core import act_as
from tests.estate.zot.access import no_route

if TYPE_CHECKING:
    from tests.estate.zot import Zot

SESSION_SECONDS = 7200
STATE_SECONDS = 120


@dataclass
class Provider:
    """An OpenID provider in zot's configuration; *name* is the one in the login's address."""

    issuer: str
    client_id: str
    client_secret: str
    name: str = "oidc"


@dataclass
class Logins:
    """Logins under way and sessions. In memory: a restart of zot ends them, while keys live on."""

    pending: dict[str, tuple[str, str]] = field(default_factory=dict)
    sessions: dict[str, tuple[str, datetime]] = field(default_factory=dict)

    def user_of(self, session: str, now: datetime) -> str:
        """Return whose session it is, empty for none or an expired one."""
        user, until = self.sessions.get(session, ("", now))
        return user if until > now else ""


class CallbackError(Exception):
    """Why a callback failed, in zot's words."""


async def login(zot: Zot, request: Request) -> Response:
    """Send the browser to the provider, with two cookies to know it again."""
    provider = zot.provider if zot.openid_enabled else None
    if provider is None:
        return no_route()
    if request.query_params.get("provider") != provider.name:
        return Response(status_code=400)
    state, cookie = zot.secrets.add(str(uuid.uuid4())), zot.secrets.new(96)
    zot.logins.pending[cookie] = (state, request.query_params.get("callback_ui", ""))
    query = {
        "client_id": provider.client_id,
        "redirect_uri": _redirect_uri(zot, provider),
        "response_type": "code",
        "scope": "openid email profile",
        "state": state,
    }
    answer = _found(f"{_endpoint(provider, 'authorize')}?{urlencode(query)}")
    answer.headers.append("set-cookie", f"statecookie={cookie}; Path=/zot/auth/callback; {_until(zot)}; HttpOnly")
    answer.headers.append(
        "set-cookie", f"state={state}; Path=/; Max-Age={STATE_SECONDS}; HttpOnly; Secure; SameSite=Lax"
    )
    return answer


async def callback(zot: Zot, request: Request) -> Response:
    """Exchange the code, remember the user's groups, open a session."""
    provider = zot.provider if zot.openid_enabled else None
    if provider is None:
        return no_route()
    if request.path_params["provider"] != provider.name:
        return Response(status_code=400)
    try:
        callback_ui = _check_state(zot, request)
        claims = await _exchange(zot, provider, request.query_params.get("code", ""))
    except CallbackError as error:
        headers = {"x-content-type-options": "nosniff", "content-type": "text/plain; charset=utf-8"}
        return Response(f"{error}\n", 401, headers=headers)
    user = str(claims.get(zot.username_claim) or "")
    user = user.lower() if zot.folds_names else user
    if not user:
        # Its log says why, its answer does not: "failed to set user record for empty username value".
        return Response(status_code=401)
    act_as(request, user)
    # The only moment at which zot learns groups; they then hold for all of the user's keys, old ones too.
    zot.groups[user] = frozenset(map(str, claims.get("groups", ())))
    session = zot.secrets.new(96)
    zot.logins.sessions[session] = (user, zot.clock.now() + timedelta(seconds=SESSION_SECONDS))
    answer = _found(callback_ui) if callback_ui else Response(status_code=201)
    answer.headers.append("set-cookie", "state=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax")
    answer.headers.append("set-cookie", f"session={session}; Path=/; {_until(zot)}; HttpOnly")
    answer.headers.append("set-cookie", f"user={user}; Path=/; {_until(zot)}")
    return answer


async def logout(zot: Zot, request: Request) -> Response:
    """End the session."""
    zot.logins.sessions.pop(request.cookies.get("session", ""), None)
    return Response(status_code=200)


def _check_state(zot: Zot, request: Request) -> str:
    """Return where to go after the login if the browser is the one that began it."""
    state = request.cookies.get("state")
    if not state:
        message = "failed to get state: http: named cookie not present"
        raise CallbackError(message)
    if state != request.query_params.get("state"):
        message = "failed to get state: 'state' not matching"
        raise CallbackError(message)
    if "error" in request.query_params:
        raise CallbackError(request.query_params["error"])
    if zot.several_nodes:
        # Read, not run: the cookie is signed by a key that each process makes for itself.
        message = "failed to get state: securecookie: the value is not valid"
        raise CallbackError(message)
    expected, callback_ui = zot.logins.pending.get(request.cookies.get("statecookie", ""), ("", ""))
    if expected != state:
        message = "failed to get state: no login was begun with it"
        raise CallbackError(message)
    return callback_ui


async def _exchange(zot: Zot, provider: Provider, code: str) -> dict[str, Any]:
    """Return the claims of the ID token and of the user-info endpoint, after all checks."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": _redirect_uri(zot, provider)}
    async with httpx.AsyncClient(verify=_trust(), trust_env=False, timeout=10) as client:
        try:
            found = await client.get(f"{provider.issuer}.well-known/openid-configuration")
            places = found.raise_for_status().json()
            auth = (provider.client_id, provider.client_secret)
            answer = await client.post(places["token_endpoint"], data=form, auth=auth)
            if answer.status_code != 200:
                message = f'failed to exchange token: oauth2: "{answer.json().get("error", "server_error")}"'
                raise CallbackError(message)
            tokens = answer.json()
            keys = (await client.get(places["jwks_uri"])).raise_for_status().json()
            claims = _verified(zot, provider, tokens["id_token"], keys)
            bearer = {"authorization": f"Bearer {tokens['access_token']}"}
            info = (await client.get(places["userinfo_endpoint"], headers=bearer)).raise_for_status().json()
        except (httpx.HTTPError, ValueError, KeyError) as error:
            message = f"failed to exchange token: {type(error).__name__}"
            raise CallbackError(message) from None
    if info.get("sub") != claims["sub"]:
        message = "failed to get userinfo: subject does not match"
        raise CallbackError(message)
    return {**claims, **info}


def _verified(zot: Zot, provider: Provider, id_token: str, keys: Any) -> dict[str, Any]:
    """Return the claims of a token that the provider's published keys signed for this client, now."""
    rules = jwt.JWTClaimsRegistry(
        now=int(zot.now().timestamp()),
        leeway=5,
        iss={"essential": True, "value": provider.issuer},
        aud={"essential": True, "value": provider.client_id},
        exp={"essential": True},
        sub={"essential": True},
    )
    try:
        # A provider without a signing key publishes none and signs with HS256: zot refuses that.
        token = jwt.decode(id_token, KeySet.import_key_set(keys), algorithms=["RS256"])
        rules.validate(token.claims)
    except (JoseError, ValueError) as error:
        message = f"failed to verify id token: {type(error).__name__}"
        raise CallbackError(message) from None
    return dict(token.claims)


@cache
def _trust() -> ssl.SSLContext:
    """Build the trust store once: it takes longer than the whole login."""
    return ssl.create_default_context()


def _redirect_uri(zot: Zot, provider: Provider) -> str:
    return f"{zot.url}/zot/auth/callback/{provider.name}"


def _endpoint(provider: Provider, name: str) -> str:
    """Return an endpoint that all of authentik's applications share: one level above the issuer."""
    return f"{provider.issuer.rstrip('/').rsplit('/', 1)[0]}/{name}/"


def _until(zot: Zot) -> str:
    expires = format_datetime(zot.clock.now() + timedelta(seconds=SESSION_SECONDS), usegmt=True)
    return f"Expires={expires}; Max-Age={SESSION_SECONDS}"


def _found(location: str) -> Response:
    """Redirect as Go does, with a link as the body."""
    return HTMLResponse(f'<a href="{escape(location)}">Found</a>.\n\n', 302, headers={"location": location})
