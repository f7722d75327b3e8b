"""
What is refused before a key is made, by each backend: a field of which it cannot be told that it is the one.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.dynamic.wanted import field, key, next_run, outs_of, writes
from tests.http.between import Between
from tests.messages import assert_names
from tests.onepassword.backends import Backend, enter
from tests.onepassword.fields import FOREIGN, PROVIDER
from tests.onepassword.foreign import LOOKALIKES
from tests.world import FIELD, GROUP, ITEM, VAULT, World
from zot_ci.dynamic.run import RUN
from zot_ci.dynamic.seen import SEEN
from zot_ci.first_look import first_looks
from zot_ci.http.errors import AmbiguousError
from zot_ci.settings.model import load
from zot_ci.settings.place import Place
from zot_ci.zot.api_key import ApiKeyProvider
from zot_ci.zot.known_alive import ask
from zot_ci.zot.order import candidates

pytestmark = pytest.mark.embedded

STORE = Place.field(VAULT, ITEM, FIELD)


@pytest.fixture
def ready(backend: Backend, signed_in: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """An account that could log in, with 1Password reached by that backend."""
    for name in ("OP_CONNECT_HOST", "OP_CONNECT_TOKEN"):
        monkeypatch.delenv(name)
    enter(monkeypatch, backend, signed_in.estate, tmp_path)
    signed_in.make_account(GROUP)
    return signed_in


def spoil(world: World, how: str, label: str = FIELD) -> None:
    """Make it unclear which field is meant by *label*."""
    vaults = world.estate.onepassword
    match how:
        case "looks alike":
            vaults.set_field(VAULT, ITEM, label.upper(), world.key_made_by_hand())
        case "no id":
            vaults.add_raw(VAULT, ITEM, {"type": "CONCEALED", "label": label, "value": ""})
        case _:
            vaults.set_field(VAULT, ITEM, label, world.key_made_by_hand())
            id_ = vaults.item(VAULT, ITEM).labelled(label)[0]["id"]
            entry = {"id": id_, "type": "CONCEALED", "label": "theirs", "value": FOREIGN}
            vaults.add_raw(VAULT, ITEM, entry, first=True)


HOWS = ["looks alike", "no id", "shared id"]


@pytest.mark.parametrize("copy", [False, True], ids=["store", "copy"])
@pytest.mark.parametrize("how", HOWS)
def test_no_key_is_made_for_a_field_that_is_not_clear(how: str, copy: bool, ready: World) -> None:
    """Neither for the store of record nor for a copy, and not with a live key of the state either."""
    live = ready.key_made_by_hand()
    label = "a-copy" if copy else FIELD
    spoil(ready, how, label)
    SEEN.named_fields = ((ready.username, STORE), (ready.username, Place.field(VAULT, ITEM, label)))
    SEEN.live_keys["key", ready.zot_url, ready.username] = live
    before = json.dumps(ready.estate.onepassword.item(VAULT, ITEM).current)
    ready.estate.log.clear()

    with pytest.raises(AmbiguousError, match=label):
        ApiKeyProvider().create(key(ready))

    assert [call for call in writes(ready) if "/direct" not in call] == []
    assert json.dumps(ready.estate.onepassword.item(VAULT, ITEM).current) == before


@pytest.mark.parametrize("how", HOWS)
def test_a_check_and_the_first_preview_say_it(how: str, ready: World) -> None:
    """As a fault of the field, beside all others; nothing is changed."""
    spoil(ready, how)
    config = {name: json.dumps(value) for name, value in ready.config().items()}

    found = {one.what: one for one in first_looks(load(config), "test")}

    [fault] = found[f"1Password field {VAULT}/{ITEM}/{FIELD}"].faults
    assert_names(fault, f"item {ITEM} has ", FIELD)


def test_a_field_that_the_state_knows_may_be_called_otherwise(ready: World) -> None:
    """Somebody has written its label in capital letters since: the id leads there, and rotation goes on."""
    made = outs_of(PROVIDER.create(field()))
    ready.estate.onepassword.item(VAULT, ITEM).labelled(FIELD)[0]["label"] = FIELD.upper()
    next_run(ready)
    PROVIDER.read("id", made)

    outs = outs_of(ApiKeyProvider().create(key(ready)))

    assert ready.accepts(outs["api_key"])


def test_a_field_that_the_state_knows_and_that_comes_to_share_its_id_is_still_refused(ready: World) -> None:
    """By the id that the state has, since no name leads there any more."""
    vaults = ready.estate.onepassword
    made = outs_of(PROVIDER.create(field()))
    vaults.item(VAULT, ITEM).labelled(FIELD)[0]["label"] = "called otherwise"
    entry = {"id": made["field_id"], "type": "CONCEALED", "label": "theirs", "value": FOREIGN}
    vaults.add_raw(VAULT, ITEM, entry, first=True)
    next_run(ready)
    PROVIDER.read("id", made)

    with pytest.raises(AmbiguousError, match="2 fields of one id"):
        ApiKeyProvider().create(key(ready))

    assert [call for call in writes(ready) if "/direct" not in call] == []


@pytest.mark.parametrize("value", [FOREIGN, "ZAK_" + 32 * "0"], ids=["theirs", "nearly a key"])
@pytest.mark.parametrize("how", [None, "capital letters", "a space at the end"])
def test_nothing_but_a_key_s_form_is_sent_to_a_registry(value: str, how: str | None, ready: World) -> None:
    """Whatever a field or a state holds, and however the field is called."""
    label = LOOKALIKES[how][0] if how else FIELD
    ready.estate.onepassword.set_field(VAULT, ITEM, label, value)
    SEEN.live_keys["key", ready.zot_url, ready.username] = value
    between = Between(ready.estate.zot)
    wanted = ApiKeyProvider().asked(key(ready, field=label.strip() if how else FIELD))

    try:
        found = list(candidates(wanted))
    except AmbiguousError:
        found = []
    first_looks(load({name: json.dumps(setting) for name, setting in ready.config().items()}), "test")

    assert found == []
    assert [heard.call for heard in between.heard if heard.authorization] == []


def test_a_value_of_the_state_that_is_no_key_is_not_asked_about(signed_in: World) -> None:
    """On its way to the places."""
    between = Between(signed_in.estate.zot)

    ask(signed_in.zot_url, signed_in.username, FOREIGN, "a-uuid")

    assert between.heard == []
    assert RUN.key_is_alive("a-uuid") is None
