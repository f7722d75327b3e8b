"""
The registry routes of the embedded zot, enough to push and pull a small image and to probe access.

Measured on zot v2.1.20: access is decided before the input is looked at, so that a PUT without a digest tells who may
create (400) from who may not (403), and a PUT of a wrong media type over a tag who may update (415). Beginning an
upload leaves the repository's name in the catalog. A manifest to delete in a repository that is not there is a 400, in
one that is there a 404. The tag ``latest`` is a tag like others.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.estate.zot.access import Answer, demand, denied, identify, may

if TYPE_CHECKING:
    from tests.estate.zot import Zot

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
MANIFEST_TYPES = frozenset(
    {
        MANIFEST_TYPE,
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    }
)


@dataclass
class Repository:
    """Blobs by digest, manifests by digest (type and bytes), tags, and uploads under way."""

    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    uploads: dict[str, bytes] = field(default_factory=dict)


def routes(answer: Answer) -> list[Route]:
    """Return the routes; a repository's name may hold slashes."""
    uploads = "/v2/{name:path}/blobs/uploads"
    return [
        Route("/v2/", answer(_version), methods=["GET"]),
        Route("/v2/_catalog", answer(_catalog), methods=["GET"]),
        Route("/v2/{name:path}/tags/list", answer(_tags), methods=["GET"]),
        Route(f"{uploads}/", answer(_begin), methods=["POST"]),
        Route(f"{uploads}/{{upload}}", answer(_append), methods=["PATCH"]),
        Route(f"{uploads}/{{upload}}", answer(_finish), methods=["PUT"]),
        Route(f"{uploads}/{{upload}}", answer(_cancel), methods=["DELETE"]),
        Route("/v2/{name:path}/blobs/{digest}", answer(_blob), methods=["GET", "HEAD"]),
        Route("/v2/{name:path}/manifests/{reference}", answer(_get_manifest), methods=["GET", "HEAD"]),
        Route("/v2/{name:path}/manifests/{reference}", answer(_put_manifest), methods=["PUT"]),
        Route("/v2/{name:path}/manifests/{reference}", answer(_delete_manifest), methods=["DELETE"]),
    ]


async def _version(zot: Zot, request: Request) -> Response:
    identify(zot, request)
    return Response(media_type="application/json", headers={"www-authenticate": "basic realm="})


async def _catalog(zot: Zot, request: Request) -> Response:
    user = identify(zot, request)
    if not zot.access.allows_somewhere(user, zot.groups.get(user, frozenset()), "read"):
        raise denied(user)
    return JSONResponse({"repositories": sorted(name for name in zot.repositories if may(zot, user, "read", name))})


async def _tags(zot: Zot, request: Request) -> Response:
    demand(zot, request, "read")
    name = request.path_params["name"]
    repository = zot.repositories.get(name)
    if repository is None:
        return _error(404, "NAME_UNKNOWN", "repository name not known to registry")
    return JSONResponse({"name": name, "tags": sorted(repository.tags)})


async def _begin(zot: Zot, request: Request) -> Response:
    demand(zot, request, "create")
    name = request.path_params["name"]
    repository = zot.repositories.setdefault(name, Repository())
    digest = request.query_params.get("digest")
    if digest is not None:
        return _store_blob(repository, name, digest, await request.body())
    upload = str(uuid.uuid4())
    repository.uploads[upload] = b""
    return _progress(name, upload, 0)


