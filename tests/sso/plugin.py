"""
A stand-in for the vendors' plugins: `python -m tests.sso.plugin pulumi-resource-…`, as the engine starts it.

It speaks the engine's protocol for resource providers and keeps its objects in a JSON file of the folder that
`STAND_IN_FOLDER` names, so that a test can look at them and change them, and the next run of the engine finds them.
It has those of the vendors' rules that the component leans on: what is unique, what must exist, what is computed, where
the credentials come from.
"""

from __future__ import annotations

import json
import os
import sys
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]  # comes with pulumi, without types
from google.protobuf.empty_pb2 import Empty  # type: ignore[import-untyped]  # likewise
from google.protobuf.json_format import MessageToDict  # type: ignore[import-untyped]  # likewise
from google.protobuf.struct_pb2 import Struct  # type: ignore[import-untyped]  # likewise
from pulumi.runtime.proto import plugin_pb2
from pulumi.runtime.proto import provider_pb2 as messages
from pulumi.runtime.proto.provider_pb2_grpc import ResourceProviderServicer, add_ResourceProviderServicer_to_server

# What a plugin cannot work without, and takes from the environment.
CREDENTIALS = {
    "terraform-provider": ("AUTHENTIK_URL", "AUTHENTIK_TOKEN"),
    "onepassword": ("OP_CONNECT_HOST", "OP_CONNECT_TOKEN"),
}

# What the vendors' servers have before anybody comes: the answer of each look-up by the value that it asks for.
LOOKUPS: dict[str, dict[str, dict[str, Any]]] = {
    "authentik:index/getFlow:getFlow": {
        "default-provider-authorization-implicit-consent": {"id": "flow-implicit"},
        "default-provider-invalidation-flow": {"id": "flow-invalidation"},
    },
    "authentik:index/getGroup:getGroup": {"admins": {"id": "group-admins"}},
    "authentik:index/getCertificateKeyPair:getCertificateKeyPair": {
        "authentik Self-signed Certificate": {"id": "key-self-signed"}
    },
    "onepassword:index/getVault:getVault": {"blumeops": {"uuid": "v" * 26}},
}
SCOPE_LOOKUP = "authentik:index/getPropertyMappingProviderScope:getPropertyMappingProviderScope"
SCOPES = {
    f"goauthentik.io/providers/oauth2/scope-{scope}": f"scope-{scope}" for scope in ("openid", "email", "profile")
}

# A property that no two objects of a type share.
UNIQUE = {"Group": "name", "ProviderOauth2": "clientId", "Application": "slug"}


# What the servers give and nobody asks for.
COMPUTED = {"uuid", "providerOauth2Id", "clientSecret"}


