"""
A field that is written again, moved and destroyed, called as the engine calls it.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.dynamic.wanted import NO_KEY, UNKNOWN, calls, field, outs_of, planned, program_has, writes
from tests.http.between import Between
from tests.messages import assert_names
from tests.onepassword.fields import ANOTHER_KEY, PROVIDER, held, in_sync
from tests.world import FIELD, ITEM, VAULT, World
from zot_ci.dynamic.entries import OwnKey, digest_of
from zot_ci.dynamic.run import RUN
from zot_ci.settings.place import Place

pytestmark = [pytest.mark.embedded, pytest.mark.usefixtures("the_rest_of_the_item_stays")]


@pytest.mark.parametrize("adopted", [True, False])
def test_another_key_is_written_into_the_same_field(adopted: bool, signed_in: World) -> None:
    """With one PATCH of its value; whose field it is does not change."""
    if adopted:
        signed_in.set_field("")
    olds = in_sync(signed_in)
    between = Between(signed_in.estate.onepassword)

    outs = outs_of(PROVIDER.update("id", olds, field(ANOTHER_KEY, "another")))

    [patch] = [heard for heard in between.heard if heard.call.startswith("PATCH")]
    assert json.loads(patch.body) == [
        {"op": "replace", "path": f"/fields/{olds['field_id']}/value", "value": ANOTHER_KEY}
    ]
    assert (outs["key_uuid"], outs["field_id"], outs["made_here"]) == ("another", olds["field_id"], not adopted)


@pytest.mark.parametrize("adopted", [True, False])
def test_moving_writes_the_new_place_before_it_leaves_the_old_one(adopted: bool, signed_in: World) -> None:
    """Another field is another resource, and the old one goes last; an adopted one keeps its last value."""
    if adopted:
        signed_in.set_field("")
    olds = in_sync(signed_in)
    between = Between(signed_in.estate.onepassword)
    news = field(NO_KEY, field="other-field")

    assert planned(PROVIDER, "id", olds, news).replaces == ["field"]
    outs = outs_of(PROVIDER.create(news))
    PROVIDER.delete("id", olds)

    operations = [json.loads(heard.body)[0] for heard in between.heard if heard.call.startswith("PATCH")]
    assert [operation["op"] for operation in operations] == (["add"] if adopted else ["add", "remove"])
    assert held(signed_in, "other-field")[0]["value"] == NO_KEY
    assert signed_in.field() == (NO_KEY if adopted else None)
    assert outs["made_here"] is True


def test_two_fields_that_change_places_both_stay_and_stay_ours(
    signed_in: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Each is deleted last, at the place where the other one's successor is by then; who made it is not forgotten."""
    caplog.set_level("INFO")
    first, second = in_sync(signed_in), in_sync(signed_in, field="other-field")
    for olds in (first, second):
        PROVIDER.diff("id", olds, field(ANOTHER_KEY))

    outs = [outs_of(PROVIDER.create(field(ANOTHER_KEY, field=name))) for name in ("other-field", FIELD)]
    for olds in (first, second):
        PROVIDER.delete("id", olds)

    assert signed_in.field() == ANOTHER_KEY
    assert held(signed_in, "other-field")[0]["value"] == ANOTHER_KEY
    assert [one["made_here"] for one in outs] == [True, True]
    left = [
        f"1Password: left field {VAULT}/{ITEM}/{name}, which is still in the settings"
        for name in (FIELD, "other-field")
    ]
    assert [line for line in caplog.messages if " left " in line] == left


@pytest.mark.parametrize("adopted", [True, False])
def test_the_same_place_by_its_ids_is_no_move(adopted: bool, signed_in: World) -> None:
    """Else the field would be removed right after it was written."""
    if adopted:
        signed_in.set_field("")
    olds = in_sync(signed_in)
    ids = {"vault": olds["vault_id"], "item": olds["item_id"], "field": olds["field_id"]}

    outs = outs_of(PROVIDER.update("id", olds, field(ANOTHER_KEY, **ids)))

    assert signed_in.field() == ANOTHER_KEY
    assert outs["made_here"] is not adopted


