"""
1Password Connect, over HTTP against the embedded server: finding and reading; and answers that it would not give.
"""

from __future__ import annotations

import httpx
import pytest

from tests.http.told import SECRET, URL, Answer, broken, html, said
from tests.messages import assert_names
from tests.onepassword.connecting import REF, item_with, located, told_client
from tests.world import FIELD, ITEM, VAULT, World
from zot_ci.http.errors import (
    AmbiguousError,
    CredentialMissingError,
    InterceptedError,
    NotFoundError,
    PermissionMissingError,
    ReconcileError,
    SignInRefusedError,
    UnexpectedAnswerError,
    UnreachableError,
)
from zot_ci.onepassword.access import onepassword
from zot_ci.onepassword.connect import Connect
from zot_ci.onepassword.item import Field, Item, ItemRef


@pytest.mark.embedded
def test_an_item_is_located_by_names_with_two_requests(signed_in: World) -> None:
    """What comes back are ids, which survive a renaming."""
    _, ref = located(signed_in)

    held = signed_in.estate.onepassword
    assert ref == ItemRef(held.vault(VAULT).id, held.item(VAULT, ITEM).id)
    assert [call.query_keys for call in signed_in.estate.log] == [("filter",), ("filter",)]


@pytest.mark.embedded
def test_an_item_is_located_by_ids(signed_in: World) -> None:
    """A reader may copy them from the item's address."""
    held = signed_in.estate.onepassword
    ids = held.vault(VAULT).id, held.item(VAULT, ITEM).id

    assert onepassword().locate(*ids) == ItemRef(*ids)


@pytest.mark.embedded
@pytest.mark.parametrize("title", ['say "hello"', "back\\slash", 'a" or title pr "', "ünïcode & more=less"])
def test_a_title_may_hold_any_letters(title: str, signed_in: World) -> None:
    """They are quoted in the filter."""
    made = signed_in.estate.onepassword.add_item(VAULT, title)

    assert onepassword().locate(VAULT, title).item == made.id


@pytest.mark.embedded
def test_what_is_not_there_is_named(signed_in: World) -> None:
    """With what to do; none is ever made."""
    with pytest.raises(NotFoundError) as no_vault:
        onepassword().locate("nowhere", ITEM)
    with pytest.raises(NotFoundError) as no_item:
        onepassword().locate(VAULT, "nothing")
    assert_names(no_vault.value, "1Password Connect GET /v1/vaults ", "no vault nowhere", "OP_CONNECT_TOKEN")
    assert_names(no_item.value, "1Password Connect GET ", "/items ", f"no item nothing in {VAULT}", "OP_CONNECT_TOKEN")


@pytest.mark.embedded
def test_two_of_one_name_are_an_error(signed_in: World) -> None:
    """Choosing would be a guess; an id still says which."""
    second = signed_in.estate.onepassword.add_item(VAULT, ITEM)

    with pytest.raises(AmbiguousError, match=rf"2 times item {ITEM} in {VAULT}; .*id"):
        onepassword().locate(VAULT, ITEM)
    assert onepassword().locate(VAULT, second.id).item == second.id


def test_a_server_that_ignores_the_filter_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what really has that name counts."""
    others = [{"id": "x" * 26, "name": "Blumeops"}, {"id": REF.vault, "name": VAULT}, {"id": "y" * 26}]
    items = [{"id": REF.item, "title": ITEM}]
    _, connect = told_client(monkeypatch, said(200, json=others), said(200, json=items))

    assert connect.locate(VAULT, ITEM) == REF


@pytest.mark.embedded
@pytest.mark.parametrize(
    ("token", "kind", "words"),
    [
        ("unknown", SignInRefusedError, "401"),
        ("another vault", PermissionMissingError, "OP_CONNECT_TOKEN access to that vault"),
        ("read only", PermissionMissingError, "write access"),
    ],
)
def test_a_refusal_says_what_the_token_lacks(
    token: str, kind: type[ReconcileError], words: str, signed_in: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is written."""
    held = signed_in.estate.onepassword
    access, ref = located(signed_in)
    held.add_vault("another")
    given = {
        "unknown": "no-such-token",
        "another vault": held.add_token(["another"]),
        "read only": held.add_token([VAULT], writes=False),
    }
    monkeypatch.setenv("OP_CONNECT_TOKEN", given[token])

    with pytest.raises(kind) as caught:
        access.add_field(ref, FIELD, "new-value")

    assert_names(caught.value, "1Password Connect ", words)
    assert signed_in.estate.secrets.found_in(str(caught.value)) == []
    assert signed_in.field() is None


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (html(200), InterceptedError, "something in front of it answered"),
        (said(200, json={"fields": []}), UnexpectedAnswerError, "valid id"),
        (said(200, content=f'{{"id": "x", "fields": [{{"id": "{SECRET}'.encode()), UnexpectedAnswerError, "JSON"),
        (said(200, json=item_with({"id": "f", "value": [SECRET]})), UnexpectedAnswerError, "valid fields.0.value"),
        (said(400, json={"message": SECRET}), UnexpectedAnswerError, "older than 1.5"),
        (said(404, json={"status": 404, "message": SECRET}), NotFoundError, "OP_CONNECT_TOKEN has no access"),
        (broken(httpx.ReadTimeout), UnreachableError, "timed out"),
    ],
    ids=["html", "no id", "truncated", "no text", "400", "404", "nobody"],
)
def test_an_answer_that_is_no_item_is_an_error(
    answer: Answer, kind: type[ReconcileError], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An item holds other people's secrets: none of it is in a message."""
    _, connect = told_client(monkeypatch, answer)

    with pytest.raises(kind) as caught:
        connect.read(REF)
    assert_names(caught.value, "1Password Connect GET ", words)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("host", ["", "connect.example.test", "ftp://connect.example.test", SECRET])
def test_a_host_that_is_none_is_refused_and_not_echoed(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The two variables are easily mixed up."""
    monkeypatch.setenv("OP_CONNECT_HOST", host)
    with pytest.raises(CredentialMissingError, match=r"^OP_CONNECT_HOST (.*not set|.*URL)") as caught:
        Connect()
    if host:
        assert host not in str(caught.value)


def test_a_host_may_end_with_a_slash(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many write it so."""
    monkeypatch.setenv("OP_CONNECT_HOST", f"{URL}/")
    assert Connect().api.base_url == URL


def test_a_field_is_named_by_label_or_id() -> None:
    """In whatever section; a name that is one's label and another's id is an error, and so are two of one label."""
    one, two, three = (Field(id=id_, label=label) for id_, label in (("a", "x"), ("x", "b"), ("c", "c")))
    item = Item(id="i", title=ITEM, fields=[one, two, three])

    assert [item.named(name) for name in ("b", "a", "c", "d")] == [two, one, three, None]
    with pytest.raises(AmbiguousError, match=rf"1Password item {ITEM} .*2 fields with the label or the id x;"):
        item.named("x")
    twice = Item(id="i", title=ITEM, fields=[one, Field(id="z", label="x")])
    with pytest.raises(AmbiguousError, match=rf"1Password item {ITEM} .*2 fields.* x;"):
        twice.named("x")


def test_an_item_s_repr_shows_no_values() -> None:
    """It may end in a traceback."""
    item = Item(id="i", title=ITEM, fields=[Field(id="f", label="x", value=SECRET)])

    assert SECRET not in repr(item)
    assert SECRET not in repr(item.fields[0])
