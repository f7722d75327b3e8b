"""
One suite over the three 1Password backends: whatever one does with an item, the others do.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
import stamina

from tests.estate import Estate
from tests.messages import assert_names
from tests.onepassword.backends import CLI, CONNECT, FIELDS, SERVICE_ACCOUNT, Backend, enter
from tests.world import ITEM, VAULT
from zot_ci.http.errors import (
    AmbiguousError,
    EnvironmentUnfitError,
    NotFoundError,
    PermissionMissingError,
    RateLimitedError,
    ReconcileError,
    ServerError,
    SignInRefusedError,
    UnexpectedAnswerError,
)
from zot_ci.onepassword.access import onepassword
from zot_ci.onepassword.item import ItemAccess, ItemRef

VALUE = "zak_0123456789abcdef0123456789abcdef"


@pytest.fixture(autouse=True)
def _no_waits(no_waits: None) -> Iterator[None]:
    with stamina.set_testing(True, attempts=6):
        yield


def id_of(access: ItemAccess, ref: ItemRef, label: str) -> str:
    field = access.read(ref).named(label)
    assert field is not None
    return field.id


def others(estate: Estate, label: str = "zot-ci-api") -> str:
    return json.dumps(estate.onepassword.other_fields(VAULT, ITEM, label))


def test_the_environment_chooses_it_and_it_says_its_name(backend: Backend, access: ItemAccess) -> None:
    """The name is what the output `onepassword_via` shows."""
    assert access.name == backend.via


def test_an_item_is_found_by_names_and_by_ids(estate: Estate, access: ItemAccess, ref: ItemRef) -> None:
    """And the ids are the same by every backend."""
    assert ref == ItemRef(estate.onepassword.vault(VAULT).id, estate.onepassword.item(VAULT, ITEM).id)
    assert access.locate(ref.vault, ref.item) == ref


def test_a_name_that_looks_like_an_option_is_a_name(estate: Estate, access: ItemAccess) -> None:
    """`op` has options, and a name must not become one."""
    item = estate.onepassword.add_item(VAULT, "--help")

    assert access.locate(VAULT, "--help").item == item.id


@pytest.mark.parametrize(
    ("vault", "item", "named"),
    [("no-vault", ITEM, "vault no-vault"), (VAULT, "no item", "item no item"), (VAULT, "forgejo secrets", "item for")],
    ids=["vault", "item", "other letters"],
)
def test_what_is_not_there_is_named(vault: str, item: str, named: str, access: ItemAccess) -> None:
    """A name is taken as it is written."""
    with pytest.raises(NotFoundError, match=named):
        access.locate(vault, item)


def test_two_items_of_one_title_are_not_chosen_from(estate: Estate, access: ItemAccess) -> None:
    """An id still tells them apart."""
    second = estate.onepassword.add_item(VAULT, ITEM)

    with pytest.raises(AmbiguousError, match="id"):
        access.locate(VAULT, ITEM)
    assert access.locate(VAULT, second.id).item == second.id


def test_an_item_is_read_with_types_and_values(access: ItemAccess, ref: ItemRef) -> None:
    """As it is, an empty value too."""
    item = access.read(ref)

    assert item.title == ITEM
    assert [(field.label, field.value or "", field.type) for field in item.fields] == [one[:3] for one in FIELDS]


def test_a_value_is_set_and_every_other_field_stays_byte_for_byte(
    estate: Estate, access: ItemAccess, ref: ItemRef
) -> None:
    """It can be read when the call returns."""
    before, field_id = others(estate), id_of(access, ref, "zot-ci-api")

    access.set_value(ref, field_id, VALUE)

    assert access.read(ref).named("zot-ci-api", None) is not None
    assert estate.onepassword.field(VAULT, ITEM, "zot-ci-api") == VALUE
    assert id_of(access, ref, "zot-ci-api") == field_id
    assert others(estate) == before


def test_a_field_is_added_concealed_and_removed_again(estate: Estate, access: ItemAccess, ref: ItemRef) -> None:
    """After both, the item is what it was; to remove it once more is no error and no write."""
    before = others(estate, "new")

    field_id = access.add_field(ref, "new", VALUE)

    (added,) = estate.onepassword.item(VAULT, ITEM).labelled("new")
    assert (added["id"], added["type"], added["value"]) == (field_id, "CONCEALED", VALUE)
    assert others(estate, "new") == before
    access.remove_field(ref, field_id)
    version = estate.onepassword.item(VAULT, ITEM).current["version"]
    assert estate.onepassword.item(VAULT, ITEM).labelled("new") == []
    access.remove_field(ref, field_id)
    assert estate.onepassword.item(VAULT, ITEM).current["version"] == version
    assert others(estate, "new") == before


def test_what_somebody_writes_meanwhile_survives(estate: Estate, access: ItemAccess, ref: ItemRef) -> None:
    """Their edit comes between our read and our write."""
    field_id = id_of(access, ref, "zot-ci-api")
    estate.onepassword.meanwhile = lambda: estate.onepassword.set_field(VAULT, ITEM, "other", "theirs, meanwhile")

    access.set_value(ref, field_id, VALUE)

    assert estate.onepassword.field(VAULT, ITEM, "zot-ci-api") == VALUE
    assert estate.onepassword.field(VAULT, ITEM, "other") == "theirs, meanwhile"


def test_a_conflict_is_met_by_another_try(estate: Estate, access: ItemAccess, ref: ItemRef) -> None:
    """Twice refused, then taken."""
    estate.onepassword.refusals = [409, 409]

    access.set_value(ref, id_of(access, ref, "zot-ci-api"), VALUE)

    assert estate.onepassword.refusals == []
    assert estate.onepassword.field(VAULT, ITEM, "zot-ci-api") == VALUE


def test_conflicts_without_end_are_an_error(estate: Estate, access: ItemAccess, ref: ItemRef) -> None:
    """The tries are counted."""
    estate.onepassword.refusals = [409] * 20

    with pytest.raises(UnexpectedAnswerError):
        access.set_value(ref, id_of(access, ref, "zot-ci-api"), VALUE)

    assert len(estate.onepassword.refusals) == 14
    assert estate.onepassword.field(VAULT, ITEM, "zot-ci-api") == "before"


def test_writes_of_several_threads_all_arrive(estate: Estate, access: ItemAccess, ref: ItemRef) -> None:
    """The engine calls from four."""
    labels = ["zot-ci-api", "other", "empty", "site"]
    ids = {label: id_of(access, ref, label) for label in labels}
    threads = [Thread(target=access.set_value, args=(ref, ids[label], f"new {label}")) for label in labels]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [estate.onepassword.field(VAULT, ITEM, label) for label in labels] == [f"new {label}" for label in labels]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (429, RateLimitedError),
        (403, PermissionMissingError),
        (401, SignInRefusedError),
        # Only Connect has a status to tell it by.
        (500, (ServerError, UnexpectedAnswerError)),
    ],
)
def test_a_refused_write_is_one_line_without_a_value(
    status: int,
    kind: type[ReconcileError] | tuple[type[ReconcileError], ...],
    estate: Estate,
    access: ItemAccess,
    ref: ItemRef,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The stand-ins' errors echo the item, values and all."""
    caplog.set_level(logging.DEBUG)
    field_id = id_of(access, ref, "zot-ci-api")
    estate.onepassword.refusals = [status] * 20

    with pytest.raises(kind) as caught:
        access.set_value(ref, field_id, VALUE)

    message = str(caught.value)
    assert message.startswith(access.name)
    assert "\n" not in message
    assert ref.item in message
    shown = message + caplog.text + repr(access) + repr(access.read(ref))
    assert [text for text in (VALUE, *estate.secrets) if text in shown] == []
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_an_item_that_a_backend_cannot_write_is_refused_before_and_when_it_is_written(
    backend: Backend, estate: Estate, access: ItemAccess
) -> None:
    """The SDK writes no item with a field of a type that it does not know; the two others write any."""
    access.refuse_unwritable(VAULT, ITEM)
    estate.onepassword.add_item(VAULT, "with a passkey", [*FIELDS, ("passkey", "of a login", "PASSKEY")])
    ref = access.locate(VAULT, "with a passkey")
    field_id = id_of(access, ref, "zot-ci-api")

    if backend is not SERVICE_ACCOUNT:
        access.refuse_unwritable(VAULT, "with a passkey")
        access.set_value(ref, field_id, VALUE)
        return

    with pytest.raises(EnvironmentUnfitError) as before:
        access.refuse_unwritable(VAULT, "with a passkey")
    with pytest.raises(EnvironmentUnfitError) as writing:
        access.set_value(ref, field_id, VALUE)
    assert_names(before.value, "item with a passkey in blumeops", "no key was made", "take that out", "`op`")
    assert_names(writing.value, "items.put", "the SDK cannot write it", "take that out", "`op`")
    assert VALUE not in str(writing.value)