@pytest.mark.parametrize("name", ["value", "key_uuid"])
@pytest.mark.parametrize("value", ["another", UNKNOWN], ids=["known", "unknown"])
def test_another_key_is_changed_in_place(name: str, value: Any, signed_in: World) -> None:
    """Nothing is asked to find a difference."""
    olds = in_sync(signed_in)

    difference = PROVIDER.diff("id", olds, field(**{name: value}))

    assert (difference.changes, difference.replaces) == (True, [])
    assert not PROVIDER.diff("id", olds, field()).changes
    assert calls(signed_in) == []


@pytest.mark.parametrize("name", ["vault", "item", "field"])
@pytest.mark.parametrize("value", ["another", UNKNOWN], ids=["known", "unknown"])
def test_another_place_is_another_resource(name: str, value: Any, signed_in: World) -> None:
    """The new one is written before the old one goes. The same place by its id is none."""
    olds = in_sync(signed_in)

    difference = PROVIDER.diff("id", olds, field(**{name: value}))

    assert (difference.changes, difference.replaces) == (True, [name])
    by_id = PROVIDER.diff("id", olds, field(**{name: olds[f"{name}_id"]}))
    assert (by_id.changes, by_id.replaces) == (True, [])


def test_a_destroy_removes_what_was_added_here(signed_in: World) -> None:
    """Gone already is no error."""
    olds = in_sync(signed_in)

    PROVIDER.delete("id", olds)
    PROVIDER.delete("id", olds)

    assert held(signed_in) == []


def test_a_destroy_leaves_an_adopted_field_with_its_last_value(
    signed_in: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Others may name it; nothing is even asked."""
    signed_in.set_field("")
    olds = in_sync(signed_in)

    with caplog.at_level("INFO", logger="zot_ci"):
        PROVIDER.delete("id", olds)

    assert signed_in.field() == NO_KEY
    assert calls(signed_in) == []
    assert f"left field {VAULT}/{ITEM}/{FIELD} " in caplog.text


def test_a_destroy_leaves_a_field_that_holds_something_else_by_now(
    signed_in: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody has put it to another use."""
    olds = in_sync(signed_in)
    signed_in.set_field("somebody's value")

    PROVIDER.delete("id", olds)

    assert signed_in.field() == "somebody's value"
    [record] = caplog.records
    assert_names(record.getMessage(), f"{VAULT}/{ITEM}/{FIELD}", "another value")


@pytest.mark.parametrize("slot_of_the_other", ["its own", "another's"])
def test_a_destroy_removes_a_field_with_the_key_beside_its_own(slot_of_the_other: str, signed_in: World) -> None:
    """A run was killed after it had written the next key, and before the engine noted it; another account's stays."""
    olds = in_sync(signed_in)
    signed_in.set_field(ANOTHER_KEY)
    mine = ("key", signed_in.zot_url, "zot-ci")
    slot = mine if slot_of_the_other == "its own" else ("key", signed_in.zot_url, "another")
    RUN.note(OwnKey(mine, olds["key_uuid"], digest_of(NO_KEY), "l"), OwnKey(slot, "next", digest_of(ANOTHER_KEY), "l"))

    PROVIDER.delete("id", olds)

    assert signed_in.field() == (None if slot == mine else ANOTHER_KEY)


def test_a_renamed_field_that_the_settings_name_anew_stays(signed_in: World) -> None:
    """Its new resource failed before it had an id: only today's label tells that the two are one field."""
    olds = in_sync(signed_in)
    held(signed_in)[0]["label"] = "other-field"
    program_has(Place.field(VAULT, ITEM, "other-field").identity)

    PROVIDER.delete("id", olds)

    assert [one["id"] for one in held(signed_in, "other-field")] == [olds["field_id"]]


def test_a_destroy_after_the_item_is_no_error(signed_in: World) -> None:
    """Somebody deleted it with all that it held."""
    olds = in_sync(signed_in)
    item = signed_in.estate.onepassword.vault(VAULT).items.pop(olds["item_id"])

    PROVIDER.delete("id", olds)

    signed_in.estate.onepassword.vault(VAULT).items[item.id] = item
    assert writes(signed_in) == []
