"""
What was measured: one record for each row, kept in `results.json`, and the page that is made of them.
"""

from __future__ import annotations

import json
import statistics
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bench.plot import Line, plot

FOLDER = Path(__file__).parent
_KEPT = FOLDER / "results.json"
_PAGE = FOLDER / "RESULTS.md"
_PICTURE = FOLDER / "growth.svg"


@dataclass
class Measured:
    """
    What one row gave.

    Args:
        what: what was measured.
        against: what it is compared with.
        goal: what it should be, in words.
        figure: what it is.
        met: whether that is the goal; None where there is none.
        details: the figures that it is made of.
    """

    what: str
    against: str
    goal: str
    figure: str
    met: bool | None
    details: list[str] = field(default_factory=list)
    date: str = ""
    machine: str = ""
    # The digest of `components/` (tests/evidence/digest.py); empty where it was not kept yet.
    code: str = ""
    # Accounts, and what was measured at so many: for the plot.
    growth: dict[str, list[tuple[float, float]]] = field(default_factory=dict)


def ratio(ours: list[float], others: list[float]) -> float:
    """
    Return the median of the ratios within one pair of runs: both had the same neighbours on this machine.
    """
    return statistics.median(one / other for one, other in zip(ours, others, strict=True))


def spread(seconds: list[float]) -> str:
    """
    Write a median with the least and the most.
    """
    return f"{statistics.median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f})"


def kept() -> dict[str, Measured]:
    """
    Return what was measured so far, by the row's name.
    """
    if not _KEPT.exists():
        return {}
    return {name: Measured(**found) for name, found in json.loads(_KEPT.read_text(encoding="utf-8")).items()}


def keep(name: str, measured: Measured, order: list[str]) -> None:
    """
    Keep one row, and write the page and its picture anew.
    """
    rows = kept() | {name: measured}
    rows = {name: rows[name] for name in order if name in rows}
    _KEPT.write_text(json.dumps({key: asdict(row) for key, row in rows.items()}, indent=1) + "\n", encoding="utf-8")
    _PAGE.write_text(page(rows), encoding="utf-8")
    if "growth" in rows:
        growth = rows["growth"].growth
        lines = [Line(label, points) for label, points in growth.items() if label.endswith("seconds")]
        _PICTURE.write_text(plot("A no-change preview, in seconds", "accounts", lines), encoding="utf-8")


def page(rows: dict[str, Measured]) -> str:
    """
    Return the page's text.
    """
    lines = [
        "# What it costs",
        "",
        "Written by `make bench`; `python -m bench ROW…` measures some rows anew and leaves the others. Embedded"
        " systems on the same machine. Each ratio is the median of the ratios of neighbouring runs: both had the same"
        " neighbours. What else the machine did is in its load average (1 minute), which stands with each row. The code"
        " is that of `components/`, by its digest; `make check` says which rows are of older code.",
        "",
        "| row | what | against | goal | measured | |",
        "|---|---|---|---|---|---|",
    ]
    said = {True: "met", False: "**missed**", None: ""}
    lines += [
        f"| {name} | {row.what} | {row.against} | {row.goal} | {row.figure} | {said[row.met]} |"
        for name, row in rows.items()
    ]
    if "growth" in rows:
        lines += ["", "![How a no-change preview grows with the accounts](growth.svg)"]
    for name, row in rows.items():
        code = f"code `{row.code}`" if row.code else "older code, whose digest was not kept"
        lines += ["", f"## {name}", "", f"{row.date}, {code}, {row.machine}.", ""]
        lines += [f"- {detail}" for detail in row.details]
    return "\n".join(lines) + "\n"
