"""
The sweep, called as the engine calls it, over HTTP against the embedded registry.
"""

from __future__ import annotations

import logging
import re
from datetime import timedelta
from typing import Any

import pytest

from tests.dynamic.wanted import LABEL, MARK, UNKNOWN, calls, made_by, next_run, outs_of, planned, sweep, swept, writes
from tests.messages import assert_names
from tests.world import World
from zot_ci.dynamic.claims import Claim, ProgramClaim, Release
from zot_ci.dynamic.conditions import condition_of
from zot_ci.dynamic.entries import Entry, Fault, KeySeen, OwnKey, digest_of
from zot_ci.dynamic.errors import KeyRefusedError, KeyStillHeldError
from zot_ci.dynamic.provider import Props
from zot_ci.dynamic.run import RUN
from zot_ci.http.errors import ReconcileError, UnexpectedAnswerError
from zot_ci.zot.api_key import ApiKeyProvider
from zot_ci.zot.retired_keys import RetiredKeysProvider

pytestmark = pytest.mark.embedded

PROVIDER = RetiredKeysProvider()


def stale_key(world: World, label: str = LABEL, **options: Any) -> str:
    """A key that a run left, or with another label somebody made; its text."""
    return world.estate.zot.mint(world.username, label, **options)


def uuid_of(world: World, key: str) -> str:
    """zot's uuid of a key."""
    held = world.estate.zot.key(key)
    assert held is not None
    return held.uuid


def left(world: World) -> set[str]:
    """The texts of all keys that are there."""
    return {key.secret for key in world.estate.zot.of(world.username)}


def test_stale_keys_of_an_earlier_stack_end_and_nothing_else(signed_in: World) -> None:
    """Older or younger, dead or alive; with another label they are somebody's."""
    current = made_by(signed_in)
    for days in (1, 2):
        stale_key(signed_in, age=timedelta(days=days))
    expired = uuid_of(signed_in, stale_key(signed_in, expires=timedelta(days=1)))
    signed_in.estate.zot.keys[expired].expires = signed_in.estate.clock.now()
    theirs = [stale_key(signed_in, label) for label in ("theirs", "", "zot-ci/test/zot-ci-2", "zot-ci/other/zot-ci")]

    result = PROVIDER.create(sweep(signed_in, current))

    assert result.id == LABEL
    outs = outs_of(result)
    assert outs == swept(signed_in, current) | {"mark": outs["mark"], "others": outs["others"]}
    assert sorted(one["label"] for one in outs["others"]) == [
        "",
        "theirs",
        "zot-ci/other/zot-ci",
        "zot-ci/test/zot-ci-2",
    ]
    assert left(signed_in) == {current["api_key"], *theirs}


def test_nothing_ends_while_a_place_holds_an_older_key(signed_in: World, caplog: pytest.LogCaptureFixture) -> None:
    """A run for chosen targets only can come here first: the registry is not even asked."""
    current = made_by(signed_in)
    old = stale_key(signed_in)
    held = {"1Password a/b/c": current["uuid"], "Forgejo b": "old", "Forgejo a": "older"}
    caplog.clear()

    PROVIDER.create(sweep(signed_in, current, held=held))

    assert old in left(signed_in)
    assert calls(signed_in) == []
    [record] = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert_names(record.getMessage(), "zot-ci ", "Forgejo a, Forgejo b")


def test_an_update_does_not_sweep_while_a_place_lags_either(signed_in: World) -> None:
    """Neither here nor where the registry was before."""
    olds = swept(signed_in, made_by(signed_in))
    current = made_by(signed_in)
    alias = signed_in.zot_url.replace("127.0.0.1", "localhost")
    held = {"1Password": current["uuid"], "Forgejo": olds["key_uuid"]}
    old = stale_key(signed_in)

    PROVIDER.update(LABEL, olds, sweep(signed_in, current, zot_url=alias, held=held))

    assert old in left(signed_in)
    assert writes(signed_in) == []


