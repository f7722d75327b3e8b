"""
What one process remembers of the things that it looked at.
"""

from __future__ import annotations

import pytest

from zot_ci.dynamic.seen import Seen

THING = ("account", "zot-ci")


def test_nobody_has_looked_at_a_thing_before_the_first_look() -> None:
    assert Seen().is_as_wanted(THING) is None


@pytest.mark.parametrize(
    ("looks", "expected"),
    [([False], False), ([True], True), ([False, True], True), ([True, False], True)],
)
def test_a_thing_is_as_wanted_if_one_look_found_it_so(looks: list[bool], expected: bool) -> None:
    seen = Seen()

    firsts = [seen.note_look(THING, as_wanted=look) for look in looks]

    assert firsts == [True, *(False for _ in looks[1:])]
    assert seen.is_as_wanted(THING) is expected


def test_a_look_alone_does_not_find_a_thing_as_wanted() -> None:
    seen = Seen()
    seen.note_look(THING)
    assert seen.is_as_wanted(THING) is False
