"""
Measure and write bench/RESULTS.md: medians of five runs, each of ours beside one of the trivial program.
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from bench.stacks import BenchError, counted, of_accounts, of_trivial, preview, run_up
from tests.engine.stack import ROOT, Stack, engine_environment, engine_is_there
from tests.world import World

RUNS = 5
RESULTS = ROOT / "bench" / "RESULTS.md"
_SYSTEMS = ("authentik", "zot", "onepassword", "forgejo")


@dataclass
class Comparison:
    """
    Previews of our stack, each followed by one of the trivial stack, and what ours asked in one of them.
    """

    what: str
    ours: list[float] = field(default_factory=list)
    trivial: list[float] = field(default_factory=list)
    asked: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        """
        The median of the ratios within one pair of runs: both had the same neighbours on this machine.
        """
        return statistics.median(ours / other for ours, other in zip(self.ours, self.trivial, strict=True))


@dataclass
class Rotations:
    """
    `up`s that rotated one account's key, and the requests of one of them from the mint to the revocation.
    """

    seconds: list[float] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    to_authentik: int = 0


def compare(what: str, world: World, ours: Stack, trivial: Stack) -> Comparison:
    """
    Run both in turns.
    """
    comparison = Comparison(what)
    # Python writes no bytecode here, but the system's caches are warm after one.
    preview(ours)
    preview(trivial)
    for number in range(RUNS):
        world.estate.log.clear()
        comparison.ours.append(preview(ours))
        comparison.asked = counted(world.estate.log)
        comparison.trivial.append(preview(trivial))
        print(f"{what}, {number + 1}: {comparison.ours[-1]:.2f} s, {comparison.trivial[-1]:.2f} s", flush=True)
    return comparison


def rotate(world: World, stack: Stack) -> Rotations:
    """
    Let 91 days pass and run an `up`, five times.
    """
    rotations = Rotations()
    for number in range(RUNS):
        world.estate.zot.clock.advance(days=91)
        world.estate.log.clear()
        rotations.seconds.append(run_up(stack))
        calls = list(world.estate.log)
        kinds = [(call.method, call.path) for call in calls]
        first, last = kinds.index(("POST", "/zot/auth/apikey")), kinds.index(("DELETE", "/zot/auth/apikey"))
        between = calls[first : last + 1]
        rotations.requests = [f"{call.system} {call.method}" for call in between]
        rotations.to_authentik += sum(call.system == "authentik" for call in between)
        print(f"rotation, {number + 1}: {rotations.seconds[-1]:.2f} s", flush=True)
    return rotations


def report(comparisons: list[Comparison], rotations: Rotations, load: tuple[str, str]) -> str:
    """
    Return the file's text.
    """
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    lines = [
        "# Results",
        "",
        "Written by `make bench`. Embedded systems on the same machine, so a request costs next to nothing here.",
        "",
        f"- {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}"
        f" {platform.machine()}",
        f"- pulumi {_engine()}, its Python SDK {version('pulumi')}, Python {platform.python_version()}",
        f"- load average (1, 5, 15 minutes) before {load[0]}, after {load[1]}: far above the number of cores would"
        " mean that other work made the seconds too high. Ratios are of neighbouring runs.",
        "",
        f"## No-change preview, median of {RUNS}",
        "",
        "| ours | seconds | trivial resources | seconds | ratio |",
        "|---|---|---|---|---|",
    ]
    for item in comparisons:
        ours, trivial = statistics.median(item.ours), statistics.median(item.trivial)
        names = item.what.split(" against ")
        lines.append(f"| {names[0]} | {ours:.2f} | {names[1]} | {trivial:.2f} | {item.ratio:.2f} |")
    lines += [
        "",
        "Requests / connections in one such preview:",
        "",
        f"| ours | {' | '.join(_SYSTEMS)} |",
        "|---" * 5 + "|",
    ]
    for item in comparisons:
        cells = [" / ".join(map(str, item.asked.get(system, (0, 0)))) for system in _SYSTEMS]
        lines.append(f"| {item.what.split(' against ')[0]} | {' | '.join(cells)} |")
    lines += [
        "",
        f"## Rotation of one account, median of {RUNS}",
        "",
        f"`up` in {statistics.median(rotations.seconds):.2f} s. From the mint to the revocation"
        f" {len(rotations.requests)} requests, {rotations.to_authentik} of them to authentik:",
        "",
        *(f"{number}. {request}" for number, request in enumerate(rotations.requests, 1)),
        "",
    ]
    return "\n".join(lines)


def _engine() -> str:
    with tempfile.TemporaryDirectory() as folder:
        env = engine_environment(Path(folder))
        run = subprocess.run(["pulumi", "version"], env=env, capture_output=True, text=True, check=True)
    return run.stdout.strip().removeprefix("v")


def _load() -> str:
    return ", ".join(f"{average:.2f}" for average in os.getloadavg())


def main() -> int:
    """
    Measure everything; exit code 0 if the file was written.
    """
    if not engine_is_there():
        print("bench: no pulumi on PATH: `make tools` gets one", file=sys.stderr)
        return 1
    before = _load()
    comparisons = []
    try:
        with tempfile.TemporaryDirectory() as name:
            for number, (accounts, things) in enumerate([(1, 4), (100, 400)]):
                world = World.start()
                try:
                    ours = of_accounts(world, Path(name) / f"ours-{number}", accounts)
                    trivial = of_trivial(Path(name) / f"trivial-{number}", things)
                    plural = "s" * (accounts > 1)
                    what = f"{accounts} account{plural} against {things}"
                    comparisons.append(compare(what, world, ours, trivial))
                    if accounts == 1:
                        rotations = rotate(world, ours)
                finally:
                    world.stop()
    except BenchError as exc:
        print(f"bench: {exc}", file=sys.stderr)
        return 1
    RESULTS.write_text(report(comparisons, rotations, (before, _load())), encoding="utf-8")
    print(f"wrote {RESULTS.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
