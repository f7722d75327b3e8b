"""
The HTTP side of the embedded Connect server.

Shapes by the vendor's OpenAPI 1.7.1: errors are ``{"status", "message"}``, a list of items comes without fields, and a
PATCH is a JSON array whose paths name fields by id.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from tests.estate.core import act_as, json_body
from tests.estate.onepassword.model import Item, Json, Token, Vault, new_id

if TYPE_CHECKING:
    from tests.estate.onepassword import OnePassword

Handler = Callable[["OnePassword", Request], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]

FILTER = re.compile(r'\s*(\w+)\s+eq\s+"((?:[^"\\]|\\.)*)"\s*')
FIELD_ATTRIBUTES = frozenset({"value", "label", "type", "section", "purpose"})


class Refusal(Exception):
    """An answer that ends the request."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message

    def response(self) -> Response:
        """Return the vendor's error body."""
        return JSONResponse({"status": self.status, "message": self.message}, self.status)


async def heartbeat(connect: OnePassword, request: Request) -> Response:
    """Answer the dot that needs no token."""
    return PlainTextResponse(".")


async def health(connect: OnePassword, request: Request) -> Response:
    """Answer the server's health, without a token."""
    services = [{"service": "sync", "status": "ACTIVE"}, {"service": "sqlite", "status": "ACTIVE"}]
    return JSONResponse({"name": "1Password Connect API", "version": "1.7.1", "dependencies": services})


async def list_vaults(connect: OnePassword, request: Request) -> Response:
    """Answer the vaults in the token's scope."""
    token = token_of(connect, request)
    wanted = _filter(request, "name")
    vaults = [v for v in connect.vaults.values() if in_scope(token, v) and wanted in (None, v.name)]
    return JSONResponse([_vault_json(vault) for vault in vaults])


async def get_vault(connect: OnePassword, request: Request) -> Response:
    """Answer one vault."""
    return JSONResponse(_vault_json(vault_of(connect, request, token_of(connect, request))))


async def list_items(connect: OnePassword, request: Request) -> Response:
    """Answer the vault's items without their fields."""
    vault = vault_of(connect, request, token_of(connect, request))
    wanted = _filter(request, "title")
    items = [item.current for item in vault.items.values() if wanted in (None, item.title) and not item.state]
    return JSONResponse([{k: v for k, v in _shown(item).items() if k not in ("fields", "sections")} for item in items])


async def get_item(connect: OnePassword, request: Request) -> Response:
    """Answer the whole item, values in clear, as old as the local database is."""
    return JSONResponse(_shown(item_of(connect, request, writing=False).seen()))


async def patch_item(connect: OnePassword, request: Request) -> Response:
    """Apply an array of add, remove and replace, all or none."""
    item = item_of(connect, request, writing=True)
    connect.before_writing()
    operations = await json_body(request)
    if not isinstance(operations, list):
        raise Refusal(400, "Invalid request body")
    changed = copy.deepcopy(item.current)
    for operation in operations:
        _apply(connect, changed, operation)
    return JSONResponse(connect.store(item, changed) if operations else item.current)


async def put_item(connect: OnePassword, request: Request) -> Response:
    """Replace the whole item: what the body leaves out is gone. Counted, so that a test can forbid it."""
    connect.puts += 1
    item = item_of(connect, request, writing=True)
    body = await json_body(request)
    if not isinstance(body, dict) or body.get("id") != item.id or "category" not in body or "vault" not in body:
        raise Refusal(400, "Invalid request body")
    kept = {key: item.current[key] for key in ("id", "vault", "version", "createdAt")}
    changed = {"title": "", "tags": [], "sections": [], "fields": []} | body | kept
    return JSONResponse(connect.store(item, changed))


def _shown(item: Json) -> Json:
    """Return an item as Connect answers it: of its vault, the id."""
    return item | {"vault": {"id": item["vault"]["id"]}}


def _apply(connect: OnePassword, item: Json, operation: Any) -> None:
    """Apply one operation of a JSON patch, with paths that go by field id."""
    if not isinstance(operation, dict) or operation.get("op") not in ("add", "remove", "replace"):
        raise Refusal(400, "Invalid patch operation")
    op, path, value = operation["op"], str(operation.get("path", "")), operation.get("value")
    parts = [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:]]
    fields: list[Json] = item["fields"]
    if parts == ["fields"] and op == "add" and isinstance(value, dict):
        fields.append(connect.kept_as({"type": "STRING"} | value | {"id": value.get("id") or new_id()}))
        return
    if len(parts) not in (2, 3) or parts[0] != "fields":
        raise Refusal(400, "Invalid patch path")
    # Of several with one id the first is taken: what the vendor does then is not known.
    [*found] = [entry for entry in fields if entry.get("id") == parts[1]]
    if not found:
        raise Refusal(400, f"field {parts[1]} not found")
    entry = found[0]
    if len(parts) == 2:
        if op == "remove":
            fields.remove(entry)
        elif isinstance(value, dict):
            entry.clear()
            entry.update({"type": "STRING"} | value | {"id": parts[1]})
        else:
            raise Refusal(400, "Invalid patch value")
        return
    if parts[2] not in FIELD_ATTRIBUTES:
        raise Refusal(400, "Invalid patch path")
    if op == "remove":
        entry.pop(parts[2], None)
    else:
        entry[parts[2]] = value


def token_of(connect: OnePassword, request: Request) -> Token:
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    token = connect.tokens.get(text) if scheme.lower() == "bearer" else None
    if token is None:
        raise Refusal(401, "Invalid token signature")
    act_as(request, "connect")
    return token


def in_scope(token: Token, vault: Vault) -> bool:
    return token.vaults is None or vault.id in token.vaults


def vault_of(connect: OnePassword, request: Request, token: Token) -> Vault:
    wanted = request.path_params["vault"]
    vault = connect.vaults.get(wanted)
    if vault is None:
        raise Refusal(404, f"vault {wanted} not found")
    if not in_scope(token, vault):
        raise Refusal(403, f"vault {wanted} is not in scope")
    if connect.silent_vaults & {vault.id, vault.name}:
        raise Refusal(503, f"vault {wanted} gives no answer, as the test wants it")
    return vault


def item_of(connect: OnePassword, request: Request, writing: bool) -> Item:
    token = token_of(connect, request)
    vault = vault_of(connect, request, token)
    if writing and not token.writes:
        raise Refusal(403, f"token does not have permission to write to vault {vault.id}")
    wanted = request.path_params["item"]
    if wanted not in vault.items:
        raise Refusal(404, f"item {wanted} not found")
    return vault.items[wanted]


def _filter(request: Request, attribute: str) -> str | None:
    """Return what the SCIM filter compares with, ``None`` without a filter."""
    text = request.query_params.get("filter")
    if text is None:
        return None
    match = FILTER.fullmatch(text)
    if match is None or match[1] != attribute:
        raise Refusal(400, "Invalid filter")
    return re.sub(r"\\(.)", r"\1", match[2])


def _vault_json(vault: Vault) -> Json:
    facts: Json = {"id": vault.id, "name": vault.name, "description": "", "attributeVersion": 1, "contentVersion": 1}
    return facts | {
        "items": len(vault.items),
        "type": "USER_CREATED",
        "createdAt": vault.created_at,
        "updatedAt": vault.created_at,
    }
