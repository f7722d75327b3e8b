"""
What is read out of a system's JSON, and what is refused: by its place, and with nothing of what stands there.
"""

from __future__ import annotations

import dataclasses
import json
import traceback
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest

from tests.http.told import SECRET
from zot_ci.http.shapes import Instant, SecretText, ShapeError, read_json, shaped


class Part(msgspec.Struct):
    """What a whole has several of."""

    name: str
    number: int = 0
    is_on: bool = False
    made_at: Instant | None = msgspec.field(default=None, name="madeAt")
    secret: SecretText | None = None
    more: dict[str, int] | None = None


@dataclasses.dataclass
class Whole:
    """An answer."""

    results: list[Part]
    title: str = "none"


def read(document: object) -> Whole:
    """The document as an answer, through its text."""
    return shaped(read_json(json.dumps(document)), Whole)


def part(**members: Any) -> Part:
    """A part as it was read."""
    return read({"results": [{"name": "a", **members}]}).results[0]


PLACES: dict[str, tuple[object, str]] = {
    "no object": ([SECRET], ""),
    "null": (None, ""),
    "a text": (SECRET, ""),
    "a part missing": ({SECRET: SECRET}, "results"),
    "a part null": ({"results": None}, "results"),
    "a part of another type": ({"results": SECRET}, "results"),
    "one within": ({"results": [{"name": "a"}, {"name": [SECRET]}]}, "results.1.name"),
    "one missing within": ({"results": [{"name": "a"}, {"title": SECRET}]}, "results.1.name"),
    "null within": ({"results": [{"name": None}]}, "results.0.name"),
    "a number for a text": ({"results": [{"name": 7}]}, "results.0.name"),
    "no number": ({"results": [{"name": "a", "number": SECRET}]}, "results.0.number"),
    "a broken number": ({"results": [{"name": "a", "number": 7.5}]}, "results.0.number"),
    "no truth value": ({"results": [{"name": "a", "is_on": SECRET}]}, "results.0.is_on"),
    "no time": ({"results": [{"name": "a", "madeAt": SECRET}]}, "results.0.madeAt"),
    "a text like the end of msgspec's": (
        {"results": [{"name": "a", "madeAt": f" - at `$.{SECRET}`"}]},
        "results.0.madeAt",
    ),
    "a time without a zone": ({"results": [{"name": "a", "madeAt": "2026-11-24T10:00:00"}]}, "results.0.madeAt"),
    "a time as a number": ({"results": [{"name": "a", "madeAt": 1764374400}]}, "results.0.madeAt"),
    "the word null for a time": ({"results": [{"name": "a", "madeAt": "null"}]}, "results.0.madeAt"),
    "no secret": ({"results": [{"name": "a", "secret": [SECRET]}]}, "results.0.secret"),
    "under a name of theirs": ({"results": [{"name": "a", "more": {SECRET: SECRET}}]}, "results.0.more"),
}


@pytest.mark.parametrize(("document", "place"), PLACES.values(), ids=PLACES.keys())
def test_a_wrong_part_is_named_by_its_path_and_nothing_of_it_is_shown(document: object, place: str) -> None:
    """Also not as a cause or a context, which a debugger would show."""
    with pytest.raises(ShapeError) as caught:
        read(document)

    assert caught.value.place == place
    assert SECRET not in str(caught.value)
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None


BODIES = {
    "nothing": b"",
    "html": f"<p>{SECRET}".encode(),
    "cut off": f'{{"results": [], "title": "{SECRET}'.encode(),
    "more behind it": f'{{"results": []}} {SECRET}'.encode(),
    "no UTF-8": b'{"results": [], "other": "\xff"}',
    "half of a character": b'{"results": [], "other": "\\ud83d"}',
    "no number": b'{"results": [], "other": NaN}',
    "too deep": b'{"results": [], "other": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_what_is_no_json_has_no_place(body: bytes) -> None:
    """Wherever in the body the fault is: also in a part that nobody reads."""
    with pytest.raises(ShapeError) as caught:
        read_json(body)

    assert caught.value.place == ""
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__context__ is None


def test_numbers_and_truth_values_may_be_written_as_text() -> None:
    """And a whole number with a point."""
    assert [part(number=given).number for given in ("7", 7, 7.0, "7.0", 10**30)] == [7, 7, 7, 7, 10**30]
    assert [part(is_on=given).is_on for given in ("true", "1", 1, True, "False", 0)] == [True] * 4 + [False] * 2


def test_a_part_that_is_not_known_is_passed_over() -> None:
    """And one that is missing is as its class says."""
    assert read({"results": [], "other": {"name": 7}}) == Whole([])


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-11-24T10:00:00Z", datetime(2026, 11, 24, 10, tzinfo=UTC)),
        ("2026-11-24 10:00:00+01:30", datetime(2026, 11, 24, 10, tzinfo=timezone(timedelta(minutes=90)))),
        ("2026-11-24T10:00Z", datetime(2026, 11, 24, 10, tzinfo=UTC)),
        ("2026-11-24T10:00:00.123456789Z", datetime(2026, 11, 24, 10, 0, 0, 123456, UTC)),
        ("2026-11-24T10:00:00.9999999Z", datetime(2026, 11, 24, 10, 0, 0, 999999, UTC)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_to_the_microsecond_and_not_rounded(text: str, time: datetime) -> None:
    """Go writes nanoseconds, and states hold times that were cut off: a rounded one would be drift."""
    made_at = part(madeAt=text).made_at

    assert made_at is not None
    assert (made_at, made_at.isoformat()) == (time, time.isoformat())


def test_a_secret_text_is_shown_by_none_of_the_ways_to_print_it() -> None:
    """Nor is it where it stands in something else."""
    holder = part(secret=SECRET)
    secret = holder.secret

    assert secret is not None
    assert (
        SECRET
        not in f"{secret} {secret!r} {[secret]} {holder} {msgspec.structs.asdict(holder)} {vars(Whole([holder]))}"
    )
    assert secret.reveal() == SECRET
