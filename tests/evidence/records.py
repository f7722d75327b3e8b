"""
The records of docs/evidence: a file for each harness, in it a record for each part that a run measures as a whole, such
as one fault by every scenario. A run replaces the records of the parts that it measured, and leaves the others.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.evidence.digest import ROOT

FOLDER = ROOT / "docs/evidence"
# Cells that were tried and that held, or text.
Figure = tuple[int, int] | str


@dataclass(frozen=True)
class Record:
    """
    What one run measured of one part.

    Args:
        table: the table that it is a part of.
        part: the column or row of that table; empty where a record is all of it.
        figures: the rest: the figure by the name of its row or column.
        date: the day on which the run began, in UTC.
        code: the digest of the code that was measured; empty where it was not kept yet.
        engine, sdk, python: the versions of the engine, its Python SDK and Python.
        choice: what of the part was tried, in words; empty for all of it.
        seed: what repeats the run's choices; None where nothing is drawn.
    """

    table: str
    part: str
    figures: Mapping[str, Figure]
    date: str
    code: str = ""
    engine: str = ""
    sdk: str = ""
    python: str = ""
    choice: str = ""
    seed: int | None = None

    @property
    def totals(self) -> tuple[int, int]:
        """
        How many cells were tried, and how many held.
        """
        cells = [figure for figure in self.figures.values() if not isinstance(figure, str)]
        return sum(tried for tried, _ in cells), sum(held for _, held in cells)

    def replaces(self, other: Record) -> bool:
        """
        Whether *other* has nothing to say beside this one: all of a part replaces each choice of it, and a choice only
        the same one.
        """
        same = (self.table, self.part, self.engine) == (other.table, other.part, other.engine)
        return same and self.choice in ("", other.choice)


def kept(name: str, folder: Path | None = None) -> list[Record]:
    """
    Return the records of one file.
    """
    path = (folder or FOLDER) / f"{name}.json"
    found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    return [Record(**{**entry, "figures": _figures(entry["figures"])}) for entry in found]


def _figures(found: Mapping[str, str | list[int]]) -> dict[str, Figure]:
    return {name: one if isinstance(one, str) else (one[0], one[1]) for name, one in found.items()}


def keep(name: str, records: Sequence[Record], order: Sequence[str], folder: Path | None = None) -> None:
    """
    Keep *records*, instead of those that they replace. Parts stand in *order*, engines with the newest first.
    """
    others = [old for old in kept(name, folder) if not any(new.replaces(old) for new in records)]
    ranks = {part: rank for rank, part in enumerate(dict.fromkeys(order))}
    found = sorted([*others, *records], key=lambda record: ranks.get(record.part, len(ranks)))
    found.sort(key=lambda record: _numbers(record.engine), reverse=True)
    found.sort(key=lambda record: record.table)
    write(name, found, folder)


def write(name: str, records: Sequence[Record], folder: Path | None = None) -> None:
    """
    Write the file of *records*.
    """
    folder = folder or FOLDER
    folder.mkdir(exist_ok=True)
    lines = ",\n".join(f" {json.dumps(asdict(record), ensure_ascii=False)}" for record in records)
    (folder / f"{name}.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def _numbers(version: str) -> list[int]:
    return [int(number) for number in version.split(".") if number.isdecimal()]
