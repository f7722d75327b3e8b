"""
The embedded zot keeps the contract's facts about rights by repository, by user and by group, and about their probes.

Run on zot v2.1.20; that the longest pattern alone decides is read in its source.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.estate import Estate
from tests.estate.zot import access
from tests.estate.zot.registry import MANIFEST_TYPE, Repository
from tests.estate.zot.rights import ALL, matches

UPLOAD = "blobs/uploads/5b0e7a6e-0000-4000-8000-000000000000"


@pytest.fixture
def estate() -> Iterator[Estate]:
    """A zot alone, with one image in ``team/app``."""
    with Estate.start(only=("zot",)) as estate:
        image = {"sha256:x": (MANIFEST_TYPE, b"{}")}
        estate.zot.repositories["team/app"] = Repository(manifests=image, tags={"v1": "sha256:x"})
        yield estate


def ask(estate: Estate, who: str, method: str, path: str, **rest: Any) -> int:
    """Ask the registry as a user with a key of its own; return the status."""
    auth = (who, estate.zot.mint(who, "key"))
    return httpx.request(method, f"{estate.zot.url}/v2/{path}", auth=auth, trust_env=False, **rest).status_code


def update(estate: Estate, who: str, repository: str = "team/app", tag: str = "v1") -> int:
    """Ask whether a user may update, by the probe that changes nothing."""
    headers = {"content-type": "text/plain"}
    return ask(estate, who, "PUT", f"{repository}/manifests/{tag}", headers=headers, content=b"{}")


@pytest.mark.parametrize(
    ("rights", "existing", "new"),
    [
        ({"read"}, 403, 403),
        ({"read", "create"}, 403, 415),
        ({"read", "update"}, 415, 403),
        ({"read", "create", "update"}, 415, 415),
        (ALL, 415, 415),
    ],
    ids=lambda value: "+".join(sorted(value)) if isinstance(value, set | frozenset) else str(value),
)
def test_a_manifest_of_the_wrong_media_type_asks_for_update_of_a_tag_that_exists(
    estate: Estate, rights: set[str], existing: int, new: int
) -> None:
    """415 for who may, 403 for who may not; with a new tag the same request asks for create. Nothing changes."""
    estate.zot.access.rule("team/**", users={"someone": rights})
    assert (update(estate, "someone"), update(estate, "someone", tag="v2")) == (existing, new)
    assert estate.zot.repositories["team/app"].tags == {"v1": "sha256:x"}
    assert list(estate.zot.repositories) == ["team/app"]


def test_the_update_probe_leaves_no_name_but_a_bad_body_of_the_right_type_does(estate: Estate) -> None:
    """Why the probe has the wrong media type."""
    estate.zot.access.admin_users.add("someone")
    assert update(estate, "someone", "nowhere") == 415
    assert "nowhere" not in estate.zot.repositories
    headers = {"content-type": MANIFEST_TYPE}
    assert ask(estate, "someone", "PUT", "nowhere/manifests/v1", headers=headers, content=b"{}") == 400
    assert "nowhere" in estate.zot.repositories
    assert ask(estate, "someone", "PUT", "team/app/manifests/v1", headers=headers, content=b"{}") == 400
    assert estate.zot.repositories["team/app"].tags == {"v1": "sha256:x"}


def test_rights_of_a_pattern_hold_inside_it_and_every_probe_outside_is_403(estate: Estate) -> None:
    """A user of ``team/**`` may there what the policy says, and nothing elsewhere."""
    zot = estate.zot
    zot.access.default = zot.access.anonymous = frozenset()
    zot.access.rule("team/**", users={"builder": {"read", "create", "update"}})
    zot.repositories["other"] = Repository(tags={"v1": "sha256:x"})

    def probe(repository: str) -> list[int]:
        calls = [("PUT", UPLOAD), ("DELETE", "manifests/v1"), ("GET", "tags/list")]
        asked = [ask(estate, "builder", method, f"{repository}/{path}") for method, path in calls]
        return [*asked, update(estate, "builder", repository)]

    assert probe("team/app") == [400, 403, 200, 415]
    assert probe("other") == [403, 403, 403, 403]
    assert sorted(zot.repositories) == ["other", "team/app"]


def test_several_identities_have_several_rights_on_several_repositories(estate: Estate) -> None:
    """By user and by group; the catalog shows each what it may read."""
    zot = estate.zot
    zot.access.default = zot.access.anonymous = frozenset()
    zot.access.rule("team/**", policies={"team": ALL}, users={"mirror": {"read"}})
    zot.access.rule("cache/*", policies={"cachers": {"read", "create"}}, default={"read"})
    zot.repositories["cache/base"] = Repository()
    keys = {who: zot.mint(who, "key", groups=groups) for who, groups in (("lead", ("team",)), ("mirror", ("cachers",)))}

    def seen(who: str) -> list[str]:
        answer = httpx.get(f"{zot.url}/v2/_catalog", auth=(who, keys[who]), trust_env=False)
        return list(answer.json()["repositories"])

    def creates(who: str, repository: str) -> int:
        return ask(estate, who, "PUT", f"{repository}/{UPLOAD}")

    assert [seen("lead"), seen("mirror")] == [["cache/base", "team/app"]] * 2
    assert [creates("lead", "team/app"), creates("lead", "cache/base")] == [400, 403]
    assert [creates("mirror", "team/app"), creates("mirror", "cache/base")] == [403, 400]
    assert creates("mirror", "cache/deeper/base") == 403


def test_the_longest_pattern_alone_decides_but_for_an_admin(estate: Estate) -> None:
    """A right everywhere is none where another pattern has rules of its own."""
    zot = estate.zot
    zot.mint("boss", "key", groups=("admins",))
    assert update(estate, "boss") == 415
    zot.access.rule("team/**", users={"builder": ALL})
    zot.access.rule("team/app", users={"owner": ALL})
    assert [update(estate, who) for who in ("boss", "builder", "owner")] == [403, 403, 415]
    zot.access.admin_groups.add("admins")
    assert update(estate, "boss") == 415


@pytest.mark.parametrize(
    ("pattern", "repository", "is_match"),
    [
        ("**", "a/b/c", True),
        ("team/**", "team/app", True),
        ("team/**", "team/deep/app", True),
        ("team/**", "team", True),
        ("team/**", "teams/app", False),
        ("team/*", "team/app", True),
        ("team/*", "team/deep/app", False),
        ("**/app", "team/deep/app", True),
        ("team/a*", "team/app", True),
        ("team", "team/app", False),
    ],
)
def test_patterns_match_as_globs_do(pattern: str, repository: str, is_match: bool) -> None:
    """Two stars cross slashes, one does not."""
    assert matches(pattern, repository) is is_match


