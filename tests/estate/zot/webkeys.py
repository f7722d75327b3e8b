"""
``/zot/auth/apikey`` of the embedded zot. Measured on zot v2.1.20.

Nobody in particular is an empty 500, bad input an empty 400, and a deletion always 200.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.estate.core import json_body, stamp
from tests.estate.zot.access import identify, no_route
from tests.estate.zot.keys import parse_expiry

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
    label = label[: zot.longest_label or None]
    label = label.lower() if zot.folds_names else label
    try:
        expiration = _within_limits(zot, expiration)
        agent = request.headers.get("user-agent", "")
        key = zot.keyring.mint(user, label, [*scopes, *zot.scopes], expiration, agent)
    except ValueError:
        return Response(status_code=400)
    return JSONResponse(key.shown(zot.clock.now()) | {"apiKey": key.secret}, 201)


def _within_limits(zot: Zot, expiration: str) -> str:
    """Return the expiry that a registry with limits of its own gives; one within them is echoed as it came."""
    if zot.longest_life is None and zot.shortest_life is None:
        return expiration
    asked = parse_expiry(expiration) if expiration else datetime.max.replace(tzinfo=UTC)
    now = zot.clock.now()
    given = min(asked, now + zot.longest_life) if zot.longest_life else asked
    given = max(given, now + zot.shortest_life) if zot.shortest_life else given
    return expiration if given == asked else stamp(given)
