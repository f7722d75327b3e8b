"""
Which fast test runs which line, how long it takes, and so which tests a mutant is shown to.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Generator, Sequence
from functools import cache
from pathlib import Path

import coverage
import pytest

from tests.mutants.changes import ROOT, Mutant

FOLDER = ROOT / ".mutants"
_DATA, _SECONDS = FOLDER / "coverage", FOLDER / "seconds.json"
# The same in every run of a test: what a day or a draw chooses could be another test for another mutant.
SETTLED = ("-q", "-n", "0", "-p", "no:cacheprovider", "--hypothesis-seed", "22", "-m", "not engine")
# They only make instances of the resources' classes.
_OF_THE_PROGRAM = ("tests/test_program.py::", "tests/test_registry_credential.py::", "tests/test_failed_places.py::")


class _Contexts:
    """
    Tells coverage which test runs, and keeps how long it took.
    """

    def __init__(self, measured: coverage.Coverage) -> None:
        self._measured = measured
        self.seconds: dict[str, float] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self._measured.switch_context(item.nodeid)
        try:
            return (yield)
        finally:
            self._measured.switch_context("")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration


def measure(tests: Sequence[str]) -> int:
    """
    Run *tests*, all fast ones if none are named, and keep what each of them runs beside what is known of others. Return
    pytest's exit code: 0 if all of them passed.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    measured = coverage.Coverage(data_file=str(_DATA), source=[str(ROOT / "components")], config_file=False)
    if tests and _DATA.exists():
        measured.load()
    contexts = _Contexts(measured)
    measured.start()
    code = pytest.main([*SETTLED, *(tests or ["tests"])], plugins=[contexts])
    measured.stop()
    measured.save()
    known = json.loads(_SECONDS.read_text()) if tests and _SECONDS.exists() else {}
    _SECONDS.write_text(json.dumps(known | contexts.seconds))
    return int(code)


def is_measured() -> bool:
    """
    Whether there is anything to choose tests by.
    """
    return _DATA.exists() and _SECONDS.exists()


class Covering:
    """
    What `measure` has kept.
    """

    def __init__(self) -> None:
        data = coverage.CoverageData(basename=str(_DATA))
        data.read()
        self._data = data
        seconds: dict[str, float] = json.loads(_SECONDS.read_text())
        # pytest would end with an error for a test that has another name by now, and every mutant would seem to die.
        self._seconds = {test: took for test, took in seconds.items() if _is_there(test)}

    def tests(self, mutant: Mutant) -> list[str]:
        """
        Return the tests that run the statement of that mutant, the quickest first. What runs when the module is loaded
        is shown to every test that runs anything of the file. What only runs in a process that a test starts is not
        measured, nor is a class that a test only has an instance made of: the tests of the module's own folder and of
        the program are shown everything.
        """
        by_line = self._data.contexts_by_lineno(str(ROOT / mutant.file))
        lines = _statement((ROOT / mutant.file).read_text(encoding="utf-8"), mutant.line)
        found = {test for line in lines for test in by_line.get(line, [])}
        if "" in found or not found:
            found |= {test for tests in by_line.values() for test in tests}
        room = mutant.file.removeprefix("components/").rpartition("/")[0]
        shown = (*_OF_THE_PROGRAM, f"tests/{room}/") if room else _OF_THE_PROGRAM
        found |= {test for test in self._seconds if test.startswith(shown)}
        return sorted(found & self._seconds.keys(), key=lambda test: (self._seconds.get(test, 0.0), test))

    def seconds(self, tests: Sequence[str]) -> float:
        """
        Return how long they took.
        """
        return sum(self._seconds.get(test, 0.0) for test in tests)


def _is_there(test: str) -> bool:
    """
    Whether the tests still have that one.
    """
    file, _, name = test.partition("::")
    return f"def {name.partition('[')[0].rpartition('::')[2]}(" in _text(ROOT / file)


@cache
def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _statement(text: str, line: int) -> range:
    """
    Return the lines of the statement around *line*, without the statements in it: of an `if` its condition.
    """
    around = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.stmt)]
    holding = [node for node in around if node.lineno <= line <= (node.end_lineno or node.lineno)]
    innermost = max(holding, key=lambda node: node.lineno)
    body = getattr(innermost, "body", None)
    end = body[0].lineno - 1 if body and body[0].lineno > innermost.lineno else innermost.end_lineno
    return range(innermost.lineno, max(end or line, line) + 1)
