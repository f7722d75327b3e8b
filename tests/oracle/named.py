"""
A check: a function that has a name, keeps one of the nine promises of docs/promises.md, and says what breaks it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import ParamSpec

_Evidence = ParamSpec("_Evidence")

# Every check, by its name: the number of its promise.
CHECKS: dict[str, int] = {}


def check(promise: int) -> Callable[[Callable[_Evidence, Iterable[str]]], Callable[_Evidence, list[str]]]:
    """
    Make a check of a function that yields one sentence for each thing that breaks a *promise*, given by its number.

    The check returns those sentences with its name in front: the name is that of the function, in words.
    """

    def made(function: Callable[_Evidence, Iterable[str]]) -> Callable[_Evidence, list[str]]:
        name = function.__name__.replace("_", " ")
        CHECKS[name] = promise

        @wraps(function)
        def named(*args: _Evidence.args, **kwargs: _Evidence.kwargs) -> list[str]:
            return [f"[{name}] {broken}" for broken in function(*args, **kwargs)]

        return named

    return made


def name_of(finding: str) -> str:
    """
    Return the name of the check that a sentence comes from.
    """
    return finding.partition("]")[0].rpartition("[")[2]
