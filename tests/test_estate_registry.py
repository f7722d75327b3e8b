"""
The embedded zot's registry routes and access control keep the contract's facts. Measured on zot v2.1.20.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

import httpx
import pytest

from tests.estate import Estate

CONFIG, LAYER = b"{}", b"a layer"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"


@pytest.fixture
def estate() -> Iterator[Estate]:
    """A zot alone: keys come by the back door."""
    with Estate.start(only=("zot",)) as estate:
        yield estate


def client(estate: Estate, who: str) -> httpx.Client:
    """Return a client of somebody of that standing."""
    groups = {"pusher": ("artifact-workloads",), "admin": ("admins",), "reader": ()}
    auth = (who, estate.zot.mint(who, "key", groups=groups[who])) if who in groups else None
    if who == "bad key":
        auth = ("pusher", "zak_" + "0" * 32)
    return httpx.Client(base_url=f"{estate.zot.url}/v2/", auth=auth, trust_env=False)


def digest(content: bytes) -> str:
    """Return the content's digest."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def manifest(note: str = "") -> bytes:
    """Return an image's manifest; another *note* is another image."""
    parts = [{"mediaType": "application/octet-stream", "digest": digest(c), "size": len(c)} for c in (CONFIG, LAYER)]
    facts = {"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": parts[0], "layers": parts[1:]}
    return json.dumps(facts | {"annotations": {"note": note}}).encode()


def push(http: httpx.Client, tag: str, note: str = "") -> int:
    """Push the small image under a tag; return the last status."""
    for blob in (CONFIG, LAYER):
        begun = http.post("team/app/blobs/uploads/")
        if begun.status_code != 202:
            return begun.status_code
        url = http.base_url.join(begun.headers["location"])
        done = http.put(url, params={"digest": digest(blob)}, content=blob)
        if done.status_code != 201:
            return done.status_code
    headers = {"content-type": MANIFEST_TYPE}
    return http.put(f"team/app/manifests/{tag}", content=manifest(note), headers=headers).status_code


@pytest.mark.parametrize(
    ("who", "create", "delete", "read"),
    [
        ("pusher", 400, 403, 200),
        ("admin", 400, 400, 200),
        ("reader", 403, 403, 200),
        ("anonymous", 401, 401, 200),
        ("bad key", 401, 401, 401),
    ],
)
def test_the_probes_tell_who_may_what_and_leave_nothing(
    estate: Estate, who: str, create: int, delete: int, read: int
) -> None:
    """A PUT without digest, a DELETE of a tag, the catalog; there is no such repository, which a deleter is told."""
    with client(estate, who) as http:
        assert http.put("probe/blobs/uploads/5b0e7a6e-0000-4000-8000-000000000000").status_code == create
        assert http.delete("probe/manifests/absent").status_code == delete
        assert http.get("_catalog").status_code == read
    assert estate.zot.repositories == {}


def test_what_is_pushed_can_be_pulled_by_anybody(estate: Estate) -> None:
    """By tag and by digest, the layers too, without credentials."""
    with client(estate, "pusher") as http:
        assert push(http, "v1") == 201
    with client(estate, "anonymous") as http:
        pulled = http.get("team/app/manifests/v1")
        assert (pulled.content, pulled.headers["content-type"]) == (manifest(), MANIFEST_TYPE)
        assert http.head(f"team/app/manifests/{digest(manifest())}").status_code == 200
        assert http.get(f"team/app/blobs/{digest(LAYER)}").content == LAYER
        assert http.get("team/app/tags/list").json() == {"name": "team/app", "tags": ["v1"]}
        assert http.get("_catalog").json() == {"repositories": ["team/app"]}


def test_the_same_tag_again_needs_the_right_to_update(estate: Estate) -> None:
    """403 for read and create, 201 for an admin; a new tag is always 201."""
    with client(estate, "pusher") as pusher, client(estate, "admin") as admin:
        assert push(pusher, "v1") == 201
        assert push(pusher, "v1", "changed") == 403
        assert push(pusher, "v2", "changed") == 201
        assert push(admin, "v1", "changed") == 201


def test_the_tag_latest_is_a_tag_like_others(estate: Estate) -> None:
    """It moves with an update right only."""
    with client(estate, "pusher") as http:
        assert [push(http, "latest", note) for note in ("one", "two")] == [201, 403]


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_other_ways_to_probe_leave_the_name_in_the_catalog(estate: Estate, method: str) -> None:
    """Beginning an upload and appending to an unknown one; and who cannot delete cannot take it back."""
    with client(estate, "pusher") as http:
        http.request(method, "probe/blobs/uploads/" + ("unknown" if method == "PATCH" else ""))
        assert http.get("_catalog").json() == {"repositories": ["probe"]}
        assert http.delete("probe/blobs/uploads/unknown").status_code == 403


def test_a_blob_may_be_pushed_in_one_request_or_in_pieces(estate: Estate) -> None:
    """And is refused when it is not what its digest says."""
    with client(estate, "pusher") as http:
        assert http.post("app/blobs/uploads/", params={"digest": digest(LAYER)}, content=LAYER).status_code == 201
        assert http.post("app/blobs/uploads/", params={"digest": digest(CONFIG)}, content=LAYER).status_code == 400
        url = http.base_url.join(http.post("app/blobs/uploads/").headers["location"])
        assert http.patch(url, content=CONFIG[:1]).status_code == 202
        assert http.put(url, params={"digest": digest(CONFIG)}, content=CONFIG[1:]).status_code == 201
        assert http.put(url, params={"digest": digest(CONFIG)}).status_code == 404


def test_a_manifest_of_missing_blobs_is_refused(estate: Estate) -> None:
    """And leaves no tag."""
    with client(estate, "pusher") as http:
        assert http.put("app/manifests/v1", content=manifest()).status_code in (400, 404)
        assert http.get("app/manifests/v1").status_code == 404


def test_a_deleted_tag_is_gone(estate: Estate) -> None:
    """202, then 404, and the manifest with its last tag."""
    with client(estate, "admin") as http:
        push(http, "v1")
        assert [http.delete("team/app/manifests/v1").status_code for _ in range(2)] == [202, 404]
        assert http.get(f"team/app/manifests/{digest(manifest())}").status_code == 404
