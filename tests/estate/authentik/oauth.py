"""
The OAuth2 provider of the embedded authentik: authorize, token, user-info, JWKS, with really signed ID tokens.

Measured on authentik 2026.5.0-rc1 and 2026.2.1. Who may not use the application gets **200** and a page that says so,
and a session without a login event is sent to the login flow, whatever bearer token comes with it.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode

from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from tests.estate.authentik.model import Application, Code, FlowState, User
from tests.estate.authentik.permissions import session_of
from tests.estate.core import act_as, basic_auth

if TYPE_CHECKING:
    from tests.estate.authentik import Authentik

Json = dict[str, Any]
CODE_SECONDS, TOKEN_SECONDS = 60, 3600
CONSENT_FLOW = "default-provider-authorization-explicit-consent"


@cache
def signing_key() -> RSAKey:
    """Return the one key of this process: making one takes longer than a login."""
    return RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256", "kid": "estate"})


async def configuration(authentik: Authentik, request: Request) -> Response:
    """Show the discovery document of one application."""
    application = authentik.applications.get(request.path_params["slug"])
    if application is None:
        return _page("Not Found", 404)
    base = f"{authentik.url}/application/o"
    return JSONResponse(
        {
            "issuer": f"{base}/{application.slug}/",
            "authorization_endpoint": f"{base}/authorize/",
            "token_endpoint": f"{base}/token/",
            "userinfo_endpoint": f"{base}/userinfo/",
            "end_session_endpoint": f"{base}/{application.slug}/end-session/",
            "jwks_uri": f"{base}/{application.slug}/jwks/",
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256" if application.signing_key else "HS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
            "scopes_supported": ["openid", "email", "profile"],
        }
    )


async def jwks(authentik: Authentik, request: Request) -> Response:
    """Show the public half of the signing key; a provider without one shows an empty object."""
    application = authentik.applications.get(request.path_params["slug"])
    if application is None:
        return _page("Not Found", 404)
    return JSONResponse({"keys": [signing_key().as_dict(private=False)]} if application.signing_key else {})


async def authorize(authentik: Authentik, request: Request) -> Response:
    """Send a logged-in browser back with a code; everybody else to the login, to consent, or to a page that says no."""
    query = request.query_params
    application = _by_client(authentik, query.get("client_id", ""))
    if application is None:
        return _page("The client identifier (client_id) is missing or invalid.", 400)
    if query.get("redirect_uri") not in application.redirect_uris or query.get("response_type") != "code":
        return _page("The request fails due to a missing, invalid, or mismatching redirection URI (redirect_uri).", 400)
    session = session_of(authentik, request)
    user = session.identity() if session else None
    if session is None or user is None or not session.login_event:
        here = quote(f"{request.url.path}?{request.url.query}", safe="/")
        return _redirect(f"{authentik.path}/flows/-/default/authentication/?next={here}")
    act_as(request, user.username)
    if application.groups and not application.groups & user.groups:
        return _page("Permission denied", 200)
    code = authentik.secrets.new(32)
    back = f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query.get('state', '')})}"
    scope, nonce = query.get("scope", ""), query.get("nonce", "")
    authentik.codes[code] = Code(
        user, application.client_id, query["redirect_uri"], scope, nonce, authentik.clock.now()
    )
    if application.consent and (user.pk, application.client_id) not in authentik.consents:
        session.flow = FlowState(CONSENT_FLOW, ["consent", "redirect"], user=user, identifier=user.username)
        session.flow.consent, session.flow.target = application.client_id, back
        session.flow.consent_token = authentik.secrets.new(40)
        answer = _redirect(f"{authentik.path}/if/flow/{CONSENT_FLOW}/?{request.url.query}")
    else:
        answer = _redirect(back)
    authentik.give_session(answer, session)
    return answer


async def token(authentik: Authentik, request: Request) -> Response:
    """Exchange a code, once, for tokens."""
    form = dict(parse_qsl((await request.body()).decode()))
    client_id, secret = basic_auth(request)
    client_id, secret = client_id or form.get("client_id", ""), secret or form.get("client_secret", "")
    authentik.secrets.add(secret)
    act_as(request, client_id)
    application = _by_client(authentik, client_id)
    if application is None or secret != application.client_secret:
        return _refuse(
            "invalid_client", "Client authentication failed (e.g., unknown client, no client authentication)"
        )
    if form.get("grant_type", "") != "authorization_code":
        return _refuse("unsupported_grant_type", "The authorization grant type is not supported")
    # Popped before it is judged: a code that was shown once is spent, right or wrong.
    code = authentik.codes.pop(form.get("code", ""), None)
    age = authentik.clock.now() - code.issued if code else timedelta()
    if (
        code is None
        or code.client_id != client_id
        or code.redirect_uri != form.get("redirect_uri", "")
        or age > timedelta(seconds=CODE_SECONDS)
    ):
        return _refuse(
            "invalid_grant", "The provided authorization grant or refresh token is invalid, expired, revoked"
        )
    access = authentik.secrets.new(64)
    authentik.access_tokens[access] = (code.user, code.scope)
    answer = {"access_token": access, "token_type": "Bearer", "scope": code.scope, "expires_in": TOKEN_SECONDS}
    answer["id_token"] = _id_token(authentik, application, code)
    return JSONResponse(answer, headers={"cache-control": "no-store", "pragma": "no-cache"})


async def userinfo(authentik: Authentik, request: Request) -> Response:
    """Show the claims of an access token's scopes."""
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    held = authentik.access_tokens.get(text) if scheme.lower() == "bearer" else None
    if held is None:
        return Response(status_code=401, headers={"www-authenticate": 'error="invalid_token"'})
    act_as(request, held[0].username)
    return JSONResponse(_claims(*held))