def test_a_read_in_sync_changes_nothing(signed_in: World) -> None:
    """Keys with another label are no stale keys."""
    current = made_by(signed_in)
    olds = swept(signed_in, current)
    theirs = stale_key(signed_in, "theirs")

    result = PROVIDER.read(LABEL, olds)

    outs = outs_of(result)
    assert outs == olds | {"still_used": [], "others": outs["others"]}
    assert [uuid_of(signed_in, theirs) in other["key"] for other in outs["others"]] == [True]
    assert result.inputs == sweep(signed_in, current)
    assert calls(signed_in) == ["GET /zot/auth/apikey"]
    assert not PROVIDER.diff(LABEL, outs, olds).changes


def test_stale_keys_are_seen_named_and_ended(signed_in: World, caplog: pytest.LogCaptureFixture) -> None:
    """Oldest first, each with its day; the read itself ends none."""
    current = made_by(signed_in)
    olds = swept(signed_in, current)
    young, old = (stale_key(signed_in, age=timedelta(days=days)) for days in (1, 30))

    seen = outs_of(PROVIDER.read(LABEL, olds))

    day = r"\d{4}-\d\d-\d\d"
    assert re.search(rf"^2 .*{uuid_of(signed_in, old)} .*{day}.*{uuid_of(signed_in, young)} .*{day}", seen["condition"])
    assert writes(signed_in) == []
    assert planned(PROVIDER, LABEL, seen, olds).changes
    assert f"zot keys of zot-ci: {seen['condition']}" in caplog.text
    assert outs_of(PROVIDER.update(LABEL, seen, olds)) == olds
    assert left(signed_in) == {current["api_key"]}


def test_the_list_that_the_key_has_read_in_this_run_is_not_asked_for_again(signed_in: World) -> None:
    """Two resources, one request."""
    current = made_by(signed_in)

    ApiKeyProvider().read(current["uuid"], current)
    PROVIDER.read(LABEL, swept(signed_in, current))

    assert calls(signed_in).count("GET /zot/auth/apikey") == 1


def test_an_update_asks_for_the_list_anew(signed_in: World) -> None:
    """What was seen in the refresh is older than the publishing."""
    current = made_by(signed_in)
    olds = swept(signed_in, current)
    PROVIDER.read(LABEL, olds)
    late = stale_key(signed_in, age=timedelta(days=1))

    PROVIDER.update(LABEL, olds, olds)

    assert late not in left(signed_in)


def test_after_a_rotation_only_the_new_key_is_left(signed_in: World) -> None:
    """The current key is never among the stale ones, in whatever order zot lists them."""
    old = made_by(signed_in)
    new = made_by(signed_in, old["api_key"])

    PROVIDER.update(LABEL, swept(signed_in, old), sweep(signed_in, new))

    assert left(signed_in) == {new["api_key"]}


def test_a_current_key_that_the_registry_refuses_is_an_error(signed_in: World) -> None:
    """Somebody revoked it during this run, and all places hold it."""
    current = made_by(signed_in)
    RUN.note(KeySeen(current["uuid"], True))
    signed_in.estate.zot.revoke(current["uuid"])

    with pytest.raises(UnexpectedAnswerError) as caught:
        PROVIDER.create(sweep(signed_in, current))
    assert_names(caught.value, "zot ", "current key of zot-ci", "run again")


def test_a_sweep_with_a_key_that_this_run_has_not_looked_at_says_how_to_replace_it(signed_in: World) -> None:
    """As in an `up --target-replace` of the sweep alone, after an older state was put back: to run again is no help."""
    current = made_by(signed_in)
    signed_in.estate.zot.revoke(current["uuid"])

    with pytest.raises(KeyRefusedError) as caught:
        PROVIDER.create(sweep(signed_in, current))
    assert_names(caught.value, "no older key of zot-ci is revoked", current["uuid"], "without --target")