def test_every_refusal_is_late_and_counted(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    """401 and 403 both wait for failDelay, also the delete probe of a good key; what is allowed does not."""
    waited: list[float] = []

    class Patient:
        @staticmethod
        async def sleep(seconds: float) -> None:
            waited.append(seconds)

    monkeypatch.setattr(access, "asyncio", Patient)
    zot = estate.zot
    assert (update(estate, "reader"), zot.late_refusals, waited) == (403, 1, [])
    zot.fail_delay = 5
    base = f"{zot.url}/v2/"
    pusher = ("pusher", zot.mint("pusher", "key", groups=("artifact-workloads",)))
    calls = [
        httpx.put(f"{base}probe/{UPLOAD}", auth=pusher),
        httpx.delete(f"{base}probe/manifests/absent", auth=pusher),
        httpx.put(f"{base}probe/{UPLOAD}"),
        httpx.get(base, auth=("pusher", "zak_" + "0" * 32)),
        httpx.get(base, auth=pusher),
    ]
    assert [call.status_code for call in calls] == [400, 403, 401, 401, 200]
    assert (zot.late_refusals, waited) == (4, [5, 5, 5])


def test_a_refusal_of_access_control_looks_as_it_was_recorded(estate: Estate) -> None:
    """A list of errors under zot's own realm."""
    auth = ("reader", estate.zot.mint("reader", "key"))
    refused = httpx.delete(f"{estate.zot.url}/v2/team/app/manifests/v1", auth=auth, trust_env=False)
    assert refused.headers["www-authenticate"] == 'Basic realm="Authorization Required"'
    assert [error["code"] for error in json.loads(refused.content)["errors"]] == ["DENIED"]