async def login_page(authentik: Authentik, request: Request) -> Response:
    """Send a browser to the page of the brand's authentication flow."""
    if authentik.authentication_flow is None:
        return _page("Not Found", 404)
    return _redirect(f"{authentik.path}/if/flow/{authentik.authentication_flow}/?{request.url.query}")


async def flow_page(authentik: Authentik, request: Request) -> Response:
    """Show a flow's page; all of it happens in the browser."""
    return _page("authentik", 200)


def _id_token(authentik: Authentik, application: Application, code: Code) -> str:
    now = int(authentik.now().timestamp())
    claims: Json = {
        "iss": f"{authentik.url}/application/o/{application.slug}/",
        "aud": application.client_id,
        "exp": now + TOKEN_SECONDS,
        "iat": now,
        "auth_time": int((code.user.last_login or code.issued).timestamp()),
        "acr": "goauthentik.io/providers/oauth2/default",
    }
    claims |= _claims(code.user, code.scope)
    if code.nonce:
        claims["nonce"] = code.nonce
    if application.signing_key:
        signed = jwt.encode({"alg": "RS256", "kid": "estate"}, claims, signing_key())
    else:
        signed = jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(application.client_secret))
    return authentik.secrets.add(signed)


def _claims(user: User, scope: str) -> Json:
    claims: Json = {"sub": user.uid}
    if "email" in scope.split():
        claims |= {"email": user.email, "email_verified": False}
    if "profile" in scope.split():
        claims |= {"name": user.name, "given_name": user.name, "preferred_username": user.username}
        claims |= {"nickname": user.username, "groups": sorted(user.groups)}
    return claims


def _by_client(authentik: Authentik, client_id: str) -> Application | None:
    found = [known for known in authentik.applications.values() if known.client_id == client_id]
    return found[0] if found else None


def _refuse(error: str, description: str) -> Response:
    return JSONResponse({"error": error, "error_description": description}, 400)


def _redirect(location: str) -> Response:
    return Response(status_code=302, headers={"location": location, "content-type": "text/html; charset=utf-8"})


def _page(title: str, status: int) -> Response:
    page = f"<!DOCTYPE html><html><head><title>{title} - authentik</title></head><body><p>{title}</p></body></html>"
    return HTMLResponse(page, status)
