"""
What a key looks like, and what it may do: probes that leave nothing behind.
"""

from __future__ import annotations

import copy
import threading

import httpx
import pytest
from starlette.responses import Response

from tests.dynamic.wanted import calls
from tests.estate.zot.registry import MANIFEST_TYPE as TYPE
from tests.estate.zot.registry import Repository
from tests.http.between import Between
from tests.http.told import DATE, SECRET, URL, by_method, said, zot_refuses
from tests.messages import assert_names
from tests.world import GROUP, World
from zot_ci.http.errors import ReconcileError, SignInRefusedError, UnexpectedAnswerError
from zot_ci.rotation import CI_RIGHTS, looks_like_a_key, misfits
from zot_ci.zot.api import Access, KeyAuth, Zot, zot_at

USER = "zot-ci"


def auth(key: str = SECRET) -> KeyAuth:
    """The account's key."""
    return KeyAuth(USER, key)


@pytest.mark.embedded
@pytest.mark.parametrize(
    ("groups", "access", "fits", "words"),
    [
        ((GROUP,), Access(create=True, delete=False), True, "can create, cannot delete"),
        ((), Access(create=False, delete=False), False, "cannot create, cannot delete"),
        (("admins",), Access(create=True, delete=True), False, "can create, can delete"),
        (("sweepers",), Access(create=False, delete=True), False, "cannot create, can delete"),
    ],
    ids=["ci", "nobody", "admins", "sweepers"],
)
def test_access_is_probed_and_nothing_is_left_behind(
    groups: tuple[str, ...], access: Access, fits: bool, words: str, world: World
) -> None:
    """Neither an upload nor a repository's name in the catalog."""
    world.estate.zot.access.policies["sweepers"] = frozenset({"read", "delete"})
    key = world.estate.zot.mint(USER, "x", groups=groups)

    probed = zot_at(world.zot_url).access(auth(key), USER, "somewhere/else")

    assert probed == access
    assert probed is not None
    assert (misfits(probed.may, CI_RIGHTS) == [], str(probed)) == (fits, words)
    assert world.estate.zot.repositories == {}


@pytest.mark.embedded
@pytest.mark.parametrize(
    ("rights", "access", "fits", "words"),
    [
        (
            {"read", "create"},
            Access(create=True, update=False, delete=False),
            True,
            "can create, cannot update, cannot delete",
        ),
        (
            {"read", "create", "update"},
            Access(create=True, update=True, delete=False),
            False,
            "can create, can update, cannot delete",
        ),
        (
            {"read", "update", "delete"},
            Access(create=False, update=True, delete=True),
            False,
            "cannot create, can update, can delete",
        ),
        ({"read"}, Access(create=False, update=False, delete=False), False, "cannot create, cannot update, cannot del"),
    ],
    ids=["ci", "updater", "no creator", "reader"],
)
def test_whether_a_tag_may_be_updated_is_probed_where_one_is_named(
    rights: set[str], access: Access, fits: bool, words: str, world: World
) -> None:
    """And the tag stays what it was."""
    zot = world.estate.zot
    zot.access.rule("team/**", users={USER: rights})
    held = zot.repositories["team/app"] = Repository(tags={"v1": "sha256:1"}, manifests={"sha256:1": (TYPE, b"{}")})
    before = copy.deepcopy(held)

    probed = zot_at(world.zot_url).access(auth(zot.mint(USER, "x")), USER, "team/app", "v1")

    assert probed == access
    assert (misfits(probed.may, CI_RIGHTS) == [], str(probed)[: len(words)]) == (fits, words)
    assert (list(zot.repositories), held) == (["team/app"], before)


@pytest.mark.embedded
@pytest.mark.parametrize("place", ["no repository", "no tag", "not to be seen"])
def test_an_update_is_never_probed_without_a_tag_that_is_there(place: str, world: World) -> None:
    """It would ask for another right, and could leave a repository's name behind."""
    zot = world.estate.zot
    tag = {"v1": "sha256:1"} if place == "not to be seen" else {}
    if place != "no repository":
        zot.repositories["team/app"] = Repository(tags=tag, manifests={"sha256:1": (TYPE, b"{}")})
    if place == "not to be seen":
        zot.access.rule("team/**", users={USER: {"create", "update"}})
    key = zot.mint(USER, "x", groups=[GROUP])

    probed = zot_at(world.zot_url).access(auth(key), USER, "team/app", "v1")

    assert probed == Access(create=True, delete=False, update=None)
    assert [call for call in calls(world, "zot") if call.startswith("PUT ") and "/manifests/" in call] == []
    assert list(zot.repositories) == ([] if place == "no repository" else ["team/app"])


