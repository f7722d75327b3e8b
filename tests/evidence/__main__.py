"""
Say which figures are of older code, a line for each table: `python -m tests.evidence`, as `make check` does. Exit code
0 in any case. `python -m tests.evidence write` writes the tables of the documents anew from the records.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from bench.book import kept as kept_rows
from tests.evidence.digest import digest
from tests.evidence.records import Record, kept
from tests.evidence.tables import FILES, write_tables


def older(records: Sequence[Record], now: str) -> list[str]:
    """
    Return a line for each table, engine and day of which a record is of other code than *now*'s; with the parts, unless
    all of that table and engine are.
    """
    found: dict[tuple[str, str, str], list[str]] = {}
    for record in records:
        if record.code != now:
            found.setdefault((record.table, record.engine, record.date), []).append(record.part)
    lines = []
    for (table, engine, day), parts in found.items():
        whole = sum((record.table, record.engine) == (table, engine) for record in records) == len(parts)
        which = "" if whole else f": {', '.join(parts)}"
        lines.append(f"{table}{engine and f', engine {engine}'}: of older code, {day}{which}")
    return lines


def main(arguments: list[str]) -> int:
    """
    Print the lines, or write the tables.
    """
    if arguments == ["write"]:
        write_tables()
        return 0
    now = digest()
    lines = [line for file in FILES for line in older(kept(file), now)]
    rows = [Record("bench", name, {}, row.date, row.code) for name, row in kept_rows().items()]
    for line in [*lines, *older(rows, now)]:
        print(f"evidence: {line}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