def test_a_refused_credential_is_said_in_one_line(
    backend: Backend, estate: Estate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever call meets it first."""
    enter(monkeypatch, backend, estate, tmp_path)
    estate.onepassword.tokens.clear()

    with pytest.raises(SignInRefusedError) as caught:
        onepassword().locate(VAULT, ITEM)

    assert_names(caught.value)
    assert estate.secrets.found_in(str(caught.value)) == []


def test_no_value_is_in_an_argument(
    backend: Backend, estate: Estate, access: ItemAccess, ref: ItemRef, tmp_path: Path
) -> None:
    """`op` is given names, ids and options; nothing else runs a program at all."""
    access.set_value(ref, id_of(access, ref, "zot-ci-api"), VALUE)
    access.remove_field(ref, access.add_field(ref, "new", VALUE))

    log = tmp_path / "op-argv"
    assert log.exists() == (backend is CLI)
    if backend is CLI:
        argv = [json.loads(line) for line in log.read_text().splitlines()]
        assert [line[:2] for line in argv].count(["item", "edit"]) == 3
        assert estate.secrets.found_in(str(argv)) == []
        assert VALUE not in str(argv)
        assert all("=" not in word or word.startswith("--") for line in argv for word in line)


def test_connect_alone_never_puts_a_whole_item(
    estate: Estate, access: ItemAccess, backend: Backend, ref: ItemRef
) -> None:
    """Its PUT would drop what the body does not name; nothing ever sends one."""
    access.set_value(ref, id_of(access, ref, "zot-ci-api"), VALUE)

    methods = [call.method for call in estate.log if call.method in ("PATCH", "PUT")]
    assert methods == (["PATCH"] if backend is CONNECT else ["PUT"])
    assert estate.onepassword.puts == 0
