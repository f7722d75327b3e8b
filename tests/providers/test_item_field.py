"""
The field's life cycle, called as the engine calls it, over HTTP against the embedded Connect server.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.clients.errors import AmbiguousError, NotFoundError, NotOursError
from components.item_field import ItemFieldProvider
from components.provider import Props
from tests.clients.between import Between
from tests.providers.wanted import NO_KEY, UNKNOWN, calls, field, next_run, outs_of, writes
from tests.world import FIELD, ITEM, VAULT, World

pytestmark = pytest.mark.embedded

PROVIDER = ItemFieldProvider()
ANOTHER_KEY = "zak_" + 32 * "1"
FOREIGN = "a-password-of-somebody"


def in_line(world: World, **inputs: Any) -> Props:
    """The field as the last run recorded it."""
    outs = outs_of(PROVIDER.create(field(**inputs)))
    next_run(world)
    return outs


def others(world: World) -> list[dict[str, Any]]:
    """Every other field of the item."""
    return world.estate.onepassword.other_fields(VAULT, ITEM, FIELD)


def held(world: World, label: str = FIELD) -> list[dict[str, Any]]:
    """The fields of that label."""
    return world.estate.onepassword.item(VAULT, ITEM).labelled(label)


@pytest.fixture(autouse=True)
def _the_rest_of_the_item_stays(signed_in: World) -> Any:
    """After every test: other fields are byte for byte what they were, and no PUT was ever sent."""
    before = json.dumps(others(signed_in))
    yield
    touched = ("other-field",)
    now = [entry for entry in others(signed_in) if entry["label"] not in touched]
    assert json.dumps(now) == before
    assert signed_in.estate.onepassword.puts == 0


def test_a_field_that_is_not_there_is_added(signed_in: World) -> None:
    """Concealed, and ours."""
    result = PROVIDER.create(field())

    [entry] = held(signed_in)
    vault, item = signed_in.estate.onepassword.vault(VAULT), signed_in.estate.onepassword.item(VAULT, ITEM)
    assert (entry["type"], entry["value"]) == ("CONCEALED", NO_KEY)
    assert result.id == f"{vault.id}/{item.id}/{entry['id']}"
    places = {"vault_id": vault.id, "item_id": item.id, "field_id": entry["id"]}
    assert outs_of(result) == field() | places | {"made_here": True, "via": "1Password Connect"}


@pytest.mark.parametrize("value", [ANOTHER_KEY, ""], ids=["a key", "empty"])
@pytest.mark.parametrize("type_", ["CONCEALED", "STRING"])
def test_a_field_that_holds_a_key_or_nothing_is_adopted(value: str, type_: str, signed_in: World) -> None:
    """Its type is somebody's choice."""
    signed_in.set_field(value)
    held(signed_in)[0]["type"] = type_

    outs = in_line(signed_in)

    [entry] = held(signed_in)
    assert (entry["value"], entry["type"]) == (NO_KEY, type_)
    assert (outs["field_id"], outs["made_here"]) == (entry["id"], False)


def test_a_field_that_holds_the_key_already_is_adopted_without_a_write(signed_in: World) -> None:
    """A state that was lost."""
    signed_in.set_field(NO_KEY)

    in_line(signed_in)

    assert writes(signed_in) == []


@pytest.mark.parametrize(
    ("value", "type_", "words"),
    [
        (FOREIGN, "CONCEALED", "holds something that is no zot API key; empty it by hand if it may be overwritten"),
        ("", "TOTP", "is of type TOTP; name a concealed field, or one that does not exist yet"),
        ("", "URL", "is of type URL;"),
        (ANOTHER_KEY, "EMAIL", "is of type EMAIL;"),
    ],
)
def test_a_field_that_serves_something_else_is_not_ours_to_take(
    value: str, type_: str, words: str, signed_in: World
) -> None:
    """It is named, its value is not, and nothing is written."""
    signed_in.set_field(value)
    held(signed_in)[0]["type"] = type_

    with pytest.raises(NotOursError) as caught:
        PROVIDER.create(field())

    assert f"1Password field {VAULT}/{ITEM}/{FIELD} {words}" in str(caught.value)
    assert FOREIGN not in str(caught.value)
    assert signed_in.field() == value
    assert writes(signed_in) == []


def test_two_fields_of_one_label_are_an_error(signed_in: World) -> None:
    """Choosing would be a guess; by its id one of them can still be named."""
    fields = signed_in.estate.onepassword.item(VAULT, ITEM).current["fields"]
    fields += [{"id": name, "type": "CONCEALED", "label": FIELD, "value": ""} for name in ("first", "second")]

    with pytest.raises(AmbiguousError, match=f"has 2 fields labelled {FIELD}"):
        PROVIDER.create(field())
    assert writes(signed_in) == []
    assert outs_of(PROVIDER.create(field(field="second")))["field_id"] == "second"


