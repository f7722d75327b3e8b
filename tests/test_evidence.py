"""
Figures that know their age: the digest of the code, the records of a run, and the tables that are made of them.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bench import book
from tests.docs.pages import ROOT, read
from tests.evidence import __main__ as command
from tests.evidence import recorder as recorders
from tests.evidence import records, tables
from tests.evidence.__main__ import older
from tests.evidence.digest import digest
from tests.evidence.recorder import Recorder
from tests.evidence.records import Record, keep, kept
from tests.evidence.tables import FILES, with_tables, write_tables
from tests.versions import ENGINE, version_of

CODE = '''
"""What it is."""

import os  # why

class Key:
    """A key."""

    def is_due(self, days: int) -> bool:
        """Whether it is."""
        return days > 90 and not os.name
'''
NOW = "0123456789ab"


def _digest_of(folder: Path, text: str) -> str:
    (folder / "key.py").write_text(text)
    return digest(folder)


def test_comments_docstrings_and_lines_do_not_change_the_digest(tmp_path: Path) -> None:
    """Evidence is not old for a better sentence."""
    before = _digest_of(tmp_path, CODE)

    other = CODE.replace("# why", "# because").replace("What it is", "What it was").replace("A key.", "One key.")
    other = other.replace('        """Whether it is."""\n', "").replace(
        "return days > 90 and not os.name", "return (\n            days > 90\n            and not os.name\n        )"
    )

    assert other != CODE
    assert _digest_of(tmp_path, other) == before
    assert re.fullmatch("[0-9a-f]{12}", before)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("days > 90", "days >= 90"),
        ("90", "91"),
        ("90", "90.0"),
        ("90", "'90'"),
        ("is_due", "due"),
        ("-> bool", "-> int"),
        ("and", "or"),
        ("not os.name", "None"),
        ("import os", "import sys as os"),
        ("return days > 90 and not os.name", 'return """Whether it is."""'),
    ],
)
def test_whatever_else_is_changed_changes_the_digest(old: str, new: str, tmp_path: Path) -> None:
    """Names and values, too: it is compared, not understood."""
    before = _digest_of(tmp_path, CODE)

    assert _digest_of(tmp_path, CODE.replace(old, new, 1)) != before


def test_a_file_more_or_at_another_place_changes_the_digest(tmp_path: Path) -> None:
    """An import path is part of the state's format."""
    before = _digest_of(tmp_path, CODE)

    (tmp_path / "empty.py").write_text("")
    more = digest(tmp_path)
    (tmp_path / "empty.py").unlink()
    (tmp_path / "key.py").rename(tmp_path / "keys.py")

    assert len({before, more, digest(tmp_path)}) == 3
    assert digest(ROOT / "components") == digest()


def _cells(part: str, tried: int, held: int, **more: object) -> Record:
    return Record("faults", part, {"rotation": (tried, held)}, "2026-11-30", NOW, engine="3.250.0", **more)  # type: ignore[arg-type]  # fields by name


