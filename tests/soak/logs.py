"""
What a soak keeps in the folder LOGS: what came of each day, and the year as the last whole day has left it.

A year that was cut off goes on from there. With another seed, length, code or engine it does not, and does not begin
anew in that folder either: hours of days would be lost to a slip in a command line.
"""

from __future__ import annotations

import json
import os
import pickle
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.evidence.digest import CODE, ROOT, digest
from tests.evidence.recorder import engine_version
from tests.soak.known import Known
from tests.soak.year import Record, Year

SAVED, DAYS = "saved-day", "days.jsonl"
# What is played, and what plays and judges it: a class that is saved here is one of these folders.
_CODE = (CODE, *(ROOT / "tests" / name for name in ("estate", "oracle", "soak")))


class OtherYearError(Exception):
    """
    The folder has a year that this one cannot go on with.
    """


@dataclass(frozen=True)
class Shape:
    """
    What two processes that play one year have in common.
    """

    seed: int
    days: int
    code: str
    engine: str

    @classmethod
    def of(cls, seed: int, days: int) -> Shape:
        """
        Return that of this process.
        """
        return cls(seed, days, "-".join(map(digest, _CODE)), engine_version())


class Logs:
    """
    The folder; None keeps nothing.
    """

    def __init__(self, folder: Path | None, shape: Shape) -> None:
        self._folder, self._shape = folder, asdict(shape)
        if folder:
            folder.mkdir(parents=True, exist_ok=True)

    def saved(self) -> tuple[Known | None, list[Record]]:
        """
        Return what a year goes on with and the records of its days so far: of none if it begins.

        Raises:
            OtherYearError: another year is saved there.
        """
        file = self._folder / SAVED if self._folder else None
        if file is None or not file.exists():
            return None, []
        head, _, rest = file.read_bytes().partition(b"\n")
        there = json.loads(head)
        other = [
            f"{name} {there.get(name)}, not {ours}" for name, ours in self._shape.items() if there.get(name) != ours
        ]
        if other:
            message = f"{file} is of another year ({'; '.join(other)}): name another LOGS, or delete it to begin anew"
            raise OtherYearError(message)
        known, records = pickle.loads(zlib.decompress(rest))  # noqa: S301  # from a file of ours
        return known, records

    def save(self, year: Year, records: list[Record]) -> None:
        """
        Keep a year after the last of its *records*, and what the engine said on that day if it was not as promised. A
        process that is killed meanwhile leaves what was saved before.
        """
        if self._folder is None:
            return
        if records and records[-1].faults:
            (self._folder / f"day-{records[-1].number}.txt").write_text(year.text)
        (self._folder / DAYS).write_text("".join(f"{json.dumps(asdict(record))}\n" for record in records))
        new = self._folder / f"{SAVED}.new"
        with new.open("wb") as file:
            file.write(json.dumps(self._shape).encode() + b"\n" + zlib.compress(pickle.dumps((year.known(), records))))
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._folder / SAVED)

    def end(self) -> None:
        """
        Let go of the saved day of a year that is over.
        """
        if self._folder:
            (self._folder / SAVED).unlink(missing_ok=True)
