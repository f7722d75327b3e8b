"""
How long an older key lives after its successor was made: by the settings, or by an order for one run.

The order is no setting: a key has leaked, or the old one is to stay for a while, this time. It comes from the
environment of the run (`scripts/stack.py rotate --keep-old` sets it) and is no input of a resource, so that the next
preview finds nothing changed. What it leaves alive is remembered in the state, key by key.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..http.errors import EnvironmentUnfitError
from .in_use import InUseRule

# `<user name>=<days>`: for that account, in this run.
_VARIABLE = "ZOT_CI_KEEP_OLD"


@dataclass(frozen=True)
class Grace:
    """
    In days.

    Args:
        setting: for every older key of which nothing else is known.
        kept: what an order of an earlier run said of a key, by its uuid.
        ordered: what this run's order says of all of them; None for no order.
        in_use: the settings' rule for a key that is in use after that.
    """

    setting: float
    kept: Mapping[str, float] = field(default_factory=dict)
    ordered: float | None = None
    in_use: InUseRule = field(default_factory=InUseRule)

    def of(self, uuid: str) -> float:
        """
        Return how long that key lives.
        """
        return self.kept.get(uuid, self.setting) if self.ordered is None else self.ordered

    @property
    def in_use_rule(self) -> InUseRule:
        """
        The rule for a key that is in use when its grace is over; an order overrides the settings' rule.
        """
        return self.in_use if self.ordered is None else InUseRule()

    def remembered(self, left: list[str]) -> dict[str, float]:
        """
        Return what is to be remembered of the keys that were *left* alive: what an order said of them.
        """
        known = self.kept if self.ordered is None else dict.fromkeys(left, self.ordered)
        return {uuid: known[uuid] for uuid in left if uuid in known}


def is_ordered_for(username: str) -> bool:
    """
    Whether something is ordered for this run and that account, readable or not.
    """
    return os.environ.get(_VARIABLE, "").strip().rpartition("=")[0] == username


def ordered_for(username: str) -> float | None:
    """
    Return how many days this run is to leave older keys of that account alive; None where nothing is ordered.

    Raises:
        EnvironmentUnfitError: the order cannot be read.
    """
    order = os.environ.get(_VARIABLE, "").strip()
    if not order:
        return None
    name, _, text = order.rpartition("=")
    try:
        days = float(text)
    except ValueError:
        days = math.nan
    if not name or not math.isfinite(days) or days < 0:
        msg = f"{_VARIABLE} must be a user name, =, and a number of days that is not negative; correct or remove it"
        raise EnvironmentUnfitError(msg)
    return days if name == username else None