def test_a_read_in_line_asks_once_and_writes_nothing(signed_in: World) -> None:
    """By the ids that were recorded, not by names."""
    olds = in_line(signed_in)

    result = PROVIDER.read("id", olds)

    assert outs_of(result) == olds
    assert result.inputs == field()
    assert [call.split()[0] for call in calls(signed_in)] == ["GET"]


def test_a_foreign_value_is_drift_and_is_not_recorded(signed_in: World, caplog: pytest.LogCaptureFixture) -> None:
    """It may be a secret: neither in the state nor in the log."""
    olds = in_line(signed_in)
    signed_in.set_field(FOREIGN)

    result = PROVIDER.read("id", olds)

    assert outs_of(result) == olds | {"condition": "holds another value than the current key"}
    assert FOREIGN not in repr((result.outs, result.inputs))
    assert FOREIGN not in caplog.text
    assert f"1Password field {VAULT}/{ITEM}/{FIELD}: holds another value than the current key" in caplog.text
    assert PROVIDER.diff("id", outs_of(result), field()).changes
    healed = outs_of(PROVIDER.update("id", outs_of(result), field()))
    assert signed_in.field() == NO_KEY
    assert outs_of(PROVIDER.read("id", healed)) == olds


@pytest.mark.parametrize("adopted", [True, False])
def test_a_field_that_is_gone_is_drift_and_is_added_again(adopted: bool, signed_in: World) -> None:
    """It is ours then, whoever made the one before."""
    if adopted:
        signed_in.set_field("")
    olds = in_line(signed_in)
    signed_in.set_field(None)

    seen = outs_of(PROVIDER.read("id", olds))

    assert seen["condition"] == f"gone: the item has no field {FIELD} any more"
    assert PROVIDER.diff("id", seen, field()).changes
    healed = outs_of(PROVIDER.update("id", seen, field()))
    assert signed_in.field() == NO_KEY
    assert healed["made_here"] is True
    assert outs_of(PROVIDER.read("id", healed))["condition"] == "current"


def test_a_field_that_somebody_made_again_with_something_else_is_not_taken(signed_in: World) -> None:
    """Of the same label, but another field."""
    olds = in_line(signed_in)
    signed_in.set_field(None)
    signed_in.set_field(FOREIGN)

    with pytest.raises(NotOursError, match="holds something that is no zot API key"):
        PROVIDER.update("id", outs_of(PROVIDER.read("id", olds)), field())
    assert signed_in.field() == FOREIGN


def test_a_field_that_was_renamed_is_still_the_one(signed_in: World) -> None:
    """Ids survive a renaming."""
    olds = in_line(signed_in)
    held(signed_in)[0]["label"] = "other-field"

    assert outs_of(PROVIDER.read("id", olds))["condition"] == "current"
    PROVIDER.update("id", olds, field(ANOTHER_KEY))

    assert held(signed_in, "other-field")[0]["value"] == ANOTHER_KEY
    assert signed_in.field() is None


@pytest.mark.parametrize("adopted", [True, False])
def test_another_key_is_written_into_the_same_field(adopted: bool, signed_in: World) -> None:
    """With one PATCH of its value; whose field it is does not change."""
    if adopted:
        signed_in.set_field("")
    olds = in_line(signed_in)
    between = Between(signed_in.estate.onepassword)

    outs = outs_of(PROVIDER.update("id", olds, field(ANOTHER_KEY, "another")))

    [patch] = [heard for heard in between.heard if heard.call.startswith("PATCH")]
    assert json.loads(patch.body) == [
        {"op": "replace", "path": f"/fields/{olds['field_id']}/value", "value": ANOTHER_KEY}
    ]
    assert (outs["key_uuid"], outs["field_id"], outs["made_here"]) == ("another", olds["field_id"], not adopted)


@pytest.mark.parametrize("adopted", [True, False])
def test_moving_writes_the_new_place_before_it_leaves_the_old_one(adopted: bool, signed_in: World) -> None:
    """At no moment is there no field with the key; an adopted one keeps its last value."""
    if adopted:
        signed_in.set_field("")
    olds = in_line(signed_in)
    between = Between(signed_in.estate.onepassword)
    news = field(ANOTHER_KEY, field="other-field")

    assert PROVIDER.diff("id", olds, news).replaces == []
    outs = outs_of(PROVIDER.update("id", olds, news))

    operations = [json.loads(heard.body)[0] for heard in between.heard if heard.call.startswith("PATCH")]
    assert [operation["op"] for operation in operations] == (["add"] if adopted else ["add", "remove"])
    assert held(signed_in, "other-field")[0]["value"] == ANOTHER_KEY
    assert signed_in.field() == (NO_KEY if adopted else None)
    assert outs["made_here"] is True