@pytest.mark.embedded
@pytest.mark.usefixtures("no_waits")
def test_the_look_for_a_tag_is_repeated_as_every_read_is(world: World) -> None:
    """It changes nothing."""
    zot = world.estate.zot
    zot.access.rule("team/**", users={USER: {"read", "create", "update"}})
    zot.repositories["team/app"] = Repository(tags={"v1": "sha256:1"}, manifests={"sha256:1": (TYPE, b"{}")})
    Between(zot).answer("HEAD /v2/team/app/manifests/v1", Response(status_code=503), times=1)

    probed = zot_at(world.zot_url).access(auth(zot.mint(USER, "x")), USER, "team/app", "v1")

    assert probed == Access(create=True, delete=False, update=True)


@pytest.mark.embedded
def test_a_wrong_key_that_is_to_revoke_one_is_called_that(world: World) -> None:
    """Unlike a look, which takes the refusal for an answer."""
    with pytest.raises(SignInRefusedError) as caught:
        zot_at(world.zot_url).revoke(auth(), USER, "a-uuid")
    assert_names(caught.value, "zot DELETE /zot/auth/apikey", f"401 for {USER}", "the key is wrong, expired or revoked")


@pytest.mark.embedded
def test_a_refused_key_has_no_access_to_tell_of_at_a_tag_either(world: World) -> None:
    """The look for the tag is refused as well."""
    world.estate.zot.repositories["team/app"] = Repository(tags={"v1": "x"}, manifests={"x": (TYPE, b"{}")})

    assert zot_at(world.zot_url).access(auth(), USER, "team/app", "v1") is None


def test_the_probes_of_a_key_are_asked_side_by_side() -> None:
    """zot lets each refusal wait for its `failDelay`: one after the other they would wait three times."""
    together = threading.Barrier(3)

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "HEAD":
            return said(200)(request)
        together.wait(timeout=60)
        return zot_refuses(403)(request)

    probed = Zot(URL, httpx.MockTransport(answer)).access(auth(), USER, "somewhere", "v1")

    assert probed == Access(create=False, update=False, delete=False)


def test_accounts_wait_for_their_refusals_side_by_side() -> None:
    """The engine asks for four at once; nobody holds a lock while zot lets them wait."""
    together = threading.Barrier(4)

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return said(200, json={"apiKeys": []})(request)
        if request.method == "DELETE":
            together.wait(timeout=60)
            return zot_refuses(403)(request)
        return said(400)(request)

    zot = Zot(URL, httpx.MockTransport(answer))
    found: list[Access | None] = []

    def look(username: str) -> None:
        zot.seen_listing(username, SECRET)
        found.append(zot.seen_access(username, SECRET, "somewhere"))

    threads = [threading.Thread(target=look, args=(f"ci-{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert found == [Access(create=True, delete=False)] * 4


@pytest.mark.embedded
def test_a_refused_key_has_no_access_to_tell_of(world: World) -> None:
    """None, which is neither may nor may not."""
    assert zot_at(world.zot_url).access(auth(), USER, "somewhere") is None


@pytest.mark.parametrize("status", [200, 201, 202, 404])
def test_an_upload_probe_that_is_answered_otherwise_is_an_error(status: int) -> None:
    """A registry that accepts it is none that was measured."""
    with pytest.raises(ReconcileError, match="zot PUT /v2/somewhere/blobs/uploads/"):
        Zot(URL, by_method(PUT=said(status), DELETE=zot_refuses(403))).access(auth(), USER, "somewhere")


def test_a_tag_that_is_really_there_would_be_an_error_and_no_permission() -> None:
    """202 means that something was deleted."""
    transport = by_method(PUT=said(400), DELETE=said(202))

    with pytest.raises(UnexpectedAnswerError, match="zot DELETE /v2/somewhere/manifests/no-such-tag"):
        Zot(URL, transport).access(auth(), USER, "somewhere")


@pytest.mark.parametrize(
    ("value", "is_one"),
    [
        ("zak_" + 32 * "0", True),
        (SECRET, True),
        (None, False),
        ("", False),
        ("zak_", False),
        ("zak_" + 31 * "0", False),
        ("zak_" + 33 * "0", False),
        ("zak_" + 32 * "G", False),
        ("ZAK_" + 32 * "0", False),
        (" zak_" + 32 * "0", False),
        ("zak_" + 32 * "0" + "\n", False),
        ("ghp_" + 32 * "0", False),
        (DATE, False),
    ],
)
def test_what_a_key_looks_like(value: str | None, is_one: bool) -> None:
    """Nothing else is ever sent to a registry, or overwritten in a field."""
    assert looks_like_a_key(value) is is_one
