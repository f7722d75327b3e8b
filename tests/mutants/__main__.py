"""
Change one place of the code, run the fast tests that run that place, and see whether one of them fails; then the next
place: `make mutants`.

Prints each mutant that survives, and at the end how many were killed; exit code 1 if one survived that
tests/mutants.toml does not explain. SAMPLE is how many places are drawn (300), SEED draws others, JOBS sets the
processes, and RECORD=1 writes the figures into docs/evidence. A run goes on where the one before it ended, unless
`components/` was changed; those that survived are tried again once the tests were. `python -m tests.mutants measure
[TEST…]` measures anew which test runs which line, of all tests or of those named, as new ones are.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from tests.evidence.digest import digest
from tests.evidence.recorder import Recorder
from tests.mutants.book import Book, Tried, equivalents, figures, unexplained
from tests.mutants.changes import ROOT, Mutant, sample, targets
from tests.mutants.covering import FOLDER, Covering, is_measured, measure
from tests.mutants.trial import Verdict, begin, ended, kill_group, patience, warm_up


def _number(variable: str, otherwise: int) -> int:
    return int(os.environ.get(variable) or otherwise)


def _in_a_process_of_its_own(tests: list[str]) -> int:
    """
    Measure in a process that ends: this one must not import what a mutant changes.
    """
    pid = os.fork()
    if not pid:
        os._exit(measure(tests))
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _trials(mutants: Iterator[Mutant], jobs: int, book: Book) -> Iterator[tuple[Mutant, Verdict]]:
    """
    Try the mutants, so many at once.
    """
    covering = Covering()
    under_way: dict[int, tuple[Mutant, float]] = {}
    output = FOLDER / "output"
    output.mkdir(exist_ok=True)
    waiting, begun = True, 0
    try:
        while waiting or under_way:
            while waiting and len(under_way) < jobs:
                mutant = next(mutants, None)
                if mutant is None:
                    waiting = False
                    break
                known = book.known(mutant.file, mutant.line, mutant.becomes)
                tests = covering.tests(mutant)
                if known or not tests:
                    yield mutant, Verdict(known.verdict) if known else Verdict.UNTESTED
                    continue
                deadline = time.monotonic() + patience(covering.seconds(tests))
                begun += 1
                pid = begin(mutant, tests, output / f"{begun}-{Path(mutant.file).stem}-{mutant.line}.txt")
                under_way[pid] = mutant, deadline
            for pid, (mutant, deadline) in list(under_way.items()):
                verdict = ended(pid, deadline)
                if verdict:
                    del under_way[pid]
                    yield mutant, verdict
            # A trial takes seconds; there is nothing else to wait for than its end.
            time.sleep(0.05)
    finally:
        for pid in under_way:
            kill_group(pid)


def main(arguments: list[str]) -> int:
    """
    Try the sample.
    """
    os.environ.setdefault("DAY", "0")
    # A run that is ended ends its trials, which lead groups of their own.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if arguments[:1] == ["measure"]:
        return _in_a_process_of_its_own(arguments[1:])
    started = time.monotonic()
    size, seed = _number("SAMPLE", 300), _number("SEED", 22)
    if not is_measured():
        print("mutants: running the fast tests once, to learn which of them runs which line", flush=True)
        if _in_a_process_of_its_own([]) != 0:
            print("mutants: a test fails without any mutant: correct that first", file=sys.stderr)
            return 2
    recorder = Recorder("mutants", [], runs_the_engine=False)
    tests = digest(ROOT / "tests")
    book = Book(FOLDER / "tried.jsonl", recorder.code, tests)
    warm_up()
    first = next(sample(targets(), 1, seed))
    same = replace(first, source=(ROOT / first.file).read_text(encoding="utf-8"))
    control = [verdict for _, verdict in _trials(iter([same]), 1, Book(FOLDER / "control.jsonl", "", ""))]
    if control != [Verdict.SURVIVED]:
        print(f"mutants: the code without any change is {control[0].value}: see .mutants/output", file=sys.stderr)
        return 2
    tried: list[Tried] = []
    for mutant, verdict in _trials(sample(targets(), size, seed), _number("JOBS", 1), book):
        one = Tried(mutant.file, mutant.line, mutant.was, mutant.becomes, verdict.value, recorder.code, tests)
        tried.append(one)
        if not book.known(one.file, one.line, one.becomes):
            book.add(one)
        if not one.is_killed:
            print(f"{verdict.value}: {mutant}", flush=True)
    known = equivalents()
    left = unexplained(tried, known)
    killed = sum(one.is_killed for one in tried)
    recorder.add("mutants", {"": figures(tried, known)}, seed=seed, choices={"": f"{len(tried)} places"})
    print(recorder.keep())
    minutes = (time.monotonic() - started) / 60
    print(
        f"mutants: {len(tried)} tried, {killed} killed, {len(tried) - killed - len(left)} known to be equivalent, "
        f"{len(left)} to be explained, in {minutes:.0f} min (SEED={seed} repeats them)"
    )
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
