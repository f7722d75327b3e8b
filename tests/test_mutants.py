"""
tests/mutants.toml and what is kept of mutants; that the runner works is seen when it runs.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutants.book import Book, Equivalent, Tried, equivalents, figures, unexplained

ROOT = Path(__file__).resolve().parents[1]
FILE = "components/zot/api.py"


def _tried(verdict: str, line: int = 7, code: str = "aaa") -> Tried:
    return Tried(FILE, line, "a == b", "a != b", verdict, code, "ttt")


@pytest.mark.parametrize("one", equivalents(), ids=lambda one: f"{one.file}: {one.becomes}")
def test_an_equivalent_mutant_is_of_a_line_that_is_there(one: Equivalent) -> None:
    """Once the line has changed, the reason is about nothing."""
    lines = [line.strip() for line in (ROOT / one.file).read_text(encoding="utf-8").splitlines()]

    assert one.was in lines
    assert one.becomes != one.was
    assert len(one.why.split()) > 3


def test_a_run_goes_on_where_the_one_before_it_ended(tmp_path: Path) -> None:
    """A survivor is tried again once there are other tests; and all are, of other code."""
    book = Book(tmp_path / "tried", "aaa", "ttt")
    for one in (_tried("killed", 1), _tried("timed out", 2), _tried("survived", 3), _tried("no test runs it", 4)):
        book.add(one)
    book.add(_tried("killed", 3, code="bbb"))

    assert [n for n in range(1, 6) if Book(tmp_path / "tried", "aaa", "ttt").known(FILE, n, "a != b")] == [1, 2, 3, 4]
    again = Book(tmp_path / "tried", "aaa", "uuu")
    assert [line for line in range(1, 6) if again.known(FILE, line, "a != b")] == [1, 2]
    assert again.known(FILE, 1, "a is b") is None
    assert [line for line in range(1, 6) if Book(tmp_path / "tried", "bbb", "ttt").known(FILE, line, "a != b")] == [3]


def test_what_is_explained_is_not_counted_and_everything_else_is() -> None:
    """An untested place is a survivor like any other."""
    known = [Equivalent(FILE, "a == b", "a != b", "neither is ever there")]
    other = Tried(FILE, 9, "x", "y", "no test runs it", "aaa", "ttt")
    elsewhere = Tried("components/rotation.py", 1, "a == b", "a != b", "survived", "aaa", "ttt")
    tried = [_tried("killed"), _tried("timed out"), _tried("survived"), other, elsewhere]

    assert unexplained(tried, known) == [other, elsewhere]
    assert figures(tried, known) == {"rotation.py": (1, 0), "zot": (3, 2)}
