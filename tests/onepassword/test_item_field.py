"""
The field's life cycle, called as the engine calls it, over HTTP against the embedded Connect server.
"""

from __future__ import annotations

import copy
from contextlib import nullcontext

import pytest
from starlette.responses import Response

from tests.dynamic.wanted import NO_KEY, accepted, calls, field, outs_of, planned, writes
from tests.estate.onepassword import Item, new_id
from tests.http.between import Between
from tests.messages import assert_names
from tests.onepassword.fields import ANOTHER_KEY, FOREIGN, PROVIDER, held, in_sync
from tests.world import FIELD, ITEM, VAULT, World
from zot_ci.dynamic.entries import OwnKey, digest_of
from zot_ci.dynamic.errors import KeyUncheckedError, NotOursError
from zot_ci.dynamic.run import RUN
from zot_ci.http.errors import AmbiguousError, NotFoundError, ReconcileError

pytestmark = [pytest.mark.embedded, pytest.mark.usefixtures("the_rest_of_the_item_stays")]


def test_a_field_that_is_not_there_is_added(signed_in: World) -> None:
    """Concealed, and ours."""
    result = PROVIDER.create(field())

    [entry] = held(signed_in)
    vault, item = signed_in.estate.onepassword.vault(VAULT), signed_in.estate.onepassword.item(VAULT, ITEM)
    assert (entry["type"], entry["value"]) == ("CONCEALED", NO_KEY)
    assert result.id == f"{vault.id}/{item.id}/{entry['id']}"
    places = {"vault_id": vault.id, "item_id": item.id, "field_id": entry["id"]}
    assert outs_of(result) == field() | places | {
        "made_here": True,
        "mark": outs_of(result)["mark"],
        "via": "1Password Connect",
        "renamed": "",
    }


@pytest.mark.parametrize("value", [ANOTHER_KEY, "", f" {ANOTHER_KEY}\n"], ids=["a key", "empty", "pasted"])
@pytest.mark.parametrize("type_", ["CONCEALED", "STRING"])
def test_a_field_that_holds_a_key_or_nothing_is_adopted(value: str, type_: str, signed_in: World) -> None:
    """Its type is somebody's choice."""
    signed_in.set_field(value)
    held(signed_in)[0]["type"] = type_

    outs = in_sync(signed_in)

    [entry] = held(signed_in)
    assert (entry["value"], entry["type"]) == (NO_KEY, type_)
    assert (outs["field_id"], outs["made_here"]) == (entry["id"], False)


def test_a_field_that_holds_the_key_already_is_adopted_without_a_write(signed_in: World) -> None:
    """A state that was lost."""
    signed_in.set_field(NO_KEY)

    in_sync(signed_in)

    assert writes(signed_in) == []


