"""
What a soak keeps in LOGS and goes on with. `test_soak.py` plays a week of which a second process has the last days.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from tests.estate.server import bind
from tests.soak import __main__ as command
from tests.soak.known import Known, end_engines_of
from tests.soak.logs import DAYS, SAVED, Logs, OtherYearError, Shape
from tests.soak.year import Record, Year

SHAPE = Shape(14, 365, "1234", "3.250.0")


class Played:
    """What is saved of a year."""

    text = "what the engine said"

    def __init__(self, ports: dict[str, int], client: dict[str, Any]) -> None:
        self.ports, self.client = ports, client

    def known(self) -> Known:
        """Return what it knows."""
        return Known(self.ports, Path("folder"), datetime.now(UTC), b"", {}, {}, self.client, {}, None)


def played(port: int = 1, **client: Any) -> Year:
    """Return a year that knows only that."""
    return cast("Year", Played({"zot": port}, client))


def records(count: int) -> list[Record]:
    """Return what came of so many days."""
    return [Record(number, ups=1) for number in range(1, count + 1)]


def test_a_year_goes_on_with_what_was_saved_last(tmp_path: Path) -> None:
    """Its records are days.jsonl, too, where no day stands twice; a year that is over leaves nothing to go on with."""
    logs = Logs(tmp_path / "logs", SHAPE)
    assert logs.saved() == (None, [])
    logs.save(played(pushes=1), records(1))
    logs.save(played(pushes=2), records(2))

    known, found = Logs(tmp_path / "logs", SHAPE).saved()

    assert known is not None
    assert known.client == {"pushes": 2}
    assert found == records(2)
    assert [json.loads(line)["number"] for line in (tmp_path / "logs" / DAYS).read_text().splitlines()] == [1, 2]
    logs.end()
    assert logs.saved() == (None, [])


def test_what_the_engine_said_is_kept_of_a_day_that_was_not_as_promised(tmp_path: Path) -> None:
    """In a file of its own, and of no other day."""
    logs = Logs(tmp_path, SHAPE)
    logs.save(played(), records(1))
    logs.save(played(), [*records(1), Record(2, faults=["a push was refused"])])

    assert [file.name for file in tmp_path.glob("*.txt")] == ["day-2.txt"]
    assert (tmp_path / "day-2.txt").read_text() == Played.text


def test_a_process_that_ends_while_it_saves_leaves_what_was_saved_before(tmp_path: Path) -> None:
    """Here in the middle of the file."""
    logs = Logs(tmp_path, SHAPE)
    logs.save(played(day=1), records(1))
    before = (tmp_path / SAVED).read_bytes()
    script = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from tests.soak import test_resumed as here\n"
        "os.fsync = lambda fd: os.kill(os.getpid(), 9)\n"
        "here.Logs(Path(sys.argv[1]), here.SHAPE).save(here.played(day=2), here.records(2))\n"
    )

    ended = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)

    assert ended.returncode == -9
    assert (tmp_path / SAVED).read_bytes() == before
    assert logs.saved()[1] == records(1)


@pytest.mark.parametrize("other", [{"seed": 15}, {"days": 30}, {"code": "5678"}, {"engine": "3.276.0"}])
def test_another_year_is_refused_and_stays(other: dict[str, Any], tmp_path: Path) -> None:
    """Hours of days would be lost to a slip in a command line."""
    Logs(tmp_path, SHAPE).save(played(), records(1))
    (name,) = other

    with pytest.raises(OtherYearError, match=rf"saved-day is of another year \({name} .*, not {other[name]}\)"):
        Logs(tmp_path, replace(SHAPE, **other)).saved()

    assert Logs(tmp_path, SHAPE).saved()[1] == records(1)


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """Return what the command says to what is saved in LOGS."""
    monkeypatch.setenv("LOGS", str(tmp_path))
    monkeypatch.setattr(Shape, "of", lambda seed, days: SHAPE)

    def run() -> str:
        assert command.main() == 1
        return capsys.readouterr().out

    return run


def test_the_command_says_in_a_line_that_it_is_of_another_year(said: Callable[[], str], tmp_path: Path) -> None:
    """And plays no day."""
    Logs(tmp_path, replace(SHAPE, seed=15)).save(played(), records(1))

    (line,) = said().splitlines()
    other = "is of another year (seed 15, not 14)"
    assert line == f"soak: {tmp_path / SAVED} {other}: name another LOGS, or delete it to begin anew"


def test_the_command_says_in_a_line_which_port_is_taken(said: Callable[[], str], tmp_path: Path) -> None:
    """The addresses of the proxies are in the state, so that no others will do."""
    with bind() as listener:
        port = listener.getsockname()[1]
        Logs(tmp_path, SHAPE).save(played(port), records(1))

        assert said() == (
            f"soak: zot: port {port} is taken (Address already in use), and the saved day has that address: "
            "end what listens there\n"
        )


def test_an_engine_that_a_killed_process_has_left_is_ended(tmp_path: Path) -> None:
    """It would ask the systems that are put back at the same addresses. Another ground's goes on."""
    folders = [tmp_path / "ground-1", tmp_path / "ground-10"]
    sleeping = [sys.executable, "-c", "import time; print(flush=True); time.sleep(600)"]
    homes = [os.environ | {"PULUMI_HOME": str(folder / "cell" / "home")} for folder in folders]
    ours, other = (subprocess.Popen(sleeping, env=env, stdout=subprocess.PIPE) for env in homes)
    try:
        for process in (ours, other):
            assert process.stdout is not None
            process.stdout.readline()

        end_engines_of(folders[0])

        assert ours.wait(60) == -9
        assert other.poll() is None
    finally:
        for process in (ours, other):
            process.kill()
            process.communicate()