@pytest.mark.parametrize("lagging", [True, False])
def test_an_alias_of_the_same_registry_does_not_cost_the_new_key(lagging: bool, signed_in: World) -> None:
    """Seen from the old address the new key is a stale key: it stays, and so does the old resource's own."""
    old = made_by(signed_in)
    stale = stale_key(signed_in)
    olds = swept(signed_in, old)
    alias = signed_in.zot_url.replace("127.0.0.1", "localhost")
    new = made_by(signed_in, old["api_key"], zot_url=alias)
    held = {"1Password": old["uuid"] if lagging else new["uuid"]}

    PROVIDER.update(LABEL, olds, sweep(signed_in, new, zot_url=alias, held=held))

    assert new["api_key"] in left(signed_in)
    assert (stale in left(signed_in)) is lagging
    assert (old["api_key"] in left(signed_in)) is lagging


def test_keys_of_an_earlier_label_are_ours_too(signed_in: World) -> None:
    """The stack was renamed: the places hold the new key, and nobody else would remember the old label."""
    old = made_by(signed_in)
    new = made_by(signed_in, old["api_key"], label="zot-ci/renamed/zot-ci")

    outs = outs_of(PROVIDER.update(LABEL, swept(signed_in, old), sweep(signed_in, new, label="zot-ci/renamed/zot-ci")))

    assert left(signed_in) == {new["api_key"]}
    assert outs["earlier_labels"] == [LABEL]


@pytest.mark.parametrize(
    "inputs",
    [
        {"zot_url": "https://other.example.test"},
        {"username": "other"},
        {"label": "other"},
        {"key_uuid": "other"},
        {"key_uuid": UNKNOWN},
        {"api_key": UNKNOWN},
        {"held": {"1Password": "other"}},
        {"held": UNKNOWN},
    ],
    ids=["url", "user", "label", "uuid", "uuid unknown", "key unknown", "place", "places unknown"],
)
def test_what_makes_a_difference_is_an_update(inputs: Props, signed_in: World) -> None:
    """Never another resource, and nothing is asked to find out."""
    olds = swept(signed_in, {"uuid": "a-uuid", "api_key": "zak_x"})

    difference = PROVIDER.diff(LABEL, olds, olds | inputs)

    assert (difference.changes, difference.replaces) == (True, [])
    assert calls(signed_in) == []


def test_a_destroy_ends_nothing(signed_in: World) -> None:
    """It is the first to go, while places still hold the key; the key's own deletion ends what is left of ours."""
    current = made_by(signed_in)
    old, older = stale_key(signed_in), stale_key(signed_in, "zot-ci/earlier/zot-ci")
    theirs = stale_key(signed_in, "theirs")

    PROVIDER.delete(LABEL, swept(signed_in, current) | {"earlier_labels": ["zot-ci/earlier/zot-ci"]})
    assert left(signed_in) == {current["api_key"], old, older, theirs}
    assert calls(signed_in) == []

    ApiKeyProvider().delete(current["uuid"], current)
    assert left(signed_in) == {theirs}


def test_a_key_that_a_place_elsewhere_holds_is_left_to_its_own_resource_and_the_others_end(signed_in: World) -> None:
    """The place is not of this sweep and goes later in the run; then the key's own resource revokes it."""
    held = made_by(signed_in)
    other = stale_key(signed_in)
    current = made_by(signed_in, held["api_key"])
    lineage = ("key", signed_in.zot_url, signed_in.username)
    place = ("field", "elsewhere")
    RUN.note(
        OwnKey(lineage, held["uuid"], digest_of(held["api_key"]), LABEL),
        Claim(lineage, current["mark"]),
        ProgramClaim(place, MARK, held["uuid"], "1Password elsewhere"),
    )

    PROVIDER.create(sweep(signed_in, current))
    assert left(signed_in) == {held["api_key"], current["api_key"]}
    with pytest.raises(KeyStillHeldError, match="still needed in 1Password elsewhere"):
        ApiKeyProvider().delete(held["uuid"], held)
    assert left(signed_in) == {held["api_key"], current["api_key"]}
    RUN.note(Release(place, MARK))
    ApiKeyProvider().delete(held["uuid"], held)

    assert other not in left(signed_in)
    assert left(signed_in) == {current["api_key"]}


