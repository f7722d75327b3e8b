"""
``/zot/auth/apikey`` of the embedded zot. Measured on zot v2.1.20.

Nobody in particular is an empty 500, bad input an empty 400, and a deletion always 200.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.estate.core import json_body
from tests.estate.zot.access import identify, no_route

if TYPE_CHECKING:
    from tests.estate.zot import Zot

LARGEST_BODY = 8 * 1024


async def apikey(zot: Zot, request: Request) -> Response:
    """List, mint or delete the caller's own keys."""
    if not zot.has_apikeys:
        return no_route()
    user = identify(zot, request)
    if not user:
        return Response(status_code=500)
    if request.method == "POST":
        return await _mint(zot, request, user)
    if request.method == "DELETE":
        identifier = request.query_params.get("id")
        if not identifier:
            return Response(status_code=400)
        zot.keyring.delete(user, identifier)
        return Response(status_code=200)
    now = zot.clock.now()
    return JSONResponse({"apiKeys": [key.shown(now) for key in zot.keyring.of(user)]})


async def _mint(zot: Zot, request: Request, user: str) -> Response:
    if len(await request.body()) > LARGEST_BODY:
        return Response(status_code=413)
    body = await json_body(request)
    if not isinstance(body, dict) or not await request.body():
        return Response(status_code=400)
    label, scopes, expiration = body.get("label") or "", body.get("scopes") or [], body.get("expirationDate") or ""
    if not (isinstance(label, str) and isinstance(scopes, list) and isinstance(expiration, str)):
        return Response(status_code=400)
    try:
        key = zot.keyring.mint(user, label, scopes, expiration, request.headers.get("user-agent", ""))
    except ValueError:
        return Response(status_code=400)
    return JSONResponse(key.shown(zot.clock.now()) | {"apiKey": key.secret}, 201)
