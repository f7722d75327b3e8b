"""
One read of an item for all who look at it, and one write for all who come meanwhile.
"""

from __future__ import annotations

import gc
import json
import threading
from collections.abc import Callable
from functools import partial

import httpx
import pytest

from tests.dynamic.wanted import NO_KEY
from tests.estate import Estate
from tests.http.clock import SetClock
from tests.onepassword.connecting import REF, item_with, told_client
from tests.onepassword.fields import others
from tests.world import ITEM, VAULT, World
from zot_ci.http import once
from zot_ci.http.errors import NotFoundError, PermissionMissingError, ReconcileError
from zot_ci.onepassword.access import onepassword
from zot_ci.onepassword.item import Field, ItemAccess, ItemRef

PATIENCE_SECONDS = 60


def in_threads(*works: Callable[[], object]) -> list[object]:
    """Do all of it at once; return what came of each, an error as itself."""
    results: list[object] = [None] * len(works)
    ready = threading.Barrier(len(works))

    def do(number: int) -> None:
        ready.wait(PATIENCE_SECONDS)
        try:
            results[number] = works[number]()
        except ReconcileError as exc:
            results[number] = exc

    threads = [threading.Thread(target=do, args=(number,)) for number in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    return results


@pytest.mark.embedded
def test_an_item_is_read_once_for_all_of_its_fields(access: ItemAccess, ref: ItemRef, estate: Estate) -> None:
    """By each backend; so is the question where it is."""
    estate.log.clear()
    access.read(access.locate(VAULT, ITEM))
    by_one = len(estate.log)
    estate.log.clear()

    seen = in_threads(*[lambda: access.seen_item(access.seen_ref(VAULT, ITEM))] * 4)

    assert access.seen_item(access.seen_ref(VAULT, ITEM)) == seen[0]
    assert len(estate.log) == by_one


@pytest.mark.embedded
def test_values_of_others_do_not_stay_in_memory(access: ItemAccess, ref: ItemRef, estate: Estate) -> None:
    """They are somebody else's secrets; that a field holds something is all that is asked of it."""
    estate.onepassword.set_field(VAULT, ITEM, "zot-ci-api", f" {NO_KEY}\n")

    item = access.seen_item(ref)

    assert [field.label for field in item.fields if field.value] == ["zot-ci-api"]
    other, empty = item.named("other"), item.named("empty")
    assert other is not None
    assert empty is not None
    assert (other.holds_something_else, empty.holds_something_else) == (True, False)
    gc.collect()
    held = [thing for thing in gc.get_objects() if isinstance(thing, Field)]
    assert [one.value for one in held if one.value and NO_KEY not in one.value] == []


@pytest.mark.embedded
def test_a_write_is_seen_by_who_looks_later(access: ItemAccess, ref: ItemRef) -> None:
    """And the values of others are as hidden as before."""
    field = access.seen_item(ref).named("zot-ci-api")
    assert field is not None

    access.set_value(ref, field.id, NO_KEY)
    added = access.add_field(ref, "another", NO_KEY)
    seen = access.seen_item(ref)
    assert [one.value for one in seen.fields if one.value] == [NO_KEY, NO_KEY]
    assert seen.named("another") == seen.by_id(added)

    access.remove_field(ref, added)
    assert access.seen_item(ref).named("another") is None


@pytest.mark.embedded
def test_a_write_that_fails_leaves_nothing_known(access: ItemAccess, ref: ItemRef, estate: Estate) -> None:
    """What the item holds then is asked for."""
    access.seen_item(ref)
    estate.onepassword.set_field(VAULT, ITEM, "zot-ci-api", NO_KEY)

    with pytest.raises(ReconcileError):
        access.set_value(ref, "n" * 26, NO_KEY)

    field = access.seen_item(ref).named("zot-ci-api")
    assert field is not None
    assert field.value == NO_KEY


@pytest.mark.embedded
def test_an_item_is_read_again_after_a_minute(
    access: ItemAccess, ref: ItemRef, estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run can wait an hour for a canary; what was read before is no ground to overwrite a field."""
    clock = SetClock(monkeypatch, once)
    access.seen_item(ref)
    estate.onepassword.set_field(VAULT, ITEM, "zot-ci-api", NO_KEY)

    def seen() -> str | None:
        field = access.seen_item(ref).named("zot-ci-api")
        assert field is not None
        return field.value

    clock.now += 59
    assert seen() != NO_KEY
    clock.now += 1
    assert seen() == NO_KEY


@pytest.mark.embedded
def test_fields_that_are_written_at_once_all_arrive(access: ItemAccess, ref: ItemRef, estate: Estate) -> None:
    """One of them is not there: it alone fails."""
    keys = [f"zak_{number:032x}" for number in range(8)]
    fields = [access.add_field(ref, f"field-{number}", NO_KEY) for number in range(4)]
    works: list[Callable[[], object]] = [
        partial(access.set_value, ref, id_, key) for id_, key in zip(fields, keys, strict=False)
    ]
    works += [partial(access.add_field, ref, f"field-{number}", keys[number]) for number in range(4, 8)]
    works += [partial(access.set_value, ref, "n" * 26, NO_KEY)]

    results = in_threads(*works)

    found = [estate.onepassword.field(VAULT, ITEM, f"field-{number}") for number in range(8)]
    assert found == keys
    assert [number for number, result in enumerate(results) if isinstance(result, Exception)] == [8]


class Connected:
    """A Connect server whose first write waits until others have come."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, refused: str = "") -> None:
        self.values: dict[str, str] = {}
        self.patches: list[list[str]] = []
        self.refused = refused
        self.began, self.may_end = threading.Event(), threading.Event()
        _, self.connect = told_client(monkeypatch, self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.method == "PATCH":
            changes = json.loads(request.content)
            self.patches.append([change["path"].split("/")[2] for change in changes])
            self.began.set()
            assert self.may_end.wait(PATIENCE_SECONDS)
            if any(self.refused in change["path"] for change in changes if self.refused):
                return httpx.Response(403, json={"status": 403, "message": "refused"})
            self.values |= {change["path"].split("/")[2]: change["value"] for change in changes}
        fields = [{"id": id_, "label": id_, "value": value} for id_, value in self.values.items()]
        return httpx.Response(200, json=item_with(*fields))

    def write(self, *names: str) -> list[object]:
        """Set all of these fields, the first one a little before the others."""
        results: dict[str, object] = {}

        def set_value(name: str) -> None:
            try:
                self.connect.set_value(REF, name, NO_KEY)
            except ReconcileError as exc:
                results[name] = exc

        threads = [threading.Thread(target=set_value, args=(name,)) for name in names]
        threads[0].start()
        assert self.began.wait(PATIENCE_SECONDS)
        for thread in threads[1:]:
            thread.start()
        queue = self.connect._queue
        deadline = threading.Event()
        while sum(map(len, queue._lanes.values())) < len(names) - 1:
            deadline.wait(0.001)
        self.may_end.set()
        for thread in threads:
            thread.join(PATIENCE_SECONDS)
        return [results.get(name) for name in names]


def test_who_comes_while_a_write_is_under_way_goes_into_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four fields by two requests."""
    server = Connected(monkeypatch)

    assert server.write("a", "b", "c", "d") == [None] * 4

    assert [sorted(patch) for patch in server.patches] == [["a"], ["b", "c", "d"]]


def test_a_refused_write_of_several_is_tried_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server does not say which of them it refuses, and has done none of them."""
    server = Connected(monkeypatch, refused="c")

    results = server.write("a", "b", "c", "d")

    assert [type(result) for result in results] == [type(None), type(None), PermissionMissingError, type(None)]
    assert server.values == dict.fromkeys("abd", NO_KEY)


@pytest.mark.embedded
def test_a_name_that_is_not_there_is_asked_for_again(signed_in: World) -> None:
    """Another resource of the same run can make the item."""
    access = onepassword()
    with pytest.raises(NotFoundError):
        access.seen_ref(VAULT, "to be made")
    made = signed_in.estate.onepassword.add_item(VAULT, "to be made")

    assert access.seen_ref(VAULT, "to be made").item == made.id
    assert others(signed_in)
