"""
Rights that an account is expected to have, as the key's provider asks about them and judges them.
"""

from __future__ import annotations

import logging

import pytest

from tests.dynamic.wanted import calls, key, made_by, outs_of, planned
from tests.estate.zot.registry import Repository
from tests.messages import assert_names
from tests.world import GROUP, World
from zot_ci.dynamic.errors import KeyUnfitError
from zot_ci.dynamic.provider import Props
from zot_ci.zot.api_key import ApiKeyProvider

pytestmark = pytest.mark.embedded

PROVIDER = ApiKeyProvider()
TALOS: Props = {"probe_repository": "talos/probe", "probe_tag": "v1"}


def may(world: World, *rights: str, tag: bool = True) -> None:
    """What the account's group may do in `talos`, and whether there is a tag to ask by."""
    world.estate.zot.access.rule("talos/**", {GROUP: {"read", *rights}})
    digest = "sha256:" + 64 * "1"
    held = Repository(tags={"v1": digest}, manifests={digest: ("application/vnd.oci.image.manifest.v1+json", b"{}")})
    world.estate.zot.repositories = {"talos/probe": held} if tag else {}


def read(olds: Props) -> Props:
    """What the registry says of the key now."""
    return outs_of(PROVIDER.read(olds["uuid"], olds))


def test_a_key_with_exactly_the_expected_rights_is_in_sync(signed_in: World, caplog: pytest.LogCaptureFixture) -> None:
    """As the example of an account that overwrites tags."""
    may(signed_in, "create", "update")
    wanted: Props = {**TALOS, "rights": ["create", "update"]}
    olds = made_by(signed_in, **wanted)
    caplog.clear()

    seen = read(olds)

    assert seen["access"] == "can create, can update, cannot delete"
    assert seen["condition"] == "current"
    assert not planned(PROVIDER, olds["uuid"], seen, key(signed_in, **wanted)).changes
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING] == []


@pytest.mark.parametrize(
    ("rights", "said"),
    [
        (("create",), "cannot update, which the settings expect"),
        (("create", "update", "delete"), "can delete, which the settings do not expect"),
        ((), "cannot create, which the settings expect; cannot update, which the settings expect"),
    ],
)
def test_a_right_too_many_or_too_few_is_drift(rights: tuple[str, ...], said: str, signed_in: World) -> None:
    """And the key is replaced."""
    may(signed_in, "create", "update")
    wanted: Props = {**TALOS, "rights": ["create", "update"]}
    olds = made_by(signed_in, **wanted)
    may(signed_in, *rights)

    seen = read(olds)

    assert seen["condition"] == said
    assert PROVIDER.diff(olds["uuid"], seen, key(signed_in, **wanted)).replaces == ["condition"]


def test_a_change_of_the_rights_counts_in_the_same_run(signed_in: World) -> None:
    """What the last read recorded is judged by today's settings, in both directions."""
    may(signed_in, "create", "update")
    olds = made_by(signed_in, **TALOS, rights=["create", "update"])
    seen = read(olds)

    fewer = PROVIDER.diff(olds["uuid"], seen, key(signed_in, **TALOS))
    more = PROVIDER.diff(olds["uuid"], seen, key(signed_in, **TALOS, rights=["create", "update", "delete"]))

    assert fewer.replaces == more.replaces == ["condition"]
    assert not PROVIDER.diff(olds["uuid"], seen, key(signed_in, **TALOS, rights=["create", "update"])).changes


def test_rights_elsewhere_are_not_judged_by_what_was_found_here(signed_in: World) -> None:
    """Another probe repository is another question: the key stays, and the next read asks."""
    may(signed_in, "create", "update")
    olds = made_by(signed_in)
    wanted = key(signed_in, **TALOS, rights=["create", "update"])

    difference = PROVIDER.diff(olds["uuid"], olds, wanted)

    assert (difference.changes, difference.replaces) == (True, [])
    assert read(outs_of(PROVIDER.update(olds["uuid"], olds, wanted)))["condition"] == "current"


def test_without_a_tag_nobody_asks_whether_a_key_may_update(signed_in: World) -> None:
    """It may, and that is not seen."""
    may(signed_in, "create", "update", tag=False)
    olds = made_by(signed_in, probe_repository="talos/probe")

    seen = read(olds)

    assert (seen["access"], seen["condition"]) == ("can create, cannot delete", "current")
    assert not [call for call in calls(signed_in, "zot") if call.startswith(("HEAD ", "PUT /v2/talos/probe/manifests"))]


def test_a_tag_that_is_not_there_is_told_and_is_no_drift(signed_in: World, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing that an `up` could correct."""
    may(signed_in, "create", "update", tag=False)
    wanted: Props = {**TALOS, "rights": ["create", "update"]}
    olds = made_by(signed_in, **wanted)
    caplog.clear()

    difference = planned(PROVIDER, olds["uuid"], read(olds), key(signed_in, **wanted))

    assert not difference.changes
    [record] = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert_names(record.getMessage(), "zot-ci: ", "update is not watched", "talos/probe:v1", "probeTag")


def test_a_new_key_that_cannot_update_fails_its_test(signed_in: World) -> None:
    """Before anything depends on it; what to grant is said."""
    may(signed_in, "create")
    signed_in.make_account(GROUP)

    with pytest.raises(KeyUnfitError) as caught:
        PROVIDER.create(key(signed_in, **TALOS, rights=["create", "update"]))

    assert_names(
        caught.value, "talos/probe", "it cannot update", "lets read and create and update", "previous key stays"
    )
    assert signed_in.estate.zot.keys == {}


def test_a_state_without_the_rights_one_by_one_is_judged_by_the_next_read(signed_in: World) -> None:
    """An `up --refresh=false` changes nothing for what nobody has asked about."""
    olds = made_by(signed_in)
    del olds["may"]

    assert not PROVIDER.diff(olds["uuid"], olds, key(signed_in)).changes
    assert read(olds)["may"] == {"create": True, "delete": False}