def test_moving_to_a_field_of_somebody_else_s_leaves_the_old_one(signed_in: World) -> None:
    """Refused before anything is written."""
    olds = in_line(signed_in)

    with pytest.raises(NotOursError, match="webhook holds something that is no zot API key"):
        PROVIDER.update("id", olds, field(field="webhook"))
    assert signed_in.field() == NO_KEY
    assert writes(signed_in) == []


@pytest.mark.parametrize("adopted", [True, False])
def test_the_same_place_by_its_ids_is_no_move(adopted: bool, signed_in: World) -> None:
    """Else the field would be removed right after it was written."""
    if adopted:
        signed_in.set_field("")
    olds = in_line(signed_in)
    ids = {"vault": olds["vault_id"], "item": olds["item_id"], "field": olds["field_id"]}

    outs = outs_of(PROVIDER.update("id", olds, field(ANOTHER_KEY, **ids)))

    assert signed_in.field() == ANOTHER_KEY
    assert outs["made_here"] is not adopted


def test_moving_to_another_item_leaves_nothing_in_the_first(signed_in: World) -> None:
    """A vault and an item are only places."""
    olds = in_line(signed_in)
    signed_in.estate.onepassword.add_item(VAULT, "Another")

    PROVIDER.update("id", olds, field(item="Another"))

    assert signed_in.field() is None
    assert signed_in.estate.onepassword.field(VAULT, "Another", FIELD) == NO_KEY


@pytest.mark.parametrize("name", ["value", "key_uuid", "vault", "item", "field"])
@pytest.mark.parametrize("value", ["another", UNKNOWN], ids=["known", "unknown"])
def test_every_input_is_changed_in_place(name: str, value: Any, signed_in: World) -> None:
    """Nothing is asked to find a difference."""
    olds = in_line(signed_in)

    difference = PROVIDER.diff("id", olds, field(**{name: value}))

    assert (difference.changes, difference.replaces) == (True, [])
    assert not PROVIDER.diff("id", olds, field()).changes
    assert calls(signed_in) == []


def test_a_destroy_removes_what_was_added_here(signed_in: World) -> None:
    """Gone already is no error."""
    olds = in_line(signed_in)

    PROVIDER.delete("id", olds)
    PROVIDER.delete("id", olds)

    assert held(signed_in) == []


def test_a_destroy_leaves_an_adopted_field_with_its_last_value(
    signed_in: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Others may name it; nothing is even asked."""
    signed_in.set_field("")
    olds = in_line(signed_in)

    with caplog.at_level("INFO", logger="components"):
        PROVIDER.delete("id", olds)

    assert signed_in.field() == NO_KEY
    assert calls(signed_in) == []
    assert f"left field {VAULT}/{ITEM}/{FIELD} with its last value; it was there before" in caplog.text


def test_a_destroy_after_the_item_is_no_error(signed_in: World) -> None:
    """Somebody deleted it with all that it held."""
    olds = in_line(signed_in)
    item = signed_in.estate.onepassword.vault(VAULT).items.pop(olds["item_id"])

    PROVIDER.delete("id", olds)

    signed_in.estate.onepassword.vault(VAULT).items[item.id] = item
    assert writes(signed_in) == []


def test_an_item_that_is_gone_is_an_error_and_no_drift(signed_in: World) -> None:
    """It belongs to others: none is ever made."""
    olds = in_line(signed_in)
    item = signed_in.estate.onepassword.vault(VAULT).items.pop(olds["item_id"])

    with pytest.raises(NotFoundError, match="it is gone, or the token of OP_CONNECT_TOKEN has no access"):
        PROVIDER.read("id", olds)
    signed_in.estate.onepassword.vault(VAULT).items[item.id] = item


def test_no_log_line_shows_the_value(signed_in: World, caplog: pytest.LogCaptureFixture) -> None:
    """The uuid says which key it is."""
    with caplog.at_level("INFO", logger="components"):
        olds = in_line(signed_in)
        olds = outs_of(PROVIDER.update("id", olds, field(ANOTHER_KEY, "another")))
        PROVIDER.delete("id", olds)

    place = f"{VAULT}/{ITEM}/{FIELD}"
    for words in (f"added field {place}, key a-uuid", f"set field {place} to key another", f"removed field {place}"):
        assert f"1Password: {words}" in caplog.text
    assert "zak_" not in caplog.text
