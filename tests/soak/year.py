"""
The days of a soak, played one after the other: jobs that push, a nightly drift check, an `up`.
"""

from __future__ import annotations

import json
import random
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from tests.commands.ground import Ground
from tests.engine.prepared import NEW, State
from tests.engine.stack import Run, Stack
from tests.faults.proxy import Fault, Plan
from tests.oracle.evidence import Seen
from tests.oracle.rest import in_sync, no_session_is_left
from tests.oracle.shown import (
    a_fault_is_told_in_a_sentence,
    a_preview_changes_nothing,
    no_push_is_refused,
    no_secret_is_in_a_file,
    no_secret_is_shown,
)
from tests.soak.client import Client
from tests.soak.known import Known
from tests.soak.plan import Day
from tests.soak.watch import GRACE, ROTATES_AFTER, Eyes, Keys
from tests.world import ITEM, VAULT, World

EXPIRES_AFTER = timedelta(days=7)
# After an `up`: half an hour each while jobs hold a key that it may have replaced, and again before the next one.
_STEPS_HOURS = (*[0.5] * 5, *[2.0] * 9, *[0.5] * 6)
_BEFORE_THE_UP_HOURS = 0.5
_DUE, _STALE = "old, rotates after 1", " with our label: "


@dataclass
class Record:
    """
    What came of one day. Sizes are those after its `up`.

    Attributes:
        state_bytes: of the state without *notes*.
        notes: "pending operations" in the state: each run that is killed while it makes a key leaves one.
        faults: what was not as promised.
    """

    number: int
    trouble: str = ""
    ups: int = 0
    rotations: int = 0
    drift_code: int = 0
    up_code: int = 0
    pushes: int = 0
    pushes_during_ups: int = 0
    refused: int = 0
    live: int = 0
    most_live: int = 0
    state_bytes: int = 0
    notes: int = 0
    item_bytes: int = 0
    peak_bytes: int = 0
    requests: int = 0
    seconds: float = 0
    faults: list[str] = field(default_factory=list)

    @property
    def is_ordinary(self) -> bool:
        """
        Whether it can be compared with another one: nothing went wrong, a key and the one before it are alive.
        """
        return not self.trouble and self.up_code == 0 and self.live == 2 and self.rotations == 1 == self.ups


def settings(days_of_grace: float = GRACE / timedelta(days=1), *, when_unused: bool = False) -> dict[str, float]:
    """
    Return what the account's settings say of its key's days.
    """
    day = timedelta(days=1)
    rotates, expires = ROTATES_AFTER / day, EXPIRES_AFTER / day
    waits = {"retireWhenUnused": True} if when_unused else {}
    return {"rotateAfterDays": rotates, "expireAfterDays": expires, "retireAfterDays": days_of_grace, **waits}