class Objects:
    """
    What one vendor's server holds: properties by type and id, in a file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def all(self) -> dict[str, dict[str, dict[str, Any]]]:
        found: dict[str, dict[str, dict[str, Any]]] = json.loads(self._path.read_text()) if self._path.exists() else {}
        return found

    def of(self, kind: str) -> dict[str, dict[str, Any]]:
        return self.all().get(kind, {})

    def put(self, kind: str, object_id: str, properties: Mapping[str, Any]) -> None:
        everything = self.all()
        everything.setdefault(kind, {})[object_id] = dict(properties)
        self._path.write_text(json.dumps(everything, indent=1))

    def drop(self, kind: str, object_id: str) -> None:
        everything = self.all()
        everything[kind].pop(object_id, None)
        self._path.write_text(json.dumps(everything, indent=1))


def _struct(properties: Mapping[str, Any]) -> Struct:
    struct = Struct()
    struct.update(properties)
    return struct


def _answer(properties: Mapping[str, Any]) -> Any:
    # The protocol's name of the field is a keyword of Python.
    return messages.InvokeResponse(**{"return": _struct(properties)})


def _kind(token: str) -> str:
    return token.rpartition(":")[2]


def computed(kind: str, inputs: Mapping[str, Any], objects: Objects) -> tuple[str, dict[str, Any]]:
    """
    The id of a new object and the properties that its server gives it.
    """
    if kind == "ProviderOauth2":
        number = str(len(objects.of(kind)) + 7)
        return number, {"providerOauth2Id": number, "clientSecret": f"made-by-authentik-{uuid.uuid4().hex}"}
    if kind == "Application":
        return str(inputs["slug"]), {"uuid": str(uuid.uuid4())}
    if kind == "Item":
        item_id = uuid.uuid4().hex[:26]
        return f"vaults/{inputs['vault']}/items/{item_id}", {"uuid": item_id}
    return str(uuid.uuid4()), {}


class StandIn(ResourceProviderServicer):
    """
    One plugin process.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self._name = name
        self._objects = Objects(folder / f"{name}.json")

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: N802 -- the protocol's names
        return plugin_pb2.PluginInfo(version="0.12.0" if self._name == "terraform-provider" else "1.2.1")

    def Parameterize(self, request: Any, context: Any) -> Any:  # noqa: N802
        wanted = json.loads(request.value.value)
        if not wanted["remote"]["url"].endswith("goauthentik/authentik"):
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "this stands in for authentik's provider only")
        return messages.ParameterizeResponse(name=request.value.name, version=request.value.version)

    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        return messages.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        return messages.DiffResponse(changes=messages.DiffResponse.DIFF_NONE)

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802
        for variable in CREDENTIALS[self._name]:
            if not os.environ.get(variable):
                context.abort(grpc.StatusCode.UNAUTHENTICATED, f"{variable} is not set")
        return messages.ConfigureResponse()

    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: N802
        arguments = MessageToDict(request.args)
        if request.tok == SCOPE_LOOKUP:
            return _answer({"ids": [SCOPES[managed] for managed in arguments["managedLists"]]})
        asked = str(arguments.get("slug") or arguments.get("name"))
        found = LOOKUPS[request.tok].get(asked)
        if found is None:
            context.abort(grpc.StatusCode.NOT_FOUND, f"{_kind(request.tok)}: nothing is called {asked}")
        return _answer(arguments | (found or {}))

    def Check(self, request: Any, context: Any) -> Any:  # noqa: N802
        return messages.CheckResponse(inputs=request.news)

    def Diff(self, request: Any, context: Any) -> Any:  # noqa: N802
        old, new = MessageToDict(request.old_inputs), MessageToDict(request.news)
        changed = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
        kinds = messages.DiffResponse
        return kinds(changes=kinds.DIFF_SOME if changed else kinds.DIFF_NONE, diffs=changed)

    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802
        kind, inputs = _kind(request.type), MessageToDict(request.properties)
        unique = UNIQUE.get(kind)
        if unique and any(other[unique] == inputs[unique] for other in self._objects.of(kind).values()):
            context.abort(grpc.StatusCode.ALREADY_EXISTS, f"{kind} with this {unique} already exists")
        target = inputs.get("target")
        if kind == "PolicyBinding" and target not in {one["uuid"] for one in self._objects.of("Application").values()}:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "target: no such application")
        object_id, made = computed(kind, inputs, self._objects)
        self._objects.put(kind, object_id, inputs | made)
        return messages.CreateResponse(id=object_id, properties=_struct(inputs | made))

    def Read(self, request: Any, context: Any) -> Any:  # noqa: N802
        held = self._objects.of(_kind(request.type)).get(request.id)
        if held is None:
            return messages.ReadResponse()
        # An import has no inputs yet: everything that could be one is taken for it.
        known = MessageToDict(request.inputs) or {key: held[key] for key in held.keys() - COMPUTED}
        inputs = {key: held[key] for key in known if key in held}
        return messages.ReadResponse(id=request.id, properties=_struct(held), inputs=_struct(inputs))

    def Update(self, request: Any, context: Any) -> Any:  # noqa: N802
        kind = _kind(request.type)
        held = self._objects.of(kind)[request.id] | MessageToDict(request.news)
        self._objects.put(kind, request.id, held)
        return messages.UpdateResponse(properties=_struct(held))

    def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802
        self._objects.drop(_kind(request.type), request.id)
        return Empty()

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802
        return Empty()


def main(program: str) -> None:
    """
    Serve until the engine ends the process. The engine waits for the port on the first line.
    """
    name = program.removeprefix("pulumi-resource-")
    # One at a time: the file is read and written as a whole.
    server = grpc.server(ThreadPoolExecutor(max_workers=1))
    add_ResourceProviderServicer_to_server(StandIn(name, Path(os.environ["STAND_IN_FOLDER"])), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main(sys.argv[1])
