"""
What 1Password silently makes of what it is asked, by each backend: said, and where the key would be lost, refused.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import stamina

from tests.dynamic.wanted import NO_KEY, field, outs_of
from tests.estate import Estate
from tests.messages import assert_names
from tests.onepassword.backends import CONNECT, Backend
from tests.onepassword.fields import ANOTHER_KEY, FOREIGN, PROVIDER
from tests.onepassword.foreign import UMLAUT, everything, held, theirs
from tests.world import FIELD, ITEM, VAULT
from zot_ci.http.errors import UnexpectedAnswerError
from zot_ci.onepassword.item import ItemAccess, ItemRef

pytestmark = [pytest.mark.embedded, pytest.mark.usefixtures("access")]

Json = dict[str, Any]


@pytest.fixture(autouse=True)
def _no_waits() -> Iterator[None]:
    # A few reads: the embedded server lags two.
    with stamina.set_testing(True, attempts=6):
        yield


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("a long label for a key", lambda entry: entry | {"label": entry["label"][:12]}, '"a long label"'),
        (
            unicodedata.normalize("NFD", UMLAUT),
            lambda entry: entry | {"label": unicodedata.normalize("NFC", entry["label"])},
            f'"{UMLAUT}"',
        ),
        ("New", lambda entry: entry | {"label": entry["label"].lower()}, '"new"'),
        ("New", lambda entry: entry | {"value": entry["value"][:20]}, "another value than the key"),
        ("New", lambda entry: entry | {"value": entry["value"] + "\n"}, "another value than the key"),
    ],
    ids=["label cut", "label composed", "label in small letters", "value cut", "value with a line's end"],
)
def test_a_field_that_comes_out_as_another_is_taken_out_again_and_named(
    name: str, change: Callable[[Json], Json], words: str, estate: Estate
) -> None:
    """Else the next run would find none of that name, and add one more."""
    estate.onepassword.alters = change
    before = theirs(estate, name)

    with pytest.raises(UnexpectedAnswerError) as caught:
        PROVIDER.create(field(field=name))

    assert_names(caught.value, f"1Password field {VAULT}/{ITEM}/{name} ", words, "taken out again")
    assert NO_KEY[:20] not in str(caught.value)
    assert theirs(estate, name) == before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda entry: entry | {"type": "STRING"}, "of type STRING instead of CONCEALED now"),
        (lambda entry: entry | {"section": {"id": "theirs"}}, 'in section "theirs" instead of "" now'),
    ],
    ids=["type", "section"],
)
def test_a_field_of_another_type_or_section_is_taken_and_said(
    change: Callable[[Json], Json], words: str, estate: Estate, caplog: pytest.LogCaptureFixture
) -> None:
    """The key is in it all the same."""
    estate.onepassword.item(VAULT, ITEM).current["sections"].append({"id": "theirs", "label": "Theirs"})
    estate.onepassword.alters = change

    outs = outs_of(PROVIDER.create(field(field="new")))

    assert held(estate, "new")[0]["value"] == NO_KEY
    assert outs["field_id"] == held(estate, "new")[0]["id"]
    assert [record.getMessage() for record in caplog.records] == [
        f"1Password field {VAULT}/{ITEM}/new: since it was written, it is {words}"
        + (", so the key can be read over a shoulder" if "STRING" in words else "")
    ]


def test_the_section_that_the_vendor_puts_a_field_into_is_none(
    estate: Estate, caplog: pytest.LogCaptureFixture
) -> None:
    """So the vendor's programs print a field outside any."""
    estate.onepassword.item(VAULT, ITEM).current["sections"].append({"id": "add more"})
    estate.onepassword.alters = lambda entry: entry | {"section": {"id": "add more"}}

    PROVIDER.create(field(field="new"))

    assert caplog.records == []


def test_a_value_that_a_server_changes_is_told_from_one_that_is_late(
    estate: Estate, access: ItemAccess, ref: ItemRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a field that is there."""
    estate.onepassword.set_field(VAULT, ITEM, FIELD, ANOTHER_KEY)
    before = theirs(estate)
    store = estate.onepassword.store

    def cut(item: Any, changed: Json) -> Json:
        for entry in changed["fields"]:
            if entry.get("value") == NO_KEY:
                entry["value"] = NO_KEY[:10]
        return store(item, changed)

    monkeypatch.setattr(estate.onepassword, "store", cut)

    with pytest.raises(UnexpectedAnswerError, match="shows another value than the key; look at the field"):
        PROVIDER.create(field())
    assert theirs(estate) == before


def test_what_a_write_of_the_whole_item_loses_is_named(
    backend: Backend,
    estate: Estate,
    access: ItemAccess,
    ref: ItemRef,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By its label, at once: the item's history has it. Connect writes one field."""
    estate.onepassword.set_field(VAULT, ITEM, FIELD, ANOTHER_KEY)
    estate.onepassword.set_field(VAULT, ITEM, "theirs", FOREIGN)
    store = estate.onepassword.store

    def lose(item: Any, changed: Json) -> Json:
        changed["fields"] = [entry for entry in changed["fields"] if entry["label"] != "theirs"]
        return store(item, changed)

    monkeypatch.setattr(estate.onepassword, "store", lose)

    access.set_value(ref, held(estate)[0]["id"], NO_KEY)

    messages = [record.getMessage() for record in caplog.records]
    if backend is CONNECT:
        assert messages == []
    else:
        [message] = messages
        assert_names(message, backend.via, f"item {ITEM} ", "theirs", "history")
        assert FOREIGN not in message
    assert everything(estate)
