"""
365 days in which the key is rotated each day: `make soak`.

Prints each day on which something was not as promised, and at the end the table of docs/promises.md; exit code 1 if
there was such a day, or if anything grew. DAYS in the environment shortens it, SEED gives other days, and LOGS=folder
keeps what came of each day, and what the engine said on one that was not as promised. RECORD=1 writes what came of all
of them into docs/evidence, and the table of docs/promises.md anew.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from tests.commands.ground import Ground
from tests.evidence.recorder import Recorder
from tests.grounds import ground_of_this_process
from tests.soak.plan import days
from tests.soak.table import facts, grown, markdown
from tests.soak.year import Record, Year

YEAR = 365
console = Console(soft_wrap=True, highlight=False, markup=False)


def main() -> int:
    """
    Play all days.
    """
    started = time.monotonic()
    seed = int(os.environ.get("SEED") or "14")
    plan = days(int(os.environ.get("DAYS") or f"{YEAR}"), seed)
    recorder = Recorder("soak", [])
    logs = Path(os.environ["LOGS"]) if os.environ.get("LOGS") else None
    records: list[Record] = []
    year = Year(ground_of_this_process(Ground), len(plan))
    with Progress(console=console) as progress:
        task = progress.add_task("days", total=len(plan))
        for day in plan:
            record = year.play(day)
            records.append(record)
            progress.advance(task)
            if record.faults:
                console.print(f"day {day.number}{day.trouble and f', {day.trouble}'}: {'; '.join(record.faults)}")
            if logs:
                _keep(logs, record, year.text)
    year.close()
    faults = grown(records)
    console.print(markdown(records))
    console.print(*faults, sep="\n")
    held = sum(not record.faults for record in records)
    console.print(f"soak: {len(records)} days, {held} as promised, in {(time.monotonic() - started) / 60:.0f} min")
    some = "" if len(records) == YEAR else f"the first {len(records)} days of {YEAR}"
    recorder.add("soak", {"": facts(records) | {"days as promised": f"{held}"}}, choices={"": some}, seed=seed)
    console.print(recorder.keep())
    return 0 if held == len(records) and not faults else 1


def _keep(logs: Path, record: Record, text: str) -> None:
    logs.mkdir(parents=True, exist_ok=True)
    with (logs / "days.jsonl").open("a") as file:
        file.write(json.dumps(asdict(record)) + "\n")
    if record.faults:
        (logs / f"day-{record.number}.txt").write_text(text)


if __name__ == "__main__":
    sys.exit(main())