def test_a_run_replaces_what_it_measured_and_leaves_the_rest(tmp_path: Path) -> None:
    """The other parts, other engines, and all of a part where it tried a choice of it."""
    keep("faults", [_cells("kill", 9, 9), _cells("lose", 9, 9)], ["lose", "kill"], tmp_path)
    keep("faults", [_cells("kill", 2, 1, choice="one request in 5")], ["lose", "kill"], tmp_path)

    def parts() -> list[tuple[str, str, tuple[int, int]]]:
        return [(one.part, one.choice, one.totals) for one in kept("faults", tmp_path)]

    choice = ("kill", "one request in 5", (2, 1))
    assert parts() == [("lose", "", (9, 9)), ("kill", "", (9, 9)), choice]

    keep("faults", [_cells("kill", 1, 1, choice="one request in 9")], ["lose", "kill"], tmp_path)
    assert parts()[2:] == [choice, ("kill", "one request in 9", (1, 1))]
    keep("faults", [_cells("kill", 2, 2, choice="one request in 9")], ["lose", "kill"], tmp_path)
    assert parts()[2:] == [choice, ("kill", "one request in 9", (2, 2))]

    keep("faults", [_cells("kill", 9, 9), _cells("lose", 9, 9)], ["lose", "kill"], tmp_path)
    keep("faults", [_cells("kill", 2, 1, choice="one request in 5")], ["lose", "kill"], tmp_path)
    keep("faults", [_cells("lose", 8, 7)], ["lose", "kill"], tmp_path)
    assert parts() == [("lose", "", (8, 7)), ("kill", "", (9, 9)), choice]
    keep("faults", [_cells("kill", 10, 10)], ["lose", "kill"], tmp_path)
    assert parts() == [("lose", "", (8, 7)), ("kill", "", (10, 10))]

    newer = Record("faults", "kill", {"rotation": (1, 1)}, "2026-11-30", NOW, engine="3.276.0")
    keep("faults", [newer], ["lose", "kill"], tmp_path)
    assert [one.engine for one in kept("faults", tmp_path)] == ["3.276.0", "3.250.0", "3.250.0"]


def test_a_table_says_engine_day_code_and_what_was_left_out() -> None:
    """Whole parts and choices stand apart, and so does each engine."""
    grid = tables._grid("Scenario")
    whole = [
        Record("faults", "lose", {"rotation": (9, 9)}, "2026-11-24", engine="3.250.0"),
        _cells("kill", 9, 8),
    ]
    some = _cells("kill", 2, 2, sdk="3.272.0", choice="one request in 5")

    assert grid([*whole, some]).splitlines() == [
        "Engine 3.250.0: 18 tried, 17 held.",
        "",
        "| Scenario | lose | kill |",
        "|---|---|---|",
        "| rotation | 9 / 9 | 9 / 8 |",
        "",
        f"Measured on 2026-11-24 of older code, whose digest was not kept: lose; on 2026-11-30 of code `{NOW}`: kill.",
        "",
        "Engine 3.250.0, SDK 3.272.0, **not the whole: one request in 5**: 2 tried, 2 held.",
        "",
        "| Scenario | kill |",
        "|---|---|",
        "| rotation | 2 / 2 |",
        "",
        f"Measured on 2026-11-30 of code `{NOW}`: all.",
    ]


def test_no_figure_of_the_documents_is_typed_by_hand() -> None:
    """Each table is what `python -m tests.evidence write` makes of the records, and bench/RESULTS.md of its own."""
    for page in ("docs/promises.md", "docs/limits.md"):
        assert with_tables(page, read(page)) == read(page)
        without = re.sub(r"<!-- evidence: .*?<!-- end of ", "", read(page), flags=re.DOTALL)
        assert re.findall(r"\| \d+ / \d+ \|", without) == []
    assert book.page(book.kept()) == read("bench/RESULTS.md")


def test_a_page_that_has_lost_its_place_for_a_table_is_an_error() -> None:
    """Else the record would be kept and never shown."""
    text = read("docs/promises.md").replace("<!-- end of soak -->", "")

    with pytest.raises(ValueError, match="no place for the table soak"):
        with_tables("docs/promises.md", text)


def test_what_is_of_older_code_is_said_in_a_line_for_each_table() -> None:
    """By part where only some are."""
    old = Record("faults", "lose", {"rotation": (9, 9)}, "2026-11-24", "aaaaaaaaaaaa", engine="3.250.0")

    assert older([old], NOW) == ["faults, engine 3.250.0: of older code, 2026-11-24"]
    assert older([old, _cells("kill", 9, 9)], NOW) == ["faults, engine 3.250.0: of older code, 2026-11-24: lose"]
    assert older([_cells("kill", 9, 9)], NOW) == []


