"""
What became of each mutant, kept so that a run goes on where the one before it ended; and those that are known to change
nothing.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_EQUIVALENT = ROOT / "tests/mutants.toml"


@dataclass(frozen=True)
class Tried:
    """
    A mutant that was tried: where, what was changed, and what became of it, in the words of `Verdict`; of which *code*,
    by which *tests*, both by their digest.
    """

    file: str
    line: int
    was: str
    becomes: str
    verdict: str
    code: str
    tests: str

    @property
    def is_killed(self) -> bool:
        """
        Whether somebody would have noticed.
        """
        return self.verdict in ("killed", "timed out")


@dataclass(frozen=True)
class Equivalent:
    """
    A mutant that no test can kill, and why: a line of tests/mutants.toml.
    """

    file: str
    was: str
    becomes: str
    why: str


def equivalents(path: Path = _EQUIVALENT) -> list[Equivalent]:
    """
    Return those of tests/mutants.toml.
    """
    return [Equivalent(**entry) for entry in tomllib.loads(path.read_text(encoding="utf-8")).get("equivalent", [])]


class Book:
    """
    The mutants that were tried of this code.

    Args:
        path: where they are kept, a line each.
        code, tests: the digests of both.
    """

    def __init__(self, path: Path, code: str, tests: str) -> None:
        self._path, self._tests = path, tests
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        found = [Tried(**json.loads(line)) for line in lines]
        self._known = {_key(one.file, one.line, one.becomes): one for one in found if one.code == code}

    def known(self, file: str, line: int, becomes: str) -> Tried | None:
        """
        Return what became of a mutant, if it need not be tried again: a survivor is, once there are other tests.
        """
        found = self._known.get(_key(file, line, becomes))
        return found if found and (found.is_killed or found.tests == self._tests) else None

    def add(self, tried: Tried) -> None:
        """
        Keep one.
        """
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(vars(tried), ensure_ascii=False) + "\n")


def _key(file: str, line: int, becomes: str) -> tuple[str, int, str]:
    return file, line, becomes


def unexplained(tried: Iterable[Tried], known: Iterable[Equivalent]) -> list[Tried]:
    """
    Return the survivors that are not known to be equivalent.
    """
    explained = {(one.file, one.was, one.becomes) for one in known}
    return [one for one in tried if not one.is_killed and (one.file, one.was, one.becomes) not in explained]


def figures(tried: Iterable[Tried], known: Iterable[Equivalent]) -> dict[str, tuple[int, int]]:
    """
    Return, by the folder or file of `components/`, how many were tried and killed, without those that are known to be
    equivalent.
    """
    tried = list(tried)
    left = unexplained(tried, known)
    counted: dict[str, tuple[int, int]] = {}
    for one in sorted([*left, *(one for one in tried if one.is_killed)], key=lambda one: one.file):
        room = one.file.removeprefix("components/").partition("/")[0]
        before = counted.get(room, (0, 0))
        counted[room] = (before[0] + 1, before[1] + one.is_killed)
    return counted
