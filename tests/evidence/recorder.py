"""
How a harness writes down what it has measured.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from tests.engine.stack import engine_environment
from tests.evidence.digest import digest
from tests.evidence.records import Figure, Record, keep
from tests.evidence.tables import write_tables


def engine_version() -> str:
    """
    Return the version of the engine that the tests run.
    """
    with tempfile.TemporaryDirectory() as folder:
        env = engine_environment(Path(folder))
        said = subprocess.run(["pulumi", "version"], env=env, capture_output=True, text=True, check=True)
    return said.stdout.strip().removeprefix("v")


class Recorder:
    """
    What a harness keeps of its run, if RECORD in the environment asks for it. Make it when the run begins.

    Args:
        name: the file's.
        order: every part that there is, in the order in which the table has them.
        runs_the_engine: False for a run that needs none, whose record then names none.

    *code* is the digest of the code that it begins with.
    """

    def __init__(self, name: str, order: Sequence[str], *, runs_the_engine: bool = True) -> None:
        self._name, self._order, self._runs_the_engine = name, order, runs_the_engine
        self._wanted = bool(os.environ.get("RECORD"))
        self._day = f"{datetime.now(UTC):%Y-%m-%d}"
        self.code = digest()
        self._records: list[Record] = []

    def add(
        self,
        table: str,
        parts: Mapping[str, Mapping[str, Figure]],
        *,
        choices: Mapping[str, str] | None = None,
        seed: int | None = None,
    ) -> None:
        """
        Take the figures of *parts*. *choices* says, by part, what was tried of one that was not tried as a whole.
        """
        for part, figures in parts.items():
            choice = (choices or {}).get(part, "")
            if figures:
                self._records.append(Record(table, part, figures, self._day, self.code, choice=choice, seed=seed))

    def keep(self, *, also_of: Collection[str] = ()) -> str:
        """
        Write the records and the tables that are made of them; return a line that says so. *also_of* are the digests of
        what the figures have from an earlier run.
        """
        if not self._wanted:
            return "not recorded: RECORD=1 writes what this run measured into docs/evidence"
        if any(code != self.code for code in also_of):
            return "not recorded: the cells that an earlier run left in LOGS are of other code"
        if digest() != self.code:
            return "not recorded: components/ has changed while this ran"
        engine = engine_version() if self._runs_the_engine else ""
        sdk, python = importlib.metadata.version("pulumi"), platform.python_version()
        records = [replace(record, engine=engine, sdk=sdk, python=python) for record in self._records]
        keep(self._name, records, self._order)
        write_tables()
        partly = sorted({record.choice for record in self._records if record.choice})
        said = f"; not the whole: {'; '.join(partly)}" if partly else ""
        return f"recorded: {len(self._records)} parts of docs/evidence/{self._name}.json, code {self.code}{said}"
