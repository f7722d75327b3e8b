"""
Which cases of the long tests a run tries.

`make test` tries the same ones each day: `GATE` chooses them, so that each state, each fault, each part and each
command is tried at least once, and each pair of them as far as the time goes. `make nightly` draws another SEED each
time and says which. `ALL=1` leaves out no case of the tests that take `some`.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from itertools import chain, combinations
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from _pytest.mark.structures import ParameterSet

# Any number would do; another one is another choice, as good.
GATE = 22

_Case = TypeVar("_Case")


def seed() -> int:
    """
    Return what chooses: SEED of the environment, else the gate's.
    """
    return int(os.environ.get("SEED") or GATE)


def tries_all() -> bool:
    """
    Whether the environment asks for every case of the tests that take `some`.
    """
    return bool(os.environ.get("ALL"))


def drawn(what: str) -> random.Random:
    """
    Return the source of what is drawn for one test, by its name: the same whatever other tests run.
    """
    return random.Random(f"{seed()} {what}")  # noqa: S311  # a choice that can be repeated, no secret


def covering(
    what: str, cases: Sequence[_Case], features: Callable[[_Case], Iterable[Hashable]], count: int
) -> list[_Case]:
    """
    Return *count* of the cases, in their own order: each feature that any of them has is in at least one, and as many
    pairs of features as can be.

    Args:
        what: names the test, for `drawn`.

    Raises:
        ValueError: so few cannot have every feature.
    """
    rest = list(range(len(cases)))
    drawn(what).shuffle(rest)
    has = [frozenset(features(case)) for case in cases]
    missing = frozenset[Hashable]().union(*has)
    often = Counter(chain.from_iterable(has))
    met: set[frozenset[Hashable]] = set()
    chosen: list[int] = []

    def gain(at: int) -> tuple[int, int]:
        return len(has[at] & missing), len(_pairs(has[at]) - met)

    while rest and len(chosen) < count:
        # What the fewest cases have comes first: a case that has more of the others can be found later.
        rarest = min(missing, key=lambda feature: (often[feature], str(feature)), default=None)
        at = max((at for at in rest if rarest is None or rarest in has[at]), key=gain)
        rest.remove(at)
        chosen.append(at)
        missing -= has[at]
        met |= _pairs(has[at])
    if missing:
        msg = f"{count} cases of {what} leave out {sorted(map(str, missing))}"
        raise ValueError(msg)
    return [cases[at] for at in sorted(chosen)]


def some(
    what: str,
    cases: Mapping[str, _Case],
    count: int,
    by: Callable[[str, _Case], Iterable[Hashable]] = lambda *_: (),
) -> list[ParameterSet]:
    """
    Return *count* of a test's cases for `parametrize`, or all of them with `ALL=1`.

    Args:
        cases: by the name that each has in the test's id.
        by: the features of a case, for `covering`.
    """
    # Here and not above: the embedded systems draw by this module too, and run without it.
    import pytest

    names = list(cases)
    if len(names) > count and not tries_all():
        names = covering(what, names, lambda name: by(name, cases[name]), count)
    values = [(name, cases[name]) for name in names]
    return [pytest.param(*(case if isinstance(case, tuple) else (case,)), id=name) for name, case in values]


def _pairs(features: frozenset[Hashable]) -> set[frozenset[Hashable]]:
    return {frozenset(pair) for pair in combinations(features, 2)}