async def _append(zot: Zot, request: Request) -> Response:
    demand(zot, request, "create")
    name, upload = request.path_params["name"], request.path_params["upload"]
    # The name stays in the catalog although the upload is unknown: why a PATCH is no probe.
    repository = zot.repositories.setdefault(name, Repository())
    if upload not in repository.uploads:
        return _error(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
    repository.uploads[upload] += await request.body()
    return _progress(name, upload, len(repository.uploads[upload]))


async def _finish(zot: Zot, request: Request) -> Response:
    demand(zot, request, "create")
    name, upload = request.path_params["name"], request.path_params["upload"]
    digest = request.query_params.get("digest")
    if digest is None:
        return Response(status_code=400)
    repository = zot.repositories.get(name)
    if repository is None or upload not in repository.uploads:
        return _error(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
    answer = _store_blob(repository, name, digest, repository.uploads[upload] + await request.body())
    if answer.status_code == 201:
        del repository.uploads[upload]
    return answer


async def _cancel(zot: Zot, request: Request) -> Response:
    demand(zot, request, "delete")
    repository = zot.repositories.get(request.path_params["name"], Repository())
    if repository.uploads.pop(request.path_params["upload"], None) is None:
        return _error(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
    return Response(status_code=204)


async def _blob(zot: Zot, request: Request) -> Response:
    demand(zot, request, "read")
    digest = request.path_params["digest"]
    blob = zot.repositories.get(request.path_params["name"], Repository()).blobs.get(digest)
    if blob is None:
        return _error(404, "BLOB_UNKNOWN", "blob unknown to registry")
    return Response(blob, media_type="application/octet-stream", headers={"docker-content-digest": digest})


async def _get_manifest(zot: Zot, request: Request) -> Response:
    demand(zot, request, "read")
    repository = zot.repositories.get(request.path_params["name"], Repository())
    digest = _resolve(repository, request.path_params["reference"])
    if digest is None:
        return _error(404, "MANIFEST_UNKNOWN", "manifest unknown")
    media_type, body = repository.manifests[digest]
    return Response(body, headers={"content-type": media_type, "docker-content-digest": digest})


async def _put_manifest(zot: Zot, request: Request) -> Response:
    name, reference = request.path_params["name"], request.path_params["reference"]
    held = zot.repositories.get(name, Repository())
    demand(zot, request, "update" if reference in held.tags else "create")
    # Before anything is looked at: why a PUT of another media type is a probe that changes nothing.
    media_type = request.headers.get("content-type", MANIFEST_TYPE)
    if media_type not in MANIFEST_TYPES:
        return _error(415, "MANIFEST_INVALID", "manifest invalid")
    # From here on the name stays in the catalog, whatever becomes of the body.
    held = zot.repositories.setdefault(name, held)
    body = await request.body()
    try:
        manifest = json.loads(body)
        needed = [manifest["config"]["digest"], *(layer["digest"] for layer in manifest["layers"])]
    except (ValueError, KeyError, TypeError):
        return _error(400, "MANIFEST_INVALID", "manifest invalid")
    if any(digest not in held.blobs for digest in needed):
        return _error(404, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry")
    digest = _digest(body)
    if ":" in reference and reference != digest:
        return _error(400, "DIGEST_INVALID", "provided digest did not match uploaded content")
    held.manifests[digest] = (media_type, body)
    if ":" not in reference:
        held.tags[reference] = digest
    location = f"/v2/{name}/manifests/{digest}"
    return Response(status_code=201, headers={"location": location, "docker-content-digest": digest})


async def _delete_manifest(zot: Zot, request: Request) -> Response:
    demand(zot, request, "delete")
    repository = zot.repositories.get(request.path_params["name"])
    if repository is None:
        return _error(400, "NAME_UNKNOWN", "repository name not known to registry")
    reference = request.path_params["reference"]
    digest = _resolve(repository, reference)
    if digest is None:
        return _error(404, "MANIFEST_UNKNOWN", "manifest unknown")
    gone = [reference] if reference in repository.tags else [t for t, d in repository.tags.items() if d == digest]
    for tag in gone:
        del repository.tags[tag]
    if digest not in repository.tags.values():
        del repository.manifests[digest]
    return Response(status_code=202)


def _resolve(repository: Repository, reference: str) -> str | None:
    digest = repository.tags.get(reference, reference)
    return digest if digest in repository.manifests else None


def _store_blob(repository: Repository, name: str, digest: str, blob: bytes) -> Response:
    if _digest(blob) != digest:
        return _error(400, "DIGEST_INVALID", "provided digest did not match uploaded content")
    repository.blobs[digest] = blob
    location = f"/v2/{name}/blobs/{digest}"
    return Response(status_code=201, headers={"location": location, "docker-content-digest": digest})


def _progress(name: str, upload: str, size: int) -> Response:
    location = f"/v2/{name}/blobs/uploads/{upload}"
    headers = {"location": location, "docker-upload-uuid": upload, "range": f"0-{max(size - 1, 0)}"}
    return Response(status_code=202, headers=headers)


def _digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def _error(status: int, code: str, message: str) -> Response:
    body = {"errors": [{"code": code, "message": message, "detail": {"description": message}}]}
    return JSONResponse(body, status)
