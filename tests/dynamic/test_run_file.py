"""
What the processes of one run tell each other, and what they believe.
"""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import subprocess
import sys
import tempfile
from io import FileIO
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from zot_ci.dynamic.claims import Claim, ProgramClaim, Release
from zot_ci.dynamic.entries import (
    Begun,
    Entry,
    Fault,
    KeyDeferred,
    KeySeen,
    KeysLeft,
    OwnKey,
    Reported,
    SecretUnchanged,
    VolatileFacts,
    digest_of,
)
from zot_ci.dynamic.run import Run
from zot_ci.dynamic.run_file import RunFile, engine_address, file_of
from zot_ci.http.errors import EnvironmentUnfitError

PLACE = ("a", "place")
ENTRIES: list[Entry] = [
    Begun(preview=False),
    ProgramClaim(("account", "zot-ci"), "2"),
    Claim(PLACE, "2", "uuid", "the place", made_here=True, labels=("zot-ci/a/b",)),
    Release(("another", "place"), "1"),
    SecretUnchanged(PLACE, True),
    KeySeen("uuid", True),
    OwnKey(("key", "zot", "zot-ci"), "uuid", digest_of("a-key"), "zot-ci/test/zot-ci"),
    KeyDeferred("uuid"),
    KeysLeft(("key", "zot", "zot-ci"), ("another",)),
    VolatileFacts(("ApiKey", "uuid"), {"age_days": 12.5, "stale": [{"key": "old"}]}),
    Fault("what", "a sentence"),
    Reported("another"),
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the run's file will be."""
    return tmp_path / "run"


def process(file: Path, *, joins: bool = True) -> Run:
    """A process of the run."""
    run = Run(RunFile(file))
    if joins:
        run.join()
    return run


@pytest.mark.parametrize(
    ("arguments", "address"),
    [
        (["python", "-u", "-m", "pulumi.dynamic", "127.0.0.1:39015"], "127.0.0.1:39015"),
        (["python", "exec", "--monitor", "127.0.0.1:1", "--engine", "127.0.0.1:2", "__main__.py"], "127.0.0.1:2"),
        (["pytest", "-q"], None),
        (["python", "-m", "pulumi.dynamic", "../../etc/passwd"], None),
    ],
    ids=["provider", "program", "neither", "no address"],
)
def test_the_engine_s_address_is_an_argument_of_the_program_and_of_the_provider(
    arguments: list[str], address: str | None
) -> None:
    """As the engine starts them; nothing else has a file."""
    assert engine_address(arguments) == address


def test_two_processes_know_what_the_other_has_noted(file: Path) -> None:
    """`--replace '**'`: what one process creates, another deletes."""
    creates, deletes = process(file), process(file)

    assert creates.note(*ENTRIES)

    assert deletes.claims.program_has(("account", "zot-ci"))
    assert deletes.claims.belong_to_another([PLACE], "1")
    assert deletes.claims.newest(PLACE) == ENTRIES[2]
    assert deletes.claims.places_with("uuid") == ["the place"]
    assert deletes.is_unchanged(PLACE)
    assert deletes.key_is_alive("uuid") is True
    assert deletes.volatile_facts(("ApiKey", "uuid")) == {"age_days": 12.5, "stale": [{"key": "old"}]}
    assert deletes.faults() == {"a sentence": ["what"]}
    assert not deletes.note_report("another")
    assert deletes.is_deferred("uuid")
    creates.note(SecretUnchanged(PLACE, False))
    assert not deletes.is_unchanged(PLACE)


def test_every_line_is_read_once(file: Path) -> None:
    """However often a process looks, and whoever wrote since then."""
    writes, reads = process(file), process(file)
    applied: list[Entry] = []
    with mock.patch.object(reads, "_apply", applied.append):
        for entry in ENTRIES:
            writes.note(entry)
            _ = reads.claims

    assert applied == ENTRIES


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: type(entry).__name__)
def test_an_entry_is_read_as_it_was_written(entry: Entry, file: Path) -> None:
    """Each kind, through the file; JSON knows no tuples."""
    writes, reads = process(file), process(file)
    applied: list[Entry] = []
    with mock.patch.object(reads, "_apply", applied.append):
        writes.note(entry)
        _ = reads.claims

    assert applied == [entry]


