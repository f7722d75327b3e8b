"""
The tables of the documents that are made of records: each stands between two comments that name it, and nobody writes
there by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from tests.evidence.digest import ROOT
from tests.evidence.records import Figure, Record, kept

_ALL = "all"


def write_tables(root: Path = ROOT) -> None:
    """
    Write each table anew, in the document that has its place.
    """
    for page in sorted({page for page, *_ in _PLACES.values()}):
        path = root / page
        text = path.read_text(encoding="utf-8")
        new = with_tables(page, text)
        if new != text:
            path.write_text(new, encoding="utf-8")


def with_tables(page: str, text: str) -> str:
    """
    Return the *text* of a page with its tables as the records have them.

    Raises:
        ValueError: a table has no place there.
    """
    for name, (where, file, make) in _PLACES.items():
        if where != page:
            continue
        begin, end = f"<!-- evidence: {name} -->\n", f"<!-- end of {name} -->"
        if text.count(begin) != 1 or text.count(end) != 1:
            msg = f"{page} has no place for the table {name}: {begin.strip()} and {end}, once each"
            raise ValueError(msg)
        made = make([record for record in kept(file) if record.table == name])
        before, after = text.index(begin) + len(begin), text.index(end)
        text = f"{text[:before]}\n{made}\n\n{text[after:]}"
    return text


def _grid(header: str, *, parts_are_rows: bool = False) -> Callable[[Sequence[Record]], str]:
    """
    Return what makes a table of cells, tried / held, for each engine and each choice.
    """

    def made(records: Sequence[Record]) -> str:
        groups = dict.fromkeys((record.engine, record.sdk, record.choice) for record in records)
        blocks = []
        for engine, sdk, choice in groups:
            ours = [record for record in records if (record.engine, record.sdk, record.choice) == (engine, sdk, choice)]
            tried, held = (sum(numbers) for numbers in zip(*(record.totals for record in ours), strict=True))
            what = f"Engine {engine}{sdk and f', SDK {sdk}'}{choice and f', **not the whole: {choice}**'}"
            blocks += [f"{what}: {tried} tried, {held} held.", _cells(header, ours, parts_are_rows), _measured(ours)]
        return "\n\n".join(blocks)

    return made


def _cells(header: str, records: Sequence[Record], parts_are_rows: bool) -> str:
    parts = [record.part for record in records]
    # The fullest one has them in the harness's order.
    fullest = sorted(records, key=lambda record: -len(record.figures))
    others = list(dict.fromkeys(name for record in fullest for name in record.figures))
    figures = {(record.part, name): figure for record in records for name, figure in record.figures.items()}
    columns, rows = (others, parts) if parts_are_rows else (parts, others)
    lines = [f"| {header} | {' | '.join(columns)} |", f"|---|{'---|' * len(columns)}"]
    for row in rows:
        at = [figures.get((row, one) if parts_are_rows else (one, row)) for one in columns]
        lines.append(f"| {row} | {' | '.join(map(_shown, at))} |")
    return "\n".join(lines)


def _shown(figure: Figure | None) -> str:
    if figure is None:
        return "-"
    return figure if isinstance(figure, str) else f"{figure[0]} / {figure[1]}"


def _measured(records: Iterable[Record]) -> str:
    """
    Say on which day, and of which code, which part was measured.
    """
    by_run: dict[tuple[str, str], list[str]] = {}
    for record in records:
        by_run.setdefault((record.date, record.code), []).append(record.part)
    runs = [
        f"on {date} of {_code(code)}: {', '.join(parts) if len(by_run) > 1 else _ALL}"
        for (date, code), parts in by_run.items()
    ]
    return f"Measured {'; '.join(runs)}."


def _code(code: str) -> str:
    return f"code `{code}`" if code else "older code, whose digest was not kept"


def _facts(records: Sequence[Record]) -> str:
    """
    Return a table with a column for each record.
    """
    columns = [f"engine {record.engine}{record.choice and f', {record.choice}'}" for record in records]
    lines = [f"| What | {' | '.join(columns)} |", f"|---|{'---|' * len(columns)}"]
    for row in dict.fromkeys(name for record in records for name in record.figures):
        lines.append(f"| {row} | {' | '.join(_shown(record.figures.get(row)) for record in records)} |")
    lines.append(f"| seed | {' | '.join(str(record.seed) for record in records)} |")
    lines.append(f"| measured | {' | '.join(f'on {record.date} of {_code(record.code)}' for record in records)} |")
    return "\n".join(lines)


def _listed(header: str) -> Callable[[Sequence[Record]], str]:
    """
    Return what makes a table with a row for each record, and in it the day and the code.
    """

    def made(records: Sequence[Record]) -> str:
        names = list(dict.fromkeys(name for record in records for name in record.figures))
        lines = [f"| {header} | {' | '.join(names)} | Day | Code |", f"|---|{'---|' * len(names)}---|---|"]
        for record in records:
            cells = [_shown(record.figures.get(name)) for name in names]
            code = f"`{record.code}`" if record.code else "older"
            lines.append(f"| {record.part} | {' | '.join(cells)} | {record.date} | {code} |")
        return "\n".join(lines)

    return made


def _mutants(records: Sequence[Record]) -> str:
    """
    Return a table with a row for each room of the code.
    """
    if not records:
        return "Not measured yet."
    return "\n\n".join(
        "\n".join(
            [
                f"{record.choice}, seed {record.seed}: {record.totals[0]} tried, {record.totals[1]} killed.",
                "",
                "| Code | Tried / killed |",
                "|---|---|",
                *(f"| `{room}` | {_shown(figure)} |" for room, figure in record.figures.items()),
                "",
                _measured([record]),
            ]
        )
        for record in records
    )


_PROMISES, _LIMITS = "docs/promises.md", "docs/limits.md"
# By the table's name: the page that it stands on, the file of its records, and what makes it.
_PLACES: dict[str, tuple[str, str, Callable[[Sequence[Record]], str]]] = {
    "faults": (_PROMISES, "faults", _grid("Scenario")),
    "commands": (_PROMISES, "commands", _grid("Command")),
    "killed": (_PROMISES, "commands", _grid("Command")),
    "away": (_PROMISES, "parts", _grid("Part", parts_are_rows=True)),
    "gone": (_PROMISES, "parts", _grid("Part", parts_are_rows=True)),
    "soak": (_PROMISES, "soak", _facts),
    "mutants": (_PROMISES, "mutants", _mutants),
    "ran against": (_LIMITS, "versions", _listed("System")),
}
FILES = tuple(dict.fromkeys(file for _, file, _ in _PLACES.values()))
