"""
Vaults and items that are called otherwise than the settings say, by each backend: renamed ones, and names that only
look the same.
"""

from __future__ import annotations

import unicodedata

import pytest

from tests.dynamic.wanted import NO_KEY, field, outs_of, planned, program_has
from tests.estate import Estate
from tests.messages import assert_names
from tests.onepassword.backends import CLI, Backend
from tests.onepassword.fields import ANOTHER_KEY, PROVIDER
from tests.onepassword.foreign import held
from tests.processes import another_process
from tests.world import ITEM, VAULT
from zot_ci.dynamic.seen import SEEN
from zot_ci.http.errors import AmbiguousError, NotFoundError
from zot_ci.onepassword.access import onepassword
from zot_ci.onepassword.item import ItemAccess
from zot_ci.onepassword.ownership import key_at
from zot_ci.settings.place import Place

pytestmark = [pytest.mark.embedded, pytest.mark.usefixtures("access")]

NAMES = {
    "capital letters": ("BLUMEOPS", "FORGEJO SECRETS"),
    "white space": ("blumeops ", "Forgejo  Secrets"),
    "composed": (unicodedata.normalize("NFD", "blümeops"), unicodedata.normalize("NFD", "Förgejo Secrets")),
}


@pytest.mark.parametrize("how", NAMES)
def test_a_name_that_looks_like_the_one_that_is_there_is_said_beside_it(
    how: str, estate: Estate, access: ItemAccess
) -> None:
    """Of a vault, and of an item; each with its id."""
    vault, item = NAMES[how]
    asked = (VAULT, ITEM) if how != "composed" else ("blümeops", "Förgejo Secrets")
    estate.onepassword.rename_item(VAULT, ITEM, item)

    with pytest.raises(NotFoundError) as of_item:
        access.locate(VAULT, asked[1])
    estate.onepassword.rename_vault(VAULT, vault)
    with pytest.raises(NotFoundError) as of_vault:
        access.locate(asked[0], item)

    ids = estate.onepassword.item(vault, item).id, estate.onepassword.vault(vault).id
    assert_names(of_item.value, f"item {asked[1]} ", f'"{item}"', "which differs only in", ids[0])
    assert_names(of_vault.value, f"vault {asked[0]}", f'"{vault}"', "which differs only in", ids[1])


def test_a_title_that_is_another_item_s_id_is_not_chosen_from(
    backend: Backend, estate: Estate, access: ItemAccess
) -> None:
    """`op` goes by the id then, by itself."""
    item = estate.onepassword.item(VAULT, ITEM)
    estate.onepassword.add_item(VAULT, item.id)

    if backend is CLI:
        assert access.locate(VAULT, item.id).item == item.id
    else:
        with pytest.raises(AmbiguousError, match="2 times"):
            access.locate(VAULT, item.id)


@pytest.mark.parametrize("what", ["vault", "item", "vault and item"])
def test_a_renamed_one_is_found_by_its_id_said_and_let_go_of(
    what: str, backend: Backend, estate: Estate, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing stops: it is read, written, read for its key, and taken out; the preview names the setting to change."""
    olds = outs_of(PROVIDER.create(field(field="new")))
    if "item" in what:
        estate.onepassword.rename_item(VAULT, ITEM, "Other Secrets")
    if "vault" in what:
        estate.onepassword.rename_vault(VAULT, "other")
    another_process()

    seen = outs_of(PROVIDER.read("id", olds))
    difference = planned(PROVIDER, "id", seen, field(field="new"))

    assert seen == olds
    assert not difference.changes
    said = [record.getMessage() for record in caplog.records]
    # Connect and the SDK do not say what the vault of an item is called.
    named = ([f"item {ITEM} is called Other Secrets now"] if "item" in what else []) + (
        [f"vault {VAULT} is called other now"] if "vault" in what and backend is CLI else []
    )
    assert len(said) == bool(named)
    assert all(words in said[0] for words in named)
    assert key_at(onepassword(), Place.field(VAULT, ITEM, "new")) == NO_KEY
    olds = outs_of(PROVIDER.update("id", seen, field(ANOTHER_KEY, field="new")))
    another_process()
    PROVIDER.delete("id", olds)
    vault, item = ("other" if "vault" in what else VAULT), ("Other Secrets" if "item" in what else ITEM)
    assert estate.onepassword.item(vault, item).labelled("new") == []


def test_a_setting_that_is_corrected_takes_the_same_field_over(estate: Estate) -> None:
    """Its old instance goes last, and leaves it; who made the field is not forgotten."""
    olds = outs_of(PROVIDER.create(field(field="new")))
    estate.onepassword.rename_item(VAULT, ITEM, "Other Secrets")
    another_process()
    news = field(field="new", item="Other Secrets")
    olds = outs_of(PROVIDER.read("id", olds))

    assert PROVIDER.diff("id", olds, news).replaces == ["item"]
    outs = outs_of(PROVIDER.create(news))
    PROVIDER.delete("id", olds)

    assert estate.onepassword.field(VAULT, "Other Secrets", "new") == NO_KEY
    assert (outs["field_id"], outs["made_here"]) == (olds["field_id"], True)


def test_another_account_s_vault_that_is_gone_stops_only_that_account(estate: Estate) -> None:
    """Its names are looked up to see whether they are the same field."""
    places = [Place.field(vault, ITEM, "new") for vault in (VAULT, "no such vault")]
    SEEN.named_fields = tuple(zip(("one", "two"), places, strict=True))

    PROVIDER.create(field(field="new"))

    assert held(estate, "new")[0]["value"] == NO_KEY


@pytest.mark.parametrize("what", ["vault", "item", "field"])
def test_a_field_that_the_settings_call_by_its_new_name_is_left_though_its_new_resource_failed(
    what: str, backend: Backend, estate: Estate
) -> None:
    """The program has it under a name that no state knows; what a vault is called now, only `op` says."""
    olds = outs_of(PROVIDER.create(field(field="new")))
    names = {"vault": VAULT, "item": ITEM, "field": "new"}
    estate.onepassword.item(VAULT, ITEM).labelled("new")[0]["label"] = "other" if what == "field" else "new"
    if what == "item":
        estate.onepassword.rename_item(VAULT, ITEM, "other")
    if what == "vault":
        estate.onepassword.rename_vault(VAULT, "other")
    names[what] = "other"
    another_process()
    program_has(Place.field(**names).identity)

    PROVIDER.delete("id", olds)

    stays = what != "vault" or backend is CLI
    assert bool(estate.onepassword.item(names["vault"], names["item"]).labelled(names["field"])) is stays
