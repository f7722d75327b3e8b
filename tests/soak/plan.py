"""
What each day of a soak brings. The same seed gives the same days.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from tests.faults.proxy import Fault
from tests.ports import free_port

SYSTEMS = ("authentik", "zot", "onepassword", "forgejo")
# How a system is away for a whole `up`. A stall costs as many seconds as the program waits, so it is the rarest.
_AWAY = (Fault.REFUSE, Fault.REFUSE, Fault.ERROR_503, Fault.ERROR_503, Fault.STALL)
# Of a rotation: the mint, the field, the secret, the end of the key before.
KILLS = 4
# A trouble that lasts: more days than this in a row are somebody's to look at, which is not what is tried here.
_IN_A_ROW = 3


@dataclass(frozen=True)
class Day:
    """
    One day.

    Args:
        number: from 1.
        late_minutes: how much later than the day before its `up` begins.
        away: the system that gives no answer to its `up`, and how; empty for none.
        kill_at: the changing request of its `up` at which that is killed; 0 for none.
        another_up_after_hours: an `up` in between, as a push to the main branch brings one; 0 for none.
    """

    number: int
    late_minutes: float
    away: str = ""
    fault: Fault = Fault.REFUSE
    kill_at: int = 0
    another_up_after_hours: float = 0

    @property
    def is_ordinary(self) -> bool:
        """
        Whether nothing goes wrong.
        """
        return not self.away and not self.kill_at

    @property
    def trouble(self) -> str:
        """
        What goes wrong, in words; empty for an ordinary day.
        """
        if self.away:
            return f"{self.away} away ({self.fault.word})"
        return f"killed at changing request {self.kill_at}" if self.kill_at else ""


def days(count: int, seed: int) -> list[Day]:
    """
    Return the days of a soak: one in eight has a system away for its whole `up`, one in twelve a killed `up`, one in
    ten a second `up`. The first day is ordinary.
    """
    chance = random.Random(seed)  # noqa: S311  # a plan that can be repeated, no secret
    found: list[Day] = []
    for number in range(1, count + 1):
        # All drawn on every day, so that a rule about one day does not change those after it.
        late, what = chance.uniform(1, 4), chance.random()
        system, fault, kill_at = chance.choice(SYSTEMS), chance.choice(_AWAY), chance.randint(1, KILLS)
        again = chance.uniform(3, 20) if chance.random() < 0.1 else 0.0
        troubled = len(found) >= _IN_A_ROW and not any(day.is_ordinary for day in found[-_IN_A_ROW:])
        if number == 1 or troubled or what >= 1 / 8 + 1 / 12:
            found.append(Day(number, late, another_up_after_hours=again))
        elif what < 1 / 8:
            found.append(Day(number, late, away=system, fault=fault))
        else:
            found.append(Day(number, late, kill_at=kill_at))
    return found


def lasting_ports() -> dict[str, int]:
    """
    Return a port for each system that it can have again when the year goes on.
    """
    return {name: free_port() for name in SYSTEMS}
