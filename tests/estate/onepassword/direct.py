"""
A back door by HTTP into the same vaults, for the stand-ins of the SDK's core and of `op`, which run in other processes.

Nothing here imitates a vendor: reads are of the truth, and a write carries the version that it was made from.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.estate.core import json_body
from tests.estate.onepassword import api

if TYPE_CHECKING:
    from tests.estate.onepassword import OnePassword


async def vaults(connect: OnePassword, request: Request) -> Response:
    """Answer the vaults that the token may see."""
    token = api.token_of(connect, request)
    seen = [vault for vault in connect.vaults.values() if api.in_scope(token, vault)]
    return JSONResponse([{"id": vault.id, "name": vault.name} for vault in seen])


async def items(connect: OnePassword, request: Request) -> Response:
    """Answer ids and titles."""
    vault = api.vault_of(connect, request, api.token_of(connect, request))
    return JSONResponse([{"id": item.id, "title": item.title} for item in vault.items.values() if not item.state])


async def item(connect: OnePassword, request: Request) -> Response:
    """Answer the whole item as it is."""
    return JSONResponse(api.item_of(connect, request, writing=False).current)


async def put(connect: OnePassword, request: Request) -> Response:
    """Take fields and sections, if nobody wrote since the version that they were made from."""
    held = api.item_of(connect, request, writing=True)
    connect.before_writing()
    body = await json_body(request)
    if body["version"] != held.current["version"]:
        raise api.Refusal(409, "conflict")
    known = {entry.get("id") for entry in held.current["fields"]}
    fields = [entry for entry in body["fields"] if entry.get("id") in known]
    fields += [entry for entry in body["fields"] if entry.get("id") not in known]
    fields = [connect.kept_as(entry) if entry.get("id") not in known else entry for entry in fields]
    connect.store(held, copy.deepcopy(held.current) | {"fields": fields, "sections": body["sections"]})
    return JSONResponse(held.current)


_ITEM = "/direct/{vault}/{item}"
ROUTES: tuple[tuple[str, str, api.Handler], ...] = (
    ("GET", "/direct", vaults),
    ("GET", "/direct/{vault}", items),
    ("GET", _ITEM, item),
    ("PUT", _ITEM, put),
)
