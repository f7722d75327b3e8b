"""
A stand-in for the native core of 1Password's Python SDK, over the embedded vaults.

Only the module that binds the native library is replaced: the SDK's client, models and error types above it are the
real ones. The shapes are the SDK's own; the words of its errors were read in the native library of 0.4.2. They echo the
item, as a real one may: nobody may show them. Nothing but the standard library: this runs in the provider's process.
"""

from __future__ import annotations

import json
import os
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

Json = dict[str, Any]

TYPES = {"CONCEALED": "Concealed", "STRING": "Text", "URL": "Url", "EMAIL": "Email", "TOTP": "Totp", "DATE": "Date"}
# What the SDK calls all others, a passkey for example. It writes no item that has one (0.4.2, read in its core).
UNSUPPORTED = "Unsupported"
BACK = {theirs: ours for ours, theirs in TYPES.items()}
SAYS = {
    401: "authentication error: bad service account token, please rotate it",
    403: "error updating item: you do not have the right permissions to perform this action",
    404: "error getting item: resource not found",
    409: "error updating item: data conflict occurred on the server: performing a vault operation",
    500: "internal error",
}

_tokens: dict[int, str] = {}


class CoreError(Exception):
    """What the native library raises: the message is JSON."""

    def __init__(self, message: str, name: str = "") -> None:
        self.msg = json.dumps({"name": name, "message": message})
        super().__init__(self.msg)


class Finder(MetaPathFinder, Loader):
    """Finds this module where the SDK looks for the binding of its native library."""

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Answer for that one name."""
        ours = fullname.startswith("onepassword.lib.") and fullname.endswith(".op_uniffi_core")
        return ModuleSpec(fullname, self) if ours else None

    def exec_module(self, module: ModuleType) -> None:
        """Fill it."""
        vars(module).update(init_client=init_client, invoke=invoke, release_client=release_client)


def install() -> None:
    """Be the SDK's native library in this process."""
    if not any(isinstance(finder, Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, Finder())


async def init_client(config: str) -> str:
    """Sign in."""
    said = json.loads(config)
    if not (said["integrationName"] and said["integrationVersion"]):
        raise CoreError("invalid user input: integration")
    number = len(_tokens) + 1
    _tokens[number] = said["serviceAccountToken"]
    await _ask(number, "GET", "")
    return str(number)


def release_client(client: str) -> None:
    """Forget a client."""
    _tokens.pop(json.loads(client), None)


async def invoke(config: str) -> str:
    """Answer one call."""
    invocation = json.loads(config)["invocation"]
    client, call = invocation["clientId"], invocation["parameters"]
    name, arguments = call["name"], call["parameters"]
    if name == "VaultsList":
        return json.dumps([_vault(vault) for vault in await _ask(client, "GET", "")])
    if name == "ItemsList":
        vault = arguments["vault_id"]
        return json.dumps([_overview(item, vault) for item in await _ask(client, "GET", f"/{vault}")])
    if name == "ItemsGet":
        return json.dumps(_item(await _ask(client, "GET", f"/{arguments['vault_id']}/{arguments['item_id']}")))
    if name == "ItemsPut":
        return json.dumps(_item(await _put(client, arguments["item"])))
    raise CoreError(f"invalid user input: no {name}")


async def _put(client: int, item: Json) -> Json:
    path = f"/{item['vaultId']}/{item['id']}"
    known = list((await _ask(client, "GET", path))["fields"])
    if any(field["fieldType"] == UNSUPPORTED for field in item["fields"]):
        raise CoreError(f"cannot update item {item['id']}. Editing is not supported for unsupported fields, {item}")
    body = {
        "version": item["version"],
        "sections": [_without_nothing({"id": one["id"], "label": one["title"]}) for one in item["sections"]],
        "fields": [_field(field, _taken_from(known, field)) for field in item["fields"]],
    }
    answer: Json = await _ask(client, "PUT", path, body)
    return answer


def _taken_from(known: list[Json], field: Json) -> Json:
    """Take out what the vault has of that field, the first one of its id; or of its label too, where ids are shared."""
    same = [one for one in known if one.get("id", "") == field["id"]]
    best = next((one for one in same if (one.get("label") or "") == field["title"]), same[0] if same else {})
    known[:] = [one for one in known if one is not best]
    return best


def _field(field: Json, known: Json) -> Json:
    """Return a field of the SDK's as the vault keeps it, with what only the vault knows of it."""
    section = {"section": {"id": field["sectionId"]}} if field.get("sectionId") else {}
    shown = {"label": field["title"], "type": BACK[field["fieldType"]], "value": field["value"]}
    shown = {name: value for name, value in shown.items() if value or name in known or not known}
    return known | _without_nothing({"id": field["id"]}) | shown | section


def _without_nothing(entry: Json) -> Json:
    """Leave out what the vault has not: the SDK shows an empty text for it."""
    return {name: value for name, value in entry.items() if value != ""}


def _vault(vault: Json) -> Json:
    moment = "2026-01-01T00:00:00Z"
    counts = {"activeItemCount": 1, "contentVersion": 1, "attributeVersion": 1}
    named = {"id": vault["id"], "title": vault["name"], "description": "", "vaultType": "userCreated"}
    return named | counts | {"createdAt": moment, "updatedAt": moment}


def _overview(item: Json, vault: str) -> Json:
    moment = "2026-01-01T00:00:00Z"
    named = {"id": item["id"], "title": item["title"], "category": "SecureNote", "vaultId": vault, "state": "active"}
    return named | {"websites": [], "tags": [], "createdAt": moment, "updatedAt": moment}


def _item(item: Json) -> Json:
    fields = [
        {
            "id": field.get("id", ""),
            "title": field.get("label") or "",
            "sectionId": field.get("section", {}).get("id"),
            "fieldType": TYPES.get(field.get("type", "STRING"), UNSUPPORTED),
            "value": field.get("value") or "",
            "details": None,
        }
        for field in item["fields"]
    ]
    return {
        "id": item["id"],
        "title": item["title"],
        "category": "SecureNote",
        "vaultId": item["vault"]["id"],
        "fields": fields,
        "sections": [{"id": one.get("id", ""), "title": one.get("label", "")} for one in item["sections"]],
        "notes": "",
        "tags": item["tags"],
        "websites": [],
        "version": item["version"],
        "files": [],
        "document": None,
        "createdAt": item["createdAt"],
        "updatedAt": item["updatedAt"],
    }


async def _ask(client: int, method: str, path: str, body: Json | None = None) -> Any:
    import asyncio

    return await asyncio.to_thread(_send, _tokens[client], method, path, body)


def _send(token: str, method: str, path: str, body: Json | None) -> Any:
    from http.client import HTTPConnection

    connection = HTTPConnection(os.environ["OP_STANDIN_URL"].partition("//")[2])
    try:
        data = None if body is None else json.dumps(body)
        connection.request(method, f"/direct{path}", data, {"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        status, text = answer.status, answer.read()
    finally:
        connection.close()
    if status == 429:
        raise CoreError(f"rate limit exceeded {body}", "RateLimitExceeded")
    if status != 200:
        raise CoreError(f"{SAYS[status]} {body}")
    return json.loads(text)
