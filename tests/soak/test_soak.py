"""
A week of `make soak`, on any day the same one; and that its jobs would notice.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands.ground import Ground
from tests.engine.stack import engine_is_there
from tests.faults.proxy import Fault
from tests.soak.logs import Logs, Shape
from tests.soak.plan import SYSTEMS, Day, days, lasting_ports
from tests.soak.table import grown, markdown
from tests.soak.year import Record, Year

SEED = 14
# After each of the two that go wrong a run finishes what they left, and the jobs of that morning have an older key.
WEEK = [
    Day(1, 2),
    Day(2, 3, away="forgejo", fault=Fault.ERROR_503),
    Day(3, 1),
    Day(4, 2, another_up_after_hours=7),
    Day(5, 4, kill_at=1),
    Day(6, 2),
    Day(7, 3),
]


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    """Systems and stack of this module."""
    if not engine_is_there():
        pytest.skip("no pulumi on PATH: `make tools` gets one")
    with Ground.opened() as opened:
        yield opened


@pytest.mark.slow
@pytest.mark.embedded
def test_nobody_notices_a_week_of_rotations(tmp_path: Path) -> None:
    """
    A place away on one day, a run killed right after its mint on another, and no push is refused.

    The week is cut off in between, where the secret has the key before, and the last days are played elsewhere.
    """
    if not engine_is_there():
        pytest.skip("no pulumi on PATH: `make tools` gets one")
    logs = Logs(tmp_path, Shape(SEED, len(WEEK), "this code", "this engine"))
    for days_of_one_ground in (WEEK[:2], WEEK[2:]):
        known, records = logs.saved()
        with Ground.opened(known.ports if known else lasting_ports()) as ground:
            year = Year(ground, SEED, known=known)
            records += [year.play(day) for day in days_of_one_ground]
            logs.save(year, records)
            year.close()

    assert [f"day {record.number}: {fault}" for record in records for fault in record.faults] == []
    assert sum(record.pushes_during_ups for record in records) > 7 * 5
    assert sum(record.rotations for record in records) == 7
    assert [record.drift_code for record in records] == [0, 0, 7, 0, 0, 7, 0]
    assert [record.notes for record in records] == [0, 0, 0, 0, 1, 1, 1]


@pytest.mark.slow
@pytest.mark.embedded
def test_without_a_grace_the_jobs_under_way_are_refused(ground: Ground) -> None:
    """What the settings promise no cover for; were it not seen here, nothing would be seen in a year."""
    year = Year(ground, SEED, days_of_grace=0)

    record = year.play(Day(1, 2))

    year.close()
    assert record.up_code == 0
    assert record.refused > 0
    assert all(fault.startswith("[no push is refused] 401 for a job that read the ") for fault in record.faults)


@pytest.mark.slow
@pytest.mark.embedded
def test_jobs_longer_than_the_grace_and_consumers_that_poll_keep_their_key_while_they_use_it(ground: Ground) -> None:
    """With `retireWhenUnused`, in the same week: jobs of 50 hours, a poll each 36, and a bound on live keys."""
    year = Year(ground, SEED, when_unused=True, beyond_the_grace=True)

    records = [year.play(day) for day in WEEK]

    year.close()
    assert [f"day {record.number}: {fault}" for record in records for fault in record.faults] == []
    # A job that began just before a rotation uses its key for 50 hours more, and a day later the next `up` ends that. A
    # grace alone makes three, on a day after one that went wrong.
    assert 3 < max(record.live for record in records) <= 5
    assert max(record.most_live for record in records) <= 6


@pytest.mark.slow
@pytest.mark.embedded
def test_without_the_setting_jobs_longer_than_the_grace_are_refused(ground: Ground) -> None:
    """The same jobs notice."""
    year = Year(ground, SEED, beyond_the_grace=True)

    records = [year.play(Day(number, 2)) for number in range(1, 4)]

    year.close()
    assert [record.up_code for record in records] == [0, 0, 0]
    assert sum(record.refused for record in records) > 0


def test_a_plan_can_be_repeated_and_has_every_trouble_in_a_year() -> None:
    """A shorter one is its beginning."""
    year = days(365, SEED)

    assert days(30, SEED) == year[:30]
    assert {day.away for day in year} == {"", *SYSTEMS}
    assert {day.kill_at for day in year} == {0, 1, 2, 3, 4}
    assert year[0].is_ordinary


def test_what_grew_is_told() -> None:
    """By the ordinary days of both halves alone."""
    steady = [Record(number, ups=1, rotations=1, live=2, state_bytes=28000, requests=21) for number in range(1, 9)]
    for day in steady[4:]:
        day.state_bytes += 1000
    steady[1] = Record(2, trouble="zot away (refuse)", ups=1, live=3, state_bytes=90000)

    assert grown(steady) == ["[nothing grows] state without killed runs' notes grew from 28000 to 29000"]
    assert "| days with a system away for the whole `up` | 1 (zot 1) |" in markdown(steady)
    assert grown(steady[:1]) == ["too few ordinary days to say whether anything grew"]