def test_a_refresh_is_known_to_the_process_that_comes_after_it(file: Path) -> None:
    """The provider comes first, and makes the file; the program joins it, and so does a second provider."""
    refreshes = process(file)
    refreshes.note(Claim(PLACE, "1", made_here=True))
    program, creates = Run(RunFile(file)), Run(RunFile(file))

    assert program.begin(preview=False)
    creates.join()

    newest = creates.claims.newest(PLACE)
    assert newest is not None
    assert newest.made_here


@pytest.mark.parametrize("preview", [True, False])
def test_the_program_says_whether_it_runs_in_a_preview(preview: bool, file: Path) -> None:
    """A provider's `check` looks at real systems in a preview only."""
    provider, program = process(file), Run(RunFile(file))

    program.begin(preview=preview)

    assert provider.is_preview is preview
    # Outside the engine nobody runs one.
    assert not Run(RunFile(None)).is_preview


def test_the_file_is_its_owner_s_alone(file: Path) -> None:
    """Whatever the process's umask."""
    process(file)

    assert file.stat().st_mode & 0o777 == 0o600


def test_without_a_file_a_process_remembers_for_itself(tmp_path: Path) -> None:
    """Outside the engine, and where no file can be made."""
    alone = process(tmp_path / "away" / "run")

    assert not alone.note(ProgramClaim(("account", "zot-ci")))

    assert alone.claims.program_has(("account", "zot-ci"))
    assert list(tmp_path.iterdir()) == []


def test_the_last_process_takes_the_file_away(file: Path) -> None:
    """A run without a program, as a destroy, has nobody else to do it; while another one lives, it stays."""
    run = process(file)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        with file.open("ab") as lines:
            lines.write(f'{{"process": {other.pid}}}\n'.encode())
        run.file.leave()
        assert file.exists()
        other.communicate()

    again = process(file)
    again.file.leave()

    assert not file.exists()


def test_the_program_takes_the_file_away_for_all(file: Path) -> None:
    """Nothing comes after its end."""
    process(file)
    program = Run(RunFile(file))
    program.begin(preview=True)

    program.file.leave(for_all=True)

    assert not file.exists()


