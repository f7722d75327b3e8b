"""
Which field is meant, by each of the three backends: exactly one is touched, or none and nothing is made.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.dynamic.wanted import NO_KEY, field, outs_of, planned
from tests.estate import Estate
from tests.messages import assert_names
from tests.onepassword.backends import CLI, Backend
from tests.onepassword.fields import ANOTHER_KEY, FOREIGN, PROVIDER
from tests.onepassword.foreign import INCOMPLETE, LOOKALIKES, everything, held, theirs
from tests.processes import another_process
from tests.world import FIELD, ITEM, VAULT
from zot_ci.dynamic.seen import SEEN
from zot_ci.http.errors import AmbiguousError, EnvironmentUnfitError
from zot_ci.onepassword.item import ItemAccess, ItemRef
from zot_ci.onepassword.ownership import key_at
from zot_ci.settings.place import Place

pytestmark = [pytest.mark.embedded, pytest.mark.usefixtures("access")]

STORE = Place.field(VAULT, ITEM, FIELD)


@pytest.fixture
def ours(estate: Estate) -> str:
    """The id of our field, which holds a key."""
    estate.onepassword.set_field(VAULT, ITEM, FIELD, ANOTHER_KEY)
    return str(held(estate)[0]["id"])


def sharing(id_: str, value: str = FOREIGN) -> dict[str, Any]:
    """A field that another program gave the id of ours."""
    return {"id": id_, "type": "CONCEALED", "label": "theirs", "value": value}


@pytest.mark.usefixtures("ours")
@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("shape", INCOMPLETE)
def test_only_the_field_that_is_named_matters(shape: str, first: bool, estate: Estate) -> None:
    """A whole life of ours beside one that lacks an id, a label, a value or its section's id."""
    entry, section = INCOMPLETE[shape]
    if section:
        entry = entry | {"section": dict(section)}
    estate.onepassword.add_raw(VAULT, ITEM, dict(entry), section and dict(section), first)
    before = theirs(estate)

    olds = outs_of(PROVIDER.create(field()))
    another_process()
    assert outs_of(PROVIDER.read("id", olds)) == olds
    olds = outs_of(PROVIDER.update("id", olds, field(ANOTHER_KEY)))

    assert held(estate)[0]["value"] == ANOTHER_KEY
    assert theirs(estate) == before
    PROVIDER.delete("id", olds)
    added = outs_of(PROVIDER.create(field(field="new")))
    PROVIDER.delete("id", added)
    assert theirs(estate) == before
    assert held(estate, "new") == []


def test_a_field_of_ours_without_an_id_is_refused(estate: Estate) -> None:
    """Nothing tells it from the others later on."""
    estate.onepassword.set_field(VAULT, ITEM, FIELD, None)
    estate.onepassword.add_raw(VAULT, ITEM, {"type": "CONCEALED", "label": FIELD, "value": ANOTHER_KEY})
    before = everything(estate)

    with pytest.raises(AmbiguousError, match=f'"{FIELD}" without an id; '):
        PROVIDER.create(field())
    assert everything(estate) == before


@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("value", [FOREIGN, ANOTHER_KEY, ""], ids=["theirs", "a key", "empty"])
def test_a_field_that_shares_its_id_is_not_taken(value: str, first: bool, estate: Estate, ours: str) -> None:
    """By whatever label it is named; neither is touched."""
    estate.onepassword.add_raw(VAULT, ITEM, sharing(ours, value), first=first)
    before = everything(estate)

    for name in (FIELD, ours):
        with pytest.raises(AmbiguousError) as caught:
            PROVIDER.create(field(field=name))
        assert_names(caught.value, f"item {ITEM} ", "2 fields ", ours)
    assert everything(estate) == before


@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
def test_a_field_that_comes_to_share_the_id_of_ours_is_never_touched(
    first: bool, estate: Estate, caplog: pytest.LogCaptureFixture
) -> None:
    """A preview says so, a rotation is refused, and a destroy lets go of both and names the key."""
    olds = outs_of(PROVIDER.create(field(field="new")))
    estate.onepassword.add_raw(VAULT, ITEM, sharing(olds["field_id"]), first=first)
    before = everything(estate)
    another_process()

    seen = outs_of(PROVIDER.read("id", olds))
    assert_names(seen["condition"], "cannot be checked: ", "2 fields of one id", '"new"', '"theirs"')
    assert planned(PROVIDER, "id", seen, field(field="new")).changes
    with pytest.raises(AmbiguousError):
        PROVIDER.update("id", seen, field(ANOTHER_KEY, field="new"))
    another_process()
    PROVIDER.delete("id", olds)

    assert everything(estate) == before
    assert f"1Password field {VAULT}/{ITEM}/new was left: " in caplog.text
    assert "a-uuid" in caplog.text


def test_a_backend_itself_touches_no_field_of_a_shared_id(
    estate: Estate, access: ItemAccess, ref: ItemRef, ours: str
) -> None:
    """Whoever calls it."""
    estate.onepassword.add_raw(VAULT, ITEM, sharing(ours), first=True)
    before = everything(estate)
    access.read(ref)

    with pytest.raises(AmbiguousError):
        access.remove_field(ref, ours)
    with pytest.raises(AmbiguousError):
        access.set_value(ref, ours, NO_KEY)
    assert everything(estate) == before