@pytest.mark.parametrize(
    ("value", "type_", "words"),
    [
        (FOREIGN, "CONCEALED", "no zot API key"),
        ("", "TOTP", "type TOTP;"),
        ("", "URL", "type URL;"),
        (ANOTHER_KEY, "EMAIL", "type EMAIL;"),
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

    assert_names(caught.value, f"1Password field {VAULT}/{ITEM}/{FIELD} ", words)
    assert FOREIGN not in str(caught.value)
    assert signed_in.field() == value
    assert writes(signed_in) == []


def test_two_fields_of_one_label_are_an_error(signed_in: World) -> None:
    """Choosing would be a guess; by its id one of them can still be named."""
    fields = signed_in.estate.onepassword.item(VAULT, ITEM).current["fields"]
    fields += [{"id": name, "type": "CONCEALED", "label": FIELD, "value": ""} for name in ("first", "second")]

    with pytest.raises(AmbiguousError, match=rf"2 fields.* {FIELD}"):
        PROVIDER.create(field())
    assert writes(signed_in) == []
    assert outs_of(PROVIDER.create(field(field="second")))["field_id"] == "second"


def test_a_read_in_sync_asks_once_and_writes_nothing(signed_in: World) -> None:
    """By the ids that were recorded, not by names."""
    olds = in_sync(signed_in)

    result = PROVIDER.read("id", olds)

    assert outs_of(result) == olds
    assert result.inputs == field()
    assert [call.split()[0] for call in calls(signed_in)] == ["GET"]


def test_a_foreign_value_is_drift_and_is_not_recorded(signed_in: World, caplog: pytest.LogCaptureFixture) -> None:
    """It may be a secret: neither in the state nor in the log."""
    olds = in_sync(signed_in)
    signed_in.set_field(FOREIGN)

    result = PROVIDER.read("id", olds)

    seen = outs_of(result)
    assert seen == olds | {"condition": seen["condition"]}
    assert_names(seen["condition"], "another value")
    assert FOREIGN not in repr((result.outs, result.inputs))
    assert planned(PROVIDER, "id", seen, field()).changes
    assert f"1Password field {VAULT}/{ITEM}/{FIELD}: {seen['condition']}" in caplog.text
    assert FOREIGN not in caplog.text
    updated = outs_of(PROVIDER.update("id", seen, field()))
    assert signed_in.field() == NO_KEY
    assert outs_of(PROVIDER.read("id", updated)) == olds


@pytest.mark.parametrize("adopted", [True, False])
def test_a_field_that_is_gone_is_drift_and_is_added_again(adopted: bool, signed_in: World) -> None:
    """It is ours then, whoever made the one before."""
    if adopted:
        signed_in.set_field("")
    olds = in_sync(signed_in)
    signed_in.set_field(None)

    seen = outs_of(PROVIDER.read("id", olds))

    assert_names(seen["condition"], "not found", f"no field {FIELD}")
    assert PROVIDER.diff("id", seen, field()).changes
    updated = outs_of(PROVIDER.update("id", seen, field()))
    assert signed_in.field() == NO_KEY
    assert updated["made_here"] is True
    assert outs_of(PROVIDER.read("id", updated))["condition"] == "current"


def test_a_field_that_is_added_again_holds_the_key_and_the_one_before_it_holds_none(signed_in: World) -> None:
    """Else the key's own resource would leave it alive, as if a place still had it."""
    olds = in_sync(signed_in)
    signed_in.set_field(None)
    PROVIDER.diff("id", olds, field())
    assert RUN.claims.places_with("a-uuid") == [f"1Password {VAULT}/{ITEM}/{FIELD}"]

    PROVIDER.update("id", olds, field(ANOTHER_KEY, "another"))

    assert RUN.claims.places_with("a-uuid") == []
    assert RUN.claims.places_with("another") == [f"1Password {VAULT}/{ITEM}/{FIELD}"]


def test_a_field_that_somebody_made_again_with_something_else_is_not_taken(signed_in: World) -> None:
    """Of the same label, but another field."""
    olds = in_sync(signed_in)
    signed_in.set_field(None)
    signed_in.set_field(FOREIGN)

    with pytest.raises(NotOursError, match="no zot API key"):
        PROVIDER.update("id", outs_of(PROVIDER.read("id", olds)), field())
    assert signed_in.field() == FOREIGN


def test_a_field_that_was_renamed_is_still_the_one(signed_in: World, caplog: pytest.LogCaptureFixture) -> None:
    """Ids survive a renaming; who reads the field by its name does not find it, which a preview says."""
    olds = in_sync(signed_in)
    held(signed_in)[0]["label"] = "other-field"

    seen = outs_of(PROVIDER.read("id", olds))
    assert seen["condition"] == "current"
    assert not planned(PROVIDER, "id", seen, field()).changes
    renamed = f"field {FIELD} is called other-field now, and was found by its id: write that into the settings"
    assert f"1Password field {VAULT}/{ITEM}/{FIELD}: {renamed}" in caplog.messages
    PROVIDER.update("id", olds, field(ANOTHER_KEY))

    assert held(signed_in, "other-field")[0]["value"] == ANOTHER_KEY
    assert signed_in.field() is None


@pytest.mark.parametrize(
    ("held_now", "checked", "written"),
    [
        (ANOTHER_KEY, False, False),
        (ANOTHER_KEY, True, True),
        ("edited by hand", False, True),
        ("", False, True),
        (None, False, True),
    ],
    ids=["a key, silent registry", "a key, alive", "no key", "empty", "gone"],
)
def test_a_key_that_somebody_put_there_is_not_replaced_by_one_that_nobody_has_checked(
    held_now: str | None, checked: bool, written: bool, signed_in: World
) -> None:
    """The state's key may be dead, and the one in the field the only live one."""
    olds = in_sync(signed_in)
    signed_in.set_field(held_now)
    news = field()
    RUN.forget()
    if checked:
        accepted("a-uuid")

    if written:
        PROVIDER.update("id", outs_of(PROVIDER.read("id", olds)), news)
    else:
        with pytest.raises(KeyUncheckedError, match="is not written: the registry has not said whether"):
            PROVIDER.update("id", outs_of(PROVIDER.read("id", olds)), news)

    assert signed_in.field() == (NO_KEY if written else held_now)


@pytest.mark.parametrize("of_the_state", [True, False])
def test_a_key_of_the_state_is_replaced_by_its_successor_in_any_case(of_the_state: bool, signed_in: World) -> None:
    """Nothing is lost by that."""
    olds = in_sync(signed_in)
    signed_in.set_field(ANOTHER_KEY)
    news = field("zak_" + 32 * "2", "new")
    RUN.forget()
    lineage = ("key", "https://registry.example.test", "zot-ci")
    if of_the_state:
        for uuid, key in (("between", ANOTHER_KEY), ("new", news["value"])):
            RUN.note(OwnKey(lineage, uuid, digest_of(key), "label"))

    with nullcontext() if of_the_state else pytest.raises(KeyUncheckedError):
        PROVIDER.update("id", olds, news)

    assert signed_in.field() == (news["value"] if of_the_state else ANOTHER_KEY)


@pytest.mark.parametrize("how", ["gone", "archived", "in the trash"])
def test_an_item_that_is_gone_is_a_condition_and_fails_this_field_alone(how: str, signed_in: World) -> None:
    """It belongs to others: none is ever made. One that somebody put away is still read by its id, and not written."""
    olds = in_sync(signed_in)
    vaults = signed_in.estate.onepassword
    item = vaults.item(VAULT, ITEM)
    if how == "gone":
        vaults.vault(VAULT).items.pop(item.id)
    elif how == "archived":
        vaults.archive_item(VAULT, ITEM)
    else:
        vaults.delete_item(VAULT, ITEM)
    put_away = copy.deepcopy(item.current)

    seen = outs_of(PROVIDER.read("id", olds))

    assert_names(seen["condition"], "not found: ", f"no item {ITEM} in {VAULT}")
    assert seen == olds | {"condition": seen["condition"]}
    assert PROVIDER.diff("id", seen, field()).changes
    with pytest.raises(NotFoundError, match=f"no item {ITEM} in {VAULT}"):
        PROVIDER.update("id", seen, field(ANOTHER_KEY, "another-uuid"))
    PROVIDER.delete("id", seen)
    assert item.current == put_away
    vaults.vault(VAULT).items[item.id] = item
    vaults.recover_item(VAULT, item.id)
    assert outs_of(PROVIDER.read("id", olds))["condition"] == "current"


@pytest.mark.parametrize("value", [NO_KEY, ANOTHER_KEY, "", None], ids=["the key", "another", "empty", "no field"])
def test_an_item_that_somebody_made_again_is_found_by_its_name(value: str | None, signed_in: World) -> None:
    """From a copy, perhaps: even the field has its old id. What is there is not ours then, what is added is."""
    olds = in_sync(signed_in)
    item = _made_again(signed_in, value)

    seen = outs_of(PROVIDER.read("id", olds))

    assert_names(seen["condition"], "not found", f"another item has the name {ITEM}")
    assert PROVIDER.diff("id", seen, field()).changes
    updated = outs_of(PROVIDER.update("id", seen, field()))
    assert signed_in.field() == NO_KEY
    assert (updated["item_id"], updated["made_here"]) == (item.id, value is None)
    assert outs_of(PROVIDER.read("id", updated))["condition"] == "current"


def test_an_item_that_somebody_made_again_for_something_else_is_not_taken(signed_in: World) -> None:
    """Neither at once nor by the field's old id."""
    olds = in_sync(signed_in)
    _made_again(signed_in, FOREIGN)
    seen = outs_of(PROVIDER.read("id", olds))

    with pytest.raises(NotOursError, match="no zot API key"):
        PROVIDER.update("id", seen, field())

    assert signed_in.field() == FOREIGN
    assert writes(signed_in) == []


def _made_again(world: World, value: str | None) -> Item:
    """
    Somebody deletes the item and makes it again from a copy, with another value in our field.
    """
    world.set_field(value)
    vault = world.estate.onepassword.vault(VAULT)
    old = world.estate.onepassword.item(VAULT, ITEM)
    del vault.items[old.id]
    new = Item(old.current | {"id": new_id()})
    vault.items[new.id] = new
    return new


def test_no_log_line_shows_the_value(signed_in: World, caplog: pytest.LogCaptureFixture) -> None:
    """The uuid says which key it is."""
    with caplog.at_level("INFO", logger="zot_ci"):
        olds = in_sync(signed_in)
        olds = outs_of(PROVIDER.update("id", olds, field(ANOTHER_KEY, "another")))
        PROVIDER.delete("id", olds)

    place = f"{VAULT}/{ITEM}/{FIELD}"
    lines = [record.getMessage() for record in caplog.records if record.levelname == "INFO"]
    for line, step, key in zip(lines, ("added", "set", "deleted"), ("key a-uuid", "key another", ""), strict=True):
        assert_names(line, step, f"field {place}", key)
    assert "zak_" not in caplog.text


def test_a_field_whose_key_a_run_has_left_out_is_asked_for_no_key() -> None:
    """The engine hands over neither the value nor the uuid."""
    props = {name: value for name, value in field().items() if name not in ("value", "key_uuid")}

    wanted = PROVIDER.asked(props)

    assert (wanted.value, wanted.key_uuid) == ("", "")


def test_whose_a_field_is_stays_known_though_its_write_fails(signed_in: World) -> None:
    """A second instance in the same run asks for it."""
    olds = in_sync(signed_in)
    Between(signed_in.estate.onepassword).answer("PATCH /v1/vaults/", Response(status_code=403))

    with pytest.raises(ReconcileError):
        PROVIDER.update("id", olds, field(ANOTHER_KEY, "another"))

    claim = RUN.claims.newest(("field", olds["vault_id"], olds["item_id"], olds["field_id"]))
    assert claim is not None
    assert claim.made_here is True