def test_the_command_says_it_of_every_file_and_of_the_bench_and_never_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`make check` runs it."""
    monkeypatch.setattr(command, "digest", lambda: "of other code")

    assert command.main([]) == 0

    said = capsys.readouterr().out
    named = {one.table for file in FILES for one in kept(file)}
    assert {"faults", "commands", "killed", "away", "gone", "soak", "ran against"} <= named
    assert {table for table in named if f"evidence: {table}" not in said} == set()
    assert f"evidence: bench: of older code, {next(iter(book.kept().values())).date}" in said


@pytest.fixture
def recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run that is to be recorded, elsewhere than in docs/evidence."""
    monkeypatch.setenv("RECORD", "1")
    monkeypatch.setattr(recorders, "engine_version", lambda: "3.250.0")
    monkeypatch.setattr(recorders, "write_tables", lambda: None)
    monkeypatch.setattr(records, "FOLDER", tmp_path)
    return tmp_path


def test_a_run_keeps_its_figures_with_day_engine_code_and_seed(recording: Path) -> None:
    """A part of which nothing was tried has no record."""
    recorder = Recorder("faults", ["lose", "kill"])
    figures = {"kill": {"rotation": (2, 2)}, "lose": {}}

    recorder.add("faults", figures, choices={"kill": "one request in 5"}, seed=7)

    assert recorder.keep() == (
        f"recorded: 1 parts of docs/evidence/faults.json, code {digest()}; not the whole: one request in 5"
    )
    (one,) = kept("faults", recording)
    assert (one.part, one.figures, one.code, one.engine, one.choice, one.seed) == (
        "kill",
        {"rotation": (2, 2)},
        digest(),
        "3.250.0",
        "one request in 5",
        7,
    )
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", one.date)
    assert re.fullmatch(r"[\d.]+", one.sdk)


def test_nothing_is_kept_of_code_that_was_changed_meanwhile(recording: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor of a run that another one began, with other code."""
    recorder = Recorder("faults", ["kill"])
    recorder.add("faults", {"kill": {"rotation": (2, 2)}})

    assert "left in LOGS are of other code" in recorder.keep(also_of={"ffffffffffff"})
    monkeypatch.setattr(recorders, "digest", lambda: "of other code")
    assert "has changed while this ran" in recorder.keep()
    assert list(recording.iterdir()) == []


def test_a_run_that_is_not_to_be_recorded_writes_nothing(recording: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And says how it would be."""
    monkeypatch.delenv("RECORD")
    recorder = Recorder("faults", ["kill"])
    recorder.add("faults", {"kill": {"rotation": (2, 2)}})

    assert recorder.keep() == "not recorded: RECORD=1 writes what this run measured into docs/evidence"
    assert list(recording.iterdir()) == []


def test_the_tables_are_written_where_they_stand(tmp_path: Path) -> None:
    """Between their two comments, and nowhere else."""
    (tmp_path / "docs").mkdir()
    for page in ("docs/promises.md", "docs/limits.md"):
        (tmp_path / page).write_text(read(page).replace("| rotation | ", "| spoilt | "), encoding="utf-8")

    write_tables(tmp_path)

    for page in ("docs/promises.md", "docs/limits.md"):
        assert (tmp_path / page).read_text(encoding="utf-8") == read(page)


def test_the_readme_names_the_real_servers_that_were_run() -> None:
    """As the record of those runs has them."""
    (line,) = re.findall(r"\nIt \[was run\].*?\n\n", read("README.md"), re.DOTALL)
    run = {record.part: record.figures["Version"] for record in kept("versions")}

    named = re.findall(r"(\w+) v?(\d[\w.-]*\.\d[\w-]*)", line)
    assert dict(named) == {system: run[system] for system in ("authentik", "zot", "Gitea")}


def test_a_record_names_the_engine_that_was_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also another one than that on PATH, as `make … ENGINE=oldest` runs."""
    engine = tmp_path / "pulumi"
    engine.write_text("#!/bin/sh\necho v9.8.7\n")
    engine.chmod(0o755)
    monkeypatch.setenv("ZOT_CI_TEST_ENGINE", str(tmp_path))

    assert recorders.engine_version() == "9.8.7"
    assert version_of(ENGINE).startswith("9.8.7, ")
