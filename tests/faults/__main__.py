"""
Every request of every scenario by every fault: `make faults`.

Prints a line for each point that does not converge, and at the end a table of points tried and converged; exit code 1
if any did not. SCENARIOS and FAULTS in the environment choose some by name ("rotation,destroy", "lose,kill"), EVERY
tries each n-th request only, JOBS sets the processes. RECORD=1 writes what came of each fault into docs/evidence, and
the table of docs/promises.md anew.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import cache
from multiprocessing.util import Finalize
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from tests.engine.prepared import Prepared
from tests.evidence.recorder import Recorder
from tests.faults.proxy import Fault
from tests.faults.scenarios import SCENARIOS, Outcome, strike

console = Console(soft_wrap=True, highlight=False, markup=False)


@cache
def prepared() -> Prepared:
    """
    The estate of this process, and the states in which its scenarios begin.
    """
    ends = ExitStack()
    folder = ends.enter_context(tempfile.TemporaryDirectory())
    # A process of a pool ends without what `atexit` registers.
    Finalize(None, ends.close, exitpriority=1)
    return ends.enter_context(Prepared(Path(folder), behind_proxies=True))


def point(scenario: str, fault: Fault, at: int) -> Outcome:
    """
    Try one point in a folder of its own. The engine's processes are begun quickly, as in the other matrices;
    kills of its own are in `tests/engine/test_faults.py`.
    """
    with tempfile.TemporaryDirectory() as folder:
        return strike(prepared(), SCENARIOS[scenario], fault, at, Path(folder), prepared().quickly)


def chosen(variable: str, known: dict[str, object]) -> list[str]:
    """
    Return the names that an environment variable chooses, all by default.
    """
    names = [name.strip() for name in os.environ.get(variable, "").split(",") if name.strip()]
    unknown = sorted(set(names) - set(known))
    if unknown:
        sys.exit(f"faults: {variable} has no {', '.join(unknown)}; known: {', '.join(known)}")
    return names or list(known)


def main() -> int:
    """
    Try all points that are chosen.
    """
    started = time.monotonic()
    scenarios = chosen("SCENARIOS", dict(SCENARIOS))
    faults = {fault.word: fault for fault in Fault}
    words = chosen("FAULTS", dict(faults))
    step = int(os.environ.get("EVERY", "1"))
    recorder = Recorder("faults", list(faults))
    tried: Counter[tuple[str, str]] = Counter()
    converged: Counter[tuple[str, str]] = Counter()
    with ProcessPoolExecutor(int(os.environ.get("JOBS", "2"))) as pool:
        # What a run asks for when nothing is spoilt; one that is spoilt may ask again, and those points are its own.
        asked = dict(zip(scenarios, pool.map(point, scenarios, [Fault.LOSE] * 99, [0] * 99), strict=False))
        points = {
            pool.submit(point, name, faults[word], at): (name, word, at)
            for name in scenarios
            for word in words
            for at in range(1, asked[name].asked + 1, step)
        }
        with Progress(console=console) as progress:
            task = progress.add_task("points", total=len(points))
            for done in as_completed(points):
                name, word, at = points[done]
                outcome = done.result()
                progress.advance(task)
                if outcome.struck:
                    tried[name, word] += 1
                    converged[name, word] += not outcome.faults
                if outcome.faults:
                    console.print(f"{name}, {word} at {at} ({outcome.struck}): {'; '.join(outcome.faults)}")
    table = Table(title=f"points tried / converged, {datetime.now(UTC):%Y-%m-%d}", title_justify="left")
    table.add_column("scenario")
    for word in words:
        table.add_column(word)
    for name in scenarios:
        table.add_row(name, *(f"{tried[name, word]} / {converged[name, word]}" for word in words))
    console.print(table)
    console.print(
        f"faults: {sum(tried.values())} points, {sum(converged.values())} converged, "
        f"every {step}. request, in {(time.monotonic() - started) / 60:.0f} min"
    )
    figures = {word: {name: (tried[name, word], converged[name, word]) for name in scenarios} for word in words}
    recorder.add("faults", figures, choices=dict.fromkeys(words, _choice(scenarios, step)))
    console.print(recorder.keep())
    return 0 if tried == converged else 1


def _choice(scenarios: list[str], step: int) -> str:
    """
    Say what of a fault is tried; nothing if all of it is.
    """
    some = [] if scenarios == list(SCENARIOS) else [f"only {', '.join(scenarios)}"]
    return ", ".join([*some, *([f"one request in {step}"] if step > 1 else [])])


if __name__ == "__main__":
    sys.exit(main())
