"""
The choice of cases: the same each time for one seed, another one for another, and nothing left out that a choice can
have.
"""

from __future__ import annotations

import os
from itertools import product

import pytest
from hypothesis import settings

from tests import choice
from tests.choice import covering, seed, some
from tests.commands import test_commands
from tests.engine import test_bad_input, test_drift, test_faults, test_privileges
from tests.parts import test_parts

CASES = list(product("abcdef", "uvwxyz", [1, 2, 3]))


def test_each_feature_is_chosen_and_then_each_pair() -> None:
    """Six letters by six others need six cases; their pairs need all 36, and no more."""
    few = covering("few", CASES, lambda case: case, 6)
    pairs = covering("pairs", CASES, lambda case: case[:2], 36)

    assert [{case[at] for case in few} for at in range(3)] == [set("abcdef"), set("uvwxyz"), {1, 2, 3}]
    assert {case[:2] for case in pairs} == set(product("abcdef", "uvwxyz"))


def test_what_so_few_cases_cannot_have_is_an_error() -> None:
    """A feature that is new in a matrix is not left out in silence."""
    with pytest.raises(ValueError, match="5 cases of letters leave out"):
        covering("letters", CASES, lambda case: case, 5)


def test_a_seed_chooses_the_same_on_any_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order of the cases; another seed chooses others."""
    monkeypatch.delenv("SEED", raising=False)
    assert seed() == choice.GATE
    chosen = covering("cells", CASES, lambda case: case, 8)
    assert chosen == covering("cells", CASES, lambda case: case, 8)
    assert chosen == sorted(chosen, key=CASES.index)

    monkeypatch.setenv("SEED", "1")
    assert covering("cells", CASES, lambda case: case, 8) != chosen


def test_some_cases_of_a_test_are_tried_or_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under their names, and of each kind at least one."""
    cases = {f"{letter}{number}": (letter, number) for letter in "abc" for number in range(4)}
    monkeypatch.delenv("ALL", raising=False)

    chosen = some("letters", cases, 3, by=lambda name, _: name[0])

    assert sorted(str(one.id)[0] for one in chosen) == ["a", "b", "c"]
    assert all(one.values == cases[str(one.id)] for one in chosen)
    monkeypatch.setenv("ALL", "1")
    assert [one.id for one in some("letters", cases, 3)] == list(cases)


@pytest.mark.parametrize("first", range(0, 40, 10))
def test_any_seed_has_a_choice_of_each_matrix(first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The night draws one, and must not fail for that."""
    monkeypatch.delenv("ALL", raising=False)
    for number in range(first, first + 10):
        monkeypatch.setenv("SEED", str(number))
        assert len(test_faults.points()) == test_faults.POINTS
        assert sum(map(len, test_commands.chosen().values())) == test_commands.CELLS
        assert len(test_parts.chosen()) == test_parts.AWAY + test_parts.GONE
        assert all(make() for make in (test_bad_input.answers_tried, test_drift.drifts, test_privileges.uses))


def test_examples_are_drawn_by_no_chance_but_where_that_is_asked_for() -> None:
    """`make nightly` asks for it."""
    assert settings.default is not None
    assert settings.default.derandomize == (os.environ.get("HYPOTHESIS_PROFILE", "gate") == "gate")
    assert settings.default.database is None