def test_a_file_that_the_last_of_another_run_deletes_meanwhile_is_made_again(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the opening and the lock: what is written to a deleted file nobody reads."""
    file.write_bytes(b'{"process": ' + _gone() + b"}\n")
    lock, locked = fcntl.flock, list[int]()

    def deleted_first(opened: FileIO, how: int) -> None:
        if not locked:
            file.unlink()
        locked.append(opened.fileno())
        lock(opened, how)

    monkeypatch.setattr(fcntl, "flock", deleted_first)
    joins = process(file)
    joins.note(ProgramClaim(("mine",)))

    assert len(locked) == 2
    assert process(file).claims.program_has(("mine",))


def test_a_process_that_leaves_deletes_no_file_of_a_next_run(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file that it has opened is gone when it has the lock, and another one is at its path."""
    run = process(file)
    lock = fcntl.flock

    def another_first(opened: FileIO, how: int) -> None:
        file.unlink()
        file.write_bytes(b"a next run's")
        lock(opened, how)

    monkeypatch.setattr(fcntl, "flock", another_first)
    run.file.leave()

    assert file.read_bytes() == b"a next run's"


def test_a_process_whose_file_is_gone_just_before_it_leaves_says_nothing(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program has deleted it for all; a traceback at the end of a provider would be shown by the engine."""
    run = process(file)
    opened = os.open

    def deleted_first(*given: Any) -> int:
        file.unlink(missing_ok=True)
        return opened(*given)

    monkeypatch.setattr(os, "open", deleted_first)
    run.file.leave()

    assert not file.exists()


def _gone() -> bytes:
    """The number of a process that has ended."""
    command = [sys.executable, "-c", "import os; print(os.getpid())"]
    return subprocess.run(command, capture_output=True, check=True).stdout.strip()


def _join(file: str, ready: multiprocessing.Barrier, at: int) -> None:  # type: ignore[valid-type]  # a factory's product
    run = Run(RunFile(Path(file)))
    ready.wait()  # type: ignore[attr-defined]
    run.join()
    run.note(ProgramClaim(("process", str(at))))
    ready.wait()  # type: ignore[attr-defined]
    assert all(run.claims.program_has(("process", str(other))) for other in range(4))
    os._exit(0)


@pytest.mark.parametrize("before", ["nothing", "a killed run's file"])
def test_processes_that_begin_at_once_share_one_file(before: str, file: Path) -> None:
    """Whoever is slower joins the other's."""
    if before != "nothing":
        file.write_bytes(b'{"process": ' + _gone() + b"}\n")
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(4)
    processes = [context.Process(target=_join, args=(str(file), ready, at)) for at in range(4)]
    for one in processes:
        one.start()
    for one in processes:
        one.join(60)

    assert [one.exitcode for one in processes] == [0, 0, 0, 0]


def test_a_file_of_a_killed_run_is_not_believed_and_begun_anew_and_half_a_line_waits(file: Path) -> None:
    """An engine's port can come again; a line counts when its end is there."""
    old = b'{"kind": "ProgramClaim", "thing": ["old"], "mark": ""}\n'
    file.write_bytes(b'{"process": ' + _gone() + b"}\n" + old)
    run = process(file)
    run.note(ProgramClaim(("mine",)))
    assert not run.claims.program_has(("old",))
    assert run.claims.program_has(("mine",))

    line = b'{"kind": "ProgramClaim", "thing": ["new"], "mark": ""}\n'
    with file.open("ab") as half:
        half.write(line[:20])
    assert not run.claims.program_has(("new",))
    with file.open("ab") as half:
        half.write(line[20:])

    assert run.claims.program_has(("new",))


def test_a_link_that_somebody_put_there_is_neither_followed_nor_believed(file: Path, tmp_path: Path) -> None:
    """The folder of temporary files is everybody's."""
    bait = f'{{"process": {os.getpid()}}}\n{{"kind": "ProgramClaim", "thing": ["bait"], "mark": ""}}\n'
    (tmp_path / "theirs").write_text(bait)
    file.symlink_to(tmp_path / "theirs")
    run = process(file)

    run.note(ProgramClaim(("mine",)))

    assert not run.claims.program_has(("bait",))
    assert (tmp_path / "theirs").read_text() == bait
    with pytest.raises(EnvironmentUnfitError, match=r"file exists.*TMPDIR"):
        run.begin(preview=False)


@pytest.mark.parametrize("folder", ["away", "a file"])
def test_a_folder_that_cannot_be_written_is_a_fault_of_tmpdir_for_the_program_alone(
    folder: str, tmp_path: Path
) -> None:
    """A provider goes on by itself."""
    (tmp_path / "a file").touch()
    run = process(tmp_path / folder / "run")

    assert not run.note(Reported("a sentence"))
    assert not run.note_report("a sentence")
    with pytest.raises(EnvironmentUnfitError, match="set TMPDIR"):
        run.begin(preview=False)


def test_no_folder_at_all_for_temporary_files_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk, say: Python finds no folder then, and this module could not be loaded."""
    monkeypatch.setattr(tempfile, "gettempdir", mock.Mock(side_effect=FileNotFoundError))
    monkeypatch.setenv("TMPDIR", "/full")

    assert file_of("127.0.0.1:1").parent == Path("/full")


def test_a_file_of_another_user_is_not_believed(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever made it could make this run leave a dead secret behind."""
    file.write_text(f'{{"process": {os.getpid()}}}\n{{"kind": "ProgramClaim", "thing": ["bait"], "mark": ""}}\n')
    monkeypatch.setattr(os, "getuid", lambda: -1)

    assert not process(file).claims.program_has(("bait",))
