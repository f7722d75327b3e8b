"""
What the processes of one run tell each other, and what they believe.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest import mock

import pytest

from components.dynamic.journal import Journal, engine_address, journal_of
from components.dynamic.run_memory import Holder, RunMemory
from components.http.errors import EnvironmentUnfitError


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
    """As the engine starts them; nothing else has a journal."""
    assert engine_address(arguments) == address


def test_two_processes_know_what_the_other_has_noted(tmp_path: Path) -> None:
    """`--replace '**'`: what one process creates, another deletes."""
    Journal(tmp_path / "journal").begin()
    creates, deletes = (RunMemory(Journal(tmp_path / "journal")) for _ in range(2))

    creates.want(("account", "zot-ci"))
    creates.note_holder(("a", "place"), Holder("2", made_here=True))
    creates.note_held(("a", "place"), "the place", "uuid", "2")
    creates.note_kept(("a", "place"), kept=True)

    assert deletes.is_wanted(("account", "zot-ci"))
    assert deletes.has_successor(("a", "place"), "1")
    assert deletes.holder(("a", "place")) == Holder("2", made_here=True)
    assert deletes.places_with("uuid") == ["the place"]
    assert deletes.is_kept(("a", "place"))
    creates.note_kept(("a", "place"), kept=False)
    assert not deletes.is_kept(("a", "place"))


def test_keys_never_reach_the_journal(tmp_path: Path) -> None:
    """Only the process that read a key from the state knows it."""
    file = tmp_path / "journal"
    Journal(file).begin()
    memory = RunMemory(Journal(file))

    memory.note_live_key("https://registry", "zot-ci", "zak_secret")

    assert memory.live_key("https://registry", "zot-ci") == "zak_secret"
    assert file.read_bytes() == f"{os.getpid()}\n".encode()
    assert file.stat().st_mode & 0o777 == 0o600


def test_without_a_journal_a_process_remembers_for_itself(tmp_path: Path) -> None:
    """A preview makes no file, and so does a destroy."""
    memory = RunMemory(Journal(tmp_path / "journal"))

    memory.want(("account", "zot-ci"))

    assert memory.is_wanted(("account", "zot-ci"))
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_a_killed_run_is_not_believed_and_begun_anew_and_half_a_line_waits(tmp_path: Path) -> None:
    """An engine's port can come again; a line counts when its end is there."""
    file = tmp_path / "journal"
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    file.write_bytes(gone.stdout + b'["want", ["old"]]\n')
    memory = RunMemory(Journal(file))
    memory.want(("mine",))
    assert not memory.is_wanted(("old",))
    assert memory.is_wanted(("mine",))
    Journal(file).begin()

    with file.open("ab") as half:
        half.write(b'["want", ["ne')
    assert not memory.is_wanted(("new",))
    with file.open("ab") as half:
        half.write(b'w"]]\n')

    assert memory.is_wanted(("new",))
    assert not memory.is_wanted(("old",))


def test_a_link_that_somebody_put_there_is_neither_followed_nor_believed(tmp_path: Path) -> None:
    """The folder of temporary files is everybody's."""
    (tmp_path / "theirs").write_bytes(b'["want", ["bait"]]\n')
    (tmp_path / "journal").symlink_to(tmp_path / "theirs")
    memory = RunMemory(Journal(tmp_path / "journal"))

    memory.want(("mine",))

    assert not memory.is_wanted(("bait",))
    assert (tmp_path / "theirs").read_bytes() == b'["want", ["bait"]]\n'
    with pytest.raises(EnvironmentUnfitError, match=r"file exists.*TMPDIR"):
        Journal(tmp_path / "journal").begin()


@pytest.mark.parametrize("folder", ["away", "a file"])
def test_a_folder_that_cannot_be_written_is_a_fault_of_tmpdir_and_only_where_a_file_is_needed(
    folder: str, tmp_path: Path
) -> None:
    """A preview needs none."""
    (tmp_path / "a file").touch()
    journal = Journal(tmp_path / folder / "journal")

    assert not journal.append(["want", ["x"]])
    assert journal.news() == []
    with pytest.raises(EnvironmentUnfitError, match="set TMPDIR"):
        journal.begin()


def test_no_folder_at_all_for_temporary_files_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk, say: Python finds no folder then, and this module could not be loaded."""
    monkeypatch.setattr(tempfile, "gettempdir", mock.Mock(side_effect=FileNotFoundError))
    monkeypatch.setenv("TMPDIR", "/full")

    assert journal_of("127.0.0.1:1").parent == Path("/full")


def test_a_file_of_another_user_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever made it could make this run leave a dead secret behind."""
    (tmp_path / "journal").write_bytes(b'["want", ["bait"]]\n')
    monkeypatch.setattr(os, "getuid", lambda: -1)

    assert not RunMemory(Journal(tmp_path / "journal")).is_wanted(("bait",))
