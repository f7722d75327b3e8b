"""
What came of all days: docs/promises.md's table, and whether anything grew.

`python -m tests.soak.table folder` prints the table of a run that is not over, from the folder of its LOGS.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from tests.oracle.shown import nothing_grows
from tests.soak.year import Record

# Times of creation are written with up to nine digits, a version has one digit more some day, and the memory that a
# process gets is no exact number.
TOLERANCE = 0.02
_WHAT: dict[str, Callable[[Record], float]] = {
    "state without killed runs' notes": lambda day: day.state_bytes,
    "1Password item": lambda day: day.item_bytes,
    "memory of the provider's process": lambda day: day.peak_bytes,
    "requests of an up": lambda day: day.requests,
}


def grown(days: Sequence[Record]) -> list[str]:
    """
    Say what is larger on the ordinary days of the second half than on those of the first one.
    """
    ordinary = [day for day in days if day.is_ordinary]
    first, second = _halves(ordinary)
    if not first:
        return ["too few ordinary days to say whether anything grew"]
    sizes = {what: (median(map(size, first)), median(map(size, second))) for what, size in _WHAT.items()}
    return nothing_grows(sizes, TOLERANCE)


def facts(days: Sequence[Record]) -> dict[str, str]:
    """
    Return what came of all *days*, by what it is.
    """
    first, second = _halves([day for day in days if day.is_ordinary])
    pushes, amid_ups = sum(day.pushes for day in days), sum(day.pushes_during_ups for day in days)
    rows = {
        "simulated days": f"{len(days)}",
        "`up`s": f"{sum(day.ups for day in days)}",
        "rotations": f"{sum(day.rotations for day in days)}",
        "days with a system away for the whole `up`": _of(days, "away"),
        "days with a killed `up`": f"{sum('killed' in day.trouble for day in days)}",
        "drift checks: in sync / drift": f"{_codes(days, 0)} / {_codes(days, 7)}",
        "pushes": f"{pushes}, {amid_ups} of them amid an `up`",
        "**refused pushes**": f"**{sum(day.refused for day in days)}**",
        "most live keys after an `up`": f"{max(day.live for day in days)}",
        "most live keys at any time": f"{max(day.most_live for day in days)}",
        "killed runs' notes in the state, at the end": f"{days[-1].notes}",
    }
    for what, size in _WHAT.items() if first else ():
        before, after = median(map(size, first)), median(map(size, second))
        rows[f"{what}, first half / second half"] = f"{_shown(before)} / {_shown(after)}"
    return rows


def markdown(days: Sequence[Record]) -> str:
    """
    Return the table of all *days*.
    """
    lines = [f"| {what} | {value} |" for what, value in facts(days).items()]
    return "\n".join([f"| What | {datetime.now(UTC):%Y-%m-%d} |", "|---|---|", *lines])


def _halves(days: Sequence[Record]) -> tuple[Sequence[Record], Sequence[Record]]:
    middle = len(days) // 2
    return days[:middle], days[middle:]


def _codes(days: Sequence[Record], code: int) -> int:
    return sum(day.drift_code == code for day in days)


def _of(days: Sequence[Record], word: str) -> str:
    found = [day.trouble.partition(" ")[0] for day in days if word in day.trouble]
    parts = ", ".join(f"{name} {found.count(name)}" for name in dict.fromkeys(sorted(found)))
    return f"{len(found)} ({parts})" if found else "0"


def _shown(number: float) -> str:
    if number >= 2**20:
        return f"{number / 2**20:.1f} MiB"
    return f"{number / 1000:.1f} kB" if number >= 1000 else f"{number:g}"


if __name__ == "__main__":
    kept = (Path(sys.argv[1]) / "days.jsonl").read_text().splitlines()
    print(markdown([Record(**json.loads(line)) for line in kept]))