def test_a_name_that_is_one_field_s_label_and_another_s_id_is_refused(estate: Estate, ours: str) -> None:
    """Either could be meant."""
    estate.onepassword.add_raw(VAULT, ITEM, {"id": "x" * 26, "type": "CONCEALED", "label": ours, "value": ""})
    before = everything(estate)

    with pytest.raises(AmbiguousError, match=f"2 fields with the label or the id {ours}; "):
        PROVIDER.create(field(field=ours))
    assert everything(estate) == before
    assert outs_of(PROVIDER.create(field()))["field_id"] == ours


def test_equal_labels_in_two_sections_are_refused(estate: Estate) -> None:
    """A setting names no section; by its id one of them can be named."""
    before = everything(estate)

    with pytest.raises(AmbiguousError, match="2 fields labelled token; "):
        PROVIDER.create(field(field="token"))
    assert everything(estate) == before


@pytest.mark.parametrize(
    ("how", "value"),
    [*((how, ANOTHER_KEY) for how in LOOKALIKES), ("capital letters", FOREIGN), ("a space at the end", "")],
)
def test_a_field_that_looks_like_the_one_that_is_named_is_not_passed_over(
    how: str, value: str, estate: Estate, access: ItemAccess
) -> None:
    """No second one is added beside it, and its key mints none; both names are said, and what they differ in."""
    label, name, words = LOOKALIKES[how]
    estate.onepassword.set_field(VAULT, ITEM, FIELD, None)
    estate.onepassword.set_field(VAULT, ITEM, label, value)
    before = everything(estate)

    with pytest.raises(AmbiguousError) as caught:
        PROVIDER.create(field(field=name))
    assert_names(caught.value, f'"{name}"', f'"{label}"', words, held(estate, label)[0]["id"])
    with pytest.raises(AmbiguousError):
        key_at(access, Place.field(VAULT, ITEM, name))
    assert everything(estate) == before
    by_id = outs_of(PROVIDER.create(field(field=held(estate, label)[0]["id"]))) if value != FOREIGN else {}
    assert by_id.get("field_id") in (None, held(estate, label)[0]["id"])


@pytest.mark.parametrize("how", ["capital letters", "an umlaut taken apart"])
def test_the_field_that_is_named_exactly_is_the_one(how: str, estate: Estate) -> None:
    """However much another looks like it."""
    label, name, _ = LOOKALIKES[how]
    estate.onepassword.set_field(VAULT, ITEM, FIELD, None)
    for one, value in ((label, FOREIGN), (name, ANOTHER_KEY)):
        estate.onepassword.set_field(VAULT, ITEM, one, value)
    before = theirs(estate, name)

    PROVIDER.create(field(field=name))

    assert held(estate, name)[0]["value"] == NO_KEY
    assert theirs(estate, name) == before


def test_settings_that_name_both_tell_them_apart(estate: Estate) -> None:
    """Two accounts: who wrote both meant two fields."""
    estate.onepassword.set_field(VAULT, ITEM, FIELD, None)
    big = FIELD.upper()
    SEEN.named_fields = (("one", STORE), ("two", Place.field(VAULT, ITEM, big)))

    PROVIDER.create(field())
    PROVIDER.create(field(ANOTHER_KEY, field=big))

    assert [held(estate, label)[0]["value"] for label in (FIELD, big)] == [NO_KEY, ANOTHER_KEY]


def test_a_field_of_ours_that_was_made_again_in_other_letters_is_said_and_not_added_beside(estate: Estate) -> None:
    """The preview has both names; the `up` refuses."""
    estate.onepassword.set_field(VAULT, ITEM, FIELD, None)
    olds = outs_of(PROVIDER.create(field()))
    estate.onepassword.set_field(VAULT, ITEM, FIELD, None)
    estate.onepassword.set_field(VAULT, ITEM, FIELD.upper(), ANOTHER_KEY)
    before = everything(estate)
    another_process()

    seen = outs_of(PROVIDER.read("id", olds))
    assert_names(seen["condition"], "not found: ", f'"{FIELD}"', f'"{FIELD.upper()}"')
    with pytest.raises(AmbiguousError):
        PROVIDER.update("id", seen, field())
    assert everything(estate) == before


def test_a_field_in_a_section_that_its_item_does_not_list_is_not_lost_to_op(
    backend: Backend, estate: Estate, access: ItemAccess, ref: ItemRef, ours: str
) -> None:
    """`op` would leave it out of what it keeps: it is refused before a key is made. The two others write one field."""
    stray = {"id": "s" * 26, "type": "CONCEALED", "label": "theirs", "value": FOREIGN, "section": {"id": "nowhere"}}
    estate.onepassword.add_raw(VAULT, ITEM, stray)

    if backend is CLI:
        with pytest.raises(EnvironmentUnfitError, match='"theirs" is in section "nowhere"') as caught:
            access.refuse_unwritable(VAULT, ITEM)
        assert_names(caught.value, "no key was made")
        with pytest.raises(EnvironmentUnfitError):
            access.set_value(ref, ours, NO_KEY)
    else:
        access.refuse_unwritable(VAULT, ITEM)
        access.set_value(ref, ours, NO_KEY)
    assert held(estate, "theirs") == [stray]
