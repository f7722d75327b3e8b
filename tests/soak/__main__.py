"""
365 days in which the key is rotated each day: `make soak`.

Prints each day on which something was not as promised, and at the end the table of docs/promises.md; exit code 1 if
there was such a day, or if anything grew. DAYS in the environment shortens it, SEED gives other days, and LOGS=folder
keeps what came of each day, and what the engine said on one that was not as promised. RECORD=1 writes what came of all
of them into docs/evidence, and the table of docs/promises.md anew.

LOGS also keeps the year itself after each day, in the file *saved-day*, until it is over: the same command goes on from
there if it was cut off (tests/soak/known.py says what is in it). A year of another seed, number of days, code or engine
is refused in one line, and so is a port of the saved addresses that is taken.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from tests.commands.ground import Ground
from tests.estate import PortTakenError
from tests.evidence.recorder import Recorder
from tests.grounds import ground_of_this_process
from tests.soak.logs import Logs, OtherYearError, Shape
from tests.soak.plan import days, lasting_ports
from tests.soak.table import facts, grown, markdown
from tests.soak.year import Year

YEAR = 365
console = Console(soft_wrap=True, highlight=False, markup=False)


def main() -> int:
    """
    Play all days that are left.
    """
    seed = int(os.environ.get("SEED") or "14")
    plan = days(int(os.environ.get("DAYS") or f"{YEAR}"), seed)
    recorder = Recorder("soak", [])
    logs = Logs(Path(os.environ["LOGS"]) if os.environ.get("LOGS") else None, Shape.of(seed, len(plan)))
    try:
        known, records = logs.saved()
        ground = ground_of_this_process(Ground, known.ports if known else lasting_ports())
    except OtherYearError as error:
        console.print(f"soak: {error}")
        return 1
    except PortTakenError as error:
        console.print(f"soak: {error}, and the saved day has that address: end what listens there")
        return 1
    year = Year(ground, seed, known=known)
    if known:
        console.print(f"soak: goes on after day {len(records)} of {len(plan)}")
    logs.save(year, records)
    with Progress(console=console) as progress:
        task = progress.add_task("days", total=len(plan), completed=len(records))
        for day in plan[len(records) :]:
            record = year.play(day)
            records.append(record)
            progress.advance(task)
            if record.faults:
                console.print(f"day {day.number}{day.trouble and f', {day.trouble}'}: {'; '.join(record.faults)}")
            logs.save(year, records)
    year.close()
    faults = grown(records)
    console.print(markdown(records))
    console.print(*faults, sep="\n")
    held = sum(not record.faults for record in records)
    minutes = sum(record.seconds for record in records) / 60
    console.print(f"soak: {len(records)} days, {held} as promised, in {minutes:.0f} min")
    some = "" if len(records) == YEAR else f"the first {len(records)} days of {YEAR}"
    recorder.add("soak", {"": facts(records) | {"days as promised": f"{held}"}}, choices={"": some}, seed=seed)
    console.print(recorder.keep())
    logs.end()
    return 0 if held == len(records) and not faults else 1


if __name__ == "__main__":
    sys.exit(main())