@pytest.mark.parametrize("written", [True, False])
def test_a_place_that_another_account_has_now_keeps_its_key_until_that_account_has_written_it(
    written: bool, signed_in: World
) -> None:
    """Without a refresh the engine shows no provider the place; and in a later run its old instance is gone."""
    old = made_by(signed_in)
    current = made_by(signed_in, old["api_key"])
    place, called = ("repository", "handed/over"), "Forgejo handed/over"
    olds = swept(signed_in, old, held={"1Password": old["uuid"], called: old["uuid"]})
    news = sweep(signed_in, current, held={"1Password": current["uuid"]})
    RUN.note(
        ProgramClaim(place, called=called, username="another"),
        Claim(("key", signed_in.zot_url, signed_in.username), current["mark"]),
    )

    outs = outs_of(PROVIDER.update(LABEL, olds, news))
    assert outs["handed_over"] == {called: old["uuid"]}
    assert old["api_key"] in left(signed_in)
    if written:
        RUN.note(ProgramClaim(place, MARK, "the-other-account-s", called, username="another"))
        ApiKeyProvider().delete(old["uuid"], old)
    else:
        with pytest.raises(KeyStillHeldError, match="still needed in Forgejo handed/over"):
            ApiKeyProvider().delete(old["uuid"], old)

    assert (old["api_key"] in left(signed_in)) is not written


def test_a_key_that_is_newer_than_the_current_one_is_never_ended(signed_in: World) -> None:
    """A state that is older than the last rotation knows nothing of the key that all places hold."""
    known = made_by(signed_in)
    newer = made_by(signed_in, known["api_key"])

    PROVIDER.create(sweep(signed_in, known))
    seen = outs_of(PROVIDER.read(LABEL, swept(signed_in, known)))

    assert newer["api_key"] in left(signed_in)
    assert seen["condition"] == "current"


def test_a_replaced_sweep_goes_on_with_the_labels_of_the_one_before_it(signed_in: World) -> None:
    """A renamed stack whose sweep is replaced in the same run: the engine has shown the old one to `diff`."""
    old = stale_key(signed_in, "zot-ci/earlier/zot-ci")
    current = made_by(signed_in)
    before = swept(signed_in, current, label="zot-ci/earlier/zot-ci")

    PROVIDER.diff(LABEL, before, before)
    PROVIDER.create(sweep(signed_in, current))

    assert old not in left(signed_in)


def test_a_revocation_is_logged_by_uuid(signed_in: World, caplog: pytest.LogCaptureFixture) -> None:
    """Never by the key."""
    current = made_by(signed_in)
    uuid = uuid_of(signed_in, stale_key(signed_in, age=timedelta(days=1)))
    next_run(signed_in)

    with caplog.at_level("INFO", logger="zot_ci"):
        PROVIDER.create(sweep(signed_in, current))

    assert re.search(rf"revoked key {uuid} of zot-ci, created \d{{4}}-\d\d-\d\d \d\d:\d\d$", caplog.messages[-1])
    assert "zak_" not in caplog.text


def test_what_a_sweep_failed_for_is_reported_once(signed_in: World) -> None:
    """The key's own resource has said it, or will."""
    current = made_by(signed_in)
    signed_in.estate.zot.switch_api_keys_off()

    with pytest.raises(ReconcileError) as caught:
        PROVIDER.update(LABEL, swept(signed_in, current), sweep(signed_in, current))

    assert not RUN.note_report(condition_of(caught.value))


def test_a_sweep_whose_key_a_run_has_left_out_is_asked_for_no_key(signed_in: World) -> None:
    """The engine hands over no value then."""
    props = {name: value for name, value in sweep(signed_in, made_by(signed_in)).items() if name != "api_key"}

    assert PROVIDER.asked(props).api_key == ""


def test_a_fault_of_before_is_taken_back_by_a_sweep(signed_in: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says itself what is wrong now."""
    current, noted = made_by(signed_in), list[Entry]()
    olds = swept(signed_in, current)
    monkeypatch.setattr(RUN, "note", lambda *entries: noted.extend(entries))

    PROVIDER.update(LABEL, olds, sweep(signed_in, current))

    assert [one for one in noted if isinstance(one, Fault)] == [Fault(f"zot keys of {signed_in.username}", "")]