class Year:
    """
    A soak under way.

    Args:
        ground: systems, stack and what forks the engine's processes; it is brought to where the year begins.
        seed: of what jobs do by chance.
        days_of_grace: `retireAfterDays`; another than *GRACE* is to see that pushes are refused then.
        when_unused: `retireWhenUnused`.
        beyond_the_grace: whether there are jobs and consumers that hold a key for longer than that.
        known: where another year has ended that had the same arguments; by default it begins with the first `up`.
    """

    def __init__(
        self,
        ground: Ground,
        seed: int,
        days_of_grace: float = GRACE / timedelta(days=1),
        *,
        when_unused: bool = False,
        beyond_the_grace: bool = False,
        known: Known | None = None,
    ) -> None:
        self._ground = ground
        waits = ", and while it is used" if when_unused else ""
        configured = _configured(days_of_grace, when_unused=when_unused)
        if known:
            known.put_back(ground)
        else:
            ground.begin_at(State(f"a grace of {days_of_grace:g} days{waits}", configured, NEW))
        ground.stack.env["PULUMI_CONTINUE_ON_ERROR"] = "true"
        self._world, self._clock = ground.world, ground.estate.clock
        self._keys = Keys(ground, timedelta(days=days_of_grace), when_unused)
        self._in_sync_since: datetime | None = None
        self.text = ""
        chance = random.Random(seed)  # noqa: S311  # what can be repeated, no secret
        self.client = Client(self._world, chance, beyond_the_grace)
        if known:
            self._in_sync_since = known.in_sync_since
            self._keys.replaced_at.update(known.replaced_at)
            self.client.go_on(known.client)
            return
        first = ground.run("up", "--yes", "--skip-preview")
        assert first.code == 0, first.text
        self._in_sync_since = self._clock.now()
        self.client.start_consumers()

    def close(self) -> None:
        """
        No more jobs.
        """
        self.client.close()

    def known(self) -> Known:
        """
        Return what a year needs to go on from here. What jobs know is no copy: save it before the next day.
        """
        return Known.of(
            self._ground,
            client=self.client.known(),
            replaced_at=self._keys.replaced_at,
            in_sync_since=self._in_sync_since,
        )

    def play(self, day: Day) -> Record:
        """
        Play one day: from an `up` of the day before to the end of this day's own.
        """
        started = time.monotonic()
        record, self.text = Record(day.number, day.trouble), ""
        pushes, refused = self.client.pushes, len(self.client.refused)
        self._keys.most_live = 0
        again = day.another_up_after_hours
        since = 0.0
        for hours in _STEPS_HOURS:
            since += hours
            self._clock.advance(hours=hours)
            self.client.push_all()
            self.client.begin()
            if again and since >= again:
                again = 0
                self._up(record, Day(day.number, 0))
        self._drift(record)
        self._clock.advance(hours=_BEFORE_THE_UP_HOURS, minutes=day.late_minutes)
        self.client.push_all()
        self.client.begin()
        self._up(record, day)
        self._measure(record)
        record.pushes, record.refused = self.client.pushes - pushes, len(self.client.refused) - refused
        secrets = self._world.estate.secrets
        record.faults += [
            *no_push_is_refused(self.client.refused[refused:]),
            *no_secret_is_shown(secrets, self.text),
            *no_secret_is_in_a_file(secrets, self._ground.stack.state),
        ]
        record.seconds = round(time.monotonic() - started, 1)
        self._tidy()
        return record

    def _drift(self, record: Record) -> None:
        """
        The nightly check: it says what the next `up` will do, and nothing if that is nothing.
        """
        self._ground.let_reads_catch_up()
        due, over, before = self._keys.is_due(), self._keys.over(), self._keys.look()
        run = self._ground.run("preview", "--expect-no-changes")
        self.text += run.text
        record.faults += a_preview_changes_nothing(before, self._keys.look())
        record.drift_code = run.code
        in_sync = self._in_sync_since is not None
        wanted = 0 if in_sync and not due and not over else 7
        if run.code != wanted:
            record.faults.append(f"the drift check ended with {run.code}, not {wanted}")
        if in_sync and (_DUE in run.text) != due:
            record.faults.append("the drift check is wrong about whether the key is due")
        if in_sync and (_STALE in run.text) != bool(over):
            record.faults.append("the drift check is wrong about whether an older key is to end")

    def _up(self, record: Record, day: Day) -> None:
        """
        An `up` as the day has it, with jobs that push meanwhile.
        """
        self._ground.let_reads_catch_up()
        began, newest, due = self._clock.now(), self._keys.live()[-1], self._keys.is_due()
        stack, proxies = self._ground.stack, self._ground.proxies
        with self.client.pushing():
            during = self.client.pushes
            if day.away and day.fault is Fault.STALL:
                stack.env["ZOT_CI_TIMEOUT_SECONDS"] = "0.5"
            eyes = Eyes(self._keys, day.kill_at)
            proxies.plan = Plan(after=eyes.after, away={day.away: day.fault} if day.away else {})
            process = stack.begin("up", "--yes", "--skip-preview")
            eyes.kill = lambda: self._ground.kill(process)
            run = self._ground.finish(process)
            proxies.plan = Plan()
            stack.env.pop("ZOT_CI_TIMEOUT_SECONDS", None)
        record.pushes_during_ups += self.client.pushes - during
        # Whatever the jobs came to push meanwhile: each that is under way does so once after what the run has revoked.
        self.client.push_all()
        self.text += run.text
        record.ups += 1
        record.up_code, record.requests, record.peak_bytes = run.code, eyes.requests, eyes.peak_bytes
        rotated = self._keys.live()[-1].uuid != newest.uuid
        record.rotations += rotated
        record.faults += eyes.faults
        record.faults += self._ended_well(day, run, killed=eyes.killed, rotated=rotated, due=due)
        if day.kill_at and not eyes.killed:
            # It asked for fewer changes than that, as where no key is to end: an ordinary day.
            record.trouble = ""
        if eyes.killed:
            cancelled = stack.cancel()
            self.text += cancelled.text
        else:
            record.faults += a_fault_is_told_in_a_sentence(run.text)
        if run.code:
            self._in_sync_since = None
        else:
            self._in_sync_since = began
            record.faults += self._after_one_that_ended(eyes.before)
        record.most_live = self._keys.most_live

    def _ended_well(self, day: Day, run: Run, *, killed: bool, rotated: bool, due: bool) -> list[str]:
        faults = []
        fails = killed or day.away not in ("", "authentik")
        if bool(run.code) != fails:
            faults.append(f"the up ended with {run.code}")
        if not fails and self._in_sync_since is not None and rotated != due:
            faults.append("a key that was due stayed" if due else "a key that was not due was replaced")
        return faults

    def _after_one_that_ended(self, before: Seen) -> list[str]:
        """
        Both places hold the newest key, and each older one is in its grace, as far as it was over *before* the run: its
        sweep comes a moment earlier than this look.
        """
        now, ours = self._keys.look(), self._keys.ours
        (account,) = ours.accounts
        history = replace(self._keys.note_replaced(), before=before, as_of=before.at)
        return [*in_sync(ours, now, history), *no_session_is_left(account, before, now)]

    def _measure(self, record: Record) -> None:
        record.live = len(self._keys.live())
        (file,) = (self._ground.stack.state / ".pulumi" / "stacks").rglob(f"{self._ground.stack.name}.json")
        state = json.loads(file.read_text())
        record.notes = len(state["checkpoint"]["latest"].pop("pending_operations", []))
        record.state_bytes = len(json.dumps(state, indent=4))
        record.item_bytes = len(json.dumps(self._ground.estate.onepassword.item(VAULT, ITEM).current))

    def _tidy(self) -> None:
        """
        Forget what was asked, the images of the day, as a registry's retention does, and the engine's copies of the
        state, which were searched for secrets today: none is the program's.
        """
        for copies in ("history", "backups"):
            shutil.rmtree(self._ground.stack.state / ".pulumi" / copies, ignore_errors=True)
        self._ground.estate.log.clear()
        for repository in self._ground.estate.zot.repositories.values():
            repository.tags.clear()
        self._ground.estate.check()


def _configured(days_of_grace: float, *, when_unused: bool) -> Callable[[World, Stack], None]:
    account = settings(days_of_grace, when_unused=when_unused)
    return lambda world, stack: stack.configure(world.config(**account) | {"zot-ci:upEveryDays": 1})
