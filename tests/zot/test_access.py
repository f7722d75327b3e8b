"""
What a key looks like, and what it may do: probes that leave nothing behind.
"""

from __future__ import annotations

import pytest

from components.http.errors import ReconcileError, UnexpectedAnswerError
from components.rotation import looks_like_a_key
from components.zot.api import Access, KeyAuth, Zot, zot_at
from tests.http.told import DATE, SECRET, URL, Told, said
from tests.world import GROUP, World

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
    assert (probed.fits_ci, str(probed)) == (fits, words)
    assert world.estate.zot.repositories == {}


@pytest.mark.embedded
def test_a_refused_key_has_no_access_to_tell_of(world: World) -> None:
    """None, which is neither may nor may not."""
    assert zot_at(world.zot_url).access(auth(), USER, "somewhere") is None


@pytest.mark.parametrize("status", [200, 201, 202, 404])
def test_an_upload_probe_that_is_answered_otherwise_is_an_error(status: int) -> None:
    """A registry that accepts it is none that was measured."""
    with pytest.raises(ReconcileError, match="zot PUT /v2/somewhere/blobs/uploads/"):
        Zot(URL, Told(said(status)).transport).access(auth(), USER, "somewhere")


def test_a_tag_that_is_really_there_would_be_an_error_and_no_permission() -> None:
    """202 means that something was deleted."""
    told = Told(said(400), said(202))

    with pytest.raises(UnexpectedAnswerError, match="zot DELETE /v2/somewhere/manifests/no-such-tag"):
        Zot(URL, told.transport).access(auth(), USER, "somewhere")


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
