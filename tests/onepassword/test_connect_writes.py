"""
Writing one field of an item through 1Password Connect: by PATCH, one at a time, and over when it can be read.
"""

from __future__ import annotations

import json
import threading

import httpx
import pytest
import stamina

from tests.http.told import SECRET, Answer, broken, said
from tests.messages import assert_names
from tests.onepassword.connecting import REF, item_with, located, told_client
from tests.world import FIELD, ITEM, VAULT, World
from zot_ci.http.errors import (
    AmbiguousError,
    PermissionMissingError,
    ReconcileError,
    UnexpectedAnswerError,
)


@pytest.mark.embedded
def test_one_field_is_changed_by_its_id_and_the_others_are_not(signed_in: World) -> None:
    """A PATCH of one path, never a PUT; over once it can be read."""
    held = signed_in.estate.onepassword
    signed_in.set_field("before")
    others = held.other_fields(VAULT, ITEM, FIELD)
    access, ref = located(signed_in)
    field = access.read(ref).named(FIELD)
    assert field is not None

    access.set_value(ref, field.id, "after")

    assert signed_in.field() == "after"
    assert held.other_fields(VAULT, ITEM, FIELD) == others
    assert held.puts == 0
    again = access.read(ref).by_id(field.id)
    assert again is not None
    assert again.value == "after"


@pytest.mark.embedded
@pytest.mark.parametrize("lag", [0, 1, 3])
def test_a_write_is_over_when_it_can_be_read(lag: int, signed_in: World) -> None:
    """As many reads as it takes."""
    signed_in.set_field("before")
    signed_in.estate.onepassword.lag_reads = lag
    access, ref = located(signed_in)
    field = access.read(ref).named(FIELD)
    assert field is not None
    signed_in.estate.log.clear()

    access.set_value(ref, field.id, "after")

    assert [call.method for call in signed_in.estate.log] == ["PATCH", *["GET"] * (lag + 1)]


@pytest.mark.embedded
def test_a_field_that_has_appeared_since_the_last_look_is_not_added_twice(signed_in: World) -> None:
    """What a killed run added moments ago, a server whose reads lag shows only now."""
    access, ref = located(signed_in)
    access.read(ref)
    signed_in.set_field("of the other run")

    with pytest.raises(AmbiguousError) as caught:
        access.add_field(ref, FIELD, "of this run")

    assert_names(caught.value, f"another field {FIELD}", "none was added", "run again")
    assert signed_in.estate.secrets.found_in(str(caught.value)) == []
    assert [field.value for field in access.read(ref).fields if field.label == FIELD] == ["of the other run"]


@pytest.mark.embedded
def test_a_write_that_never_shows_is_an_error(signed_in: World) -> None:
    """A server whose sync has stopped; the message holds no value."""
    signed_in.set_field("before-the-write")
    signed_in.estate.onepassword.lag_reads = 1000
    access, ref = located(signed_in)
    field = access.read(ref).named(FIELD)
    assert field is not None

    with pytest.raises(UnexpectedAnswerError) as caught:
        access.set_value(ref, field.id, "after-the-write")

    assert_names(caught.value, "does not show a change", "15 s", "sync")
    assert signed_in.estate.secrets.found_in(str(caught.value)) == []


@pytest.mark.usefixtures("slept")
def test_a_write_is_waited_for_some_fifteen_seconds(monkeypatch: pytest.MonkeyPatch, slept: list[float]) -> None:
    """Short waits first, for a server that is quick."""
    stale = said(200, json=item_with({"id": "f", "label": FIELD, "value": "before"}))
    told, connect = told_client(monkeypatch, said(200, json=item_with()), stale)

    with stamina.set_testing(False), pytest.raises(UnexpectedAnswerError):
        connect.set_value(REF, "f", "after")

    assert slept[0] == 0.05
    assert max(slept) == 0.5
    assert 12 < sum(slept) < 20
    assert told.calls.count(told.calls[0]) == 1


@pytest.mark.embedded
def test_a_field_is_added_concealed_and_outside_any_section(signed_in: World) -> None:
    """Beside the others, which stay."""
    held = signed_in.estate.onepassword
    others = held.other_fields(VAULT, ITEM, FIELD)
    access, ref = located(signed_in)

    field_id = access.add_field(ref, FIELD, "new-value")

    assert held.item(VAULT, ITEM).labelled(FIELD) == [
        {"id": field_id, "type": "CONCEALED", "label": FIELD, "value": "new-value"}
    ]
    assert held.other_fields(VAULT, ITEM, FIELD) == others


@pytest.mark.embedded
def test_a_field_is_removed_and_the_others_are_not(signed_in: World) -> None:
    """Removing it again is no error."""
    held = signed_in.estate.onepassword
    others = held.other_fields(VAULT, ITEM, FIELD)
    access, ref = located(signed_in)
    field_id = access.add_field(ref, FIELD, "new-value")

    access.remove_field(ref, field_id)
    access.remove_field(ref, field_id)

    assert signed_in.field() is None
    assert held.other_fields(VAULT, ITEM, FIELD) == others


@pytest.mark.parametrize("answer", [said(503), said(429), broken(httpx.ReadTimeout)], ids=["503", "429", "no answer"])
def test_a_field_is_added_with_one_request_whatever_comes_back(answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repeat would add a second one of that label."""
    told, connect = told_client(monkeypatch, answer)

    with pytest.raises(ReconcileError):
        connect.add_field(REF, FIELD, SECRET)
    assert [call.split()[0] for call in told.calls] == ["PATCH"]


def test_a_value_may_be_set_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the same state."""
    shown = said(200, json=item_with({"id": "f", "label": FIELD, "value": SECRET}))
    told, connect = told_client(monkeypatch, said(503), said(200, json={}), shown)

    connect.set_value(REF, "f", SECRET)

    assert [call.split()[0] for call in told.calls] == ["PATCH", "PATCH", "GET"]
    assert json.loads(told.asked[0].content) == [{"op": "replace", "path": "/fields/f/value", "value": SECRET}]


def test_a_removal_whose_answer_was_lost_is_over_if_the_field_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server took it, and the connection broke off."""
    told, connect = told_client(monkeypatch, broken(httpx.ReadError), said(200, json=item_with()))

    connect.remove_field(REF, "f")

    assert [call.split()[0] for call in told.calls] == ["PATCH", "GET"]


def test_a_removal_that_was_refused_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The field is still there."""
    shown = said(200, json=item_with({"id": "f", "label": FIELD}))
    _, connect = told_client(monkeypatch, said(403, json={"status": 403, "message": "refused"}), shown)

    with pytest.raises(PermissionMissingError, match="write access"):
        connect.remove_field(REF, "f")


def test_writes_to_one_item_are_sent_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Side by side a server could lose one of them; four threads call a provider."""
    under_way: list[int] = [0, 0]
    another = threading.Event()

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "PATCH":
            under_way[0] += 1
            under_way[1] = max(under_way)
            if under_way[0] > 1:
                another.set()
            another.wait(0.2)
            under_way[0] -= 1
        fields = [{"id": name, "label": name, "value": "after"} for name in ("a", "b")]
        return httpx.Response(200, json=item_with(*fields))

    _, connect = told_client(monkeypatch, answer)
    threads = [threading.Thread(target=connect.set_value, args=(REF, name, "after")) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert under_way == [0, 1]
