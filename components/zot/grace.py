"""
How long an older key lives after the last place got a newer one: by the settings, or by an order for one run.

An order is for a single rotation, as when a key has leaked or an old key is to stay for once. It comes from the run's
environment (`scripts/stack.py rotate --keep-old` sets it) and is no input of a resource, so the next preview shows no
change. The state remembers the order for each key that it keeps alive.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping

import msgspec

from ..http.errors import EnvironmentUnfitError
from .in_use import InUseRule

# `<user name>=<days>`: for that account, in this run.
_VARIABLE = "ZOT_CI_KEEP_OLD"


class Grace(msgspec.Struct, frozen=True):
    """
    In days.

    Args:
        setting: for every older key without an order.
        kept: orders of earlier runs, by the key's uuid.
        ordered: this run's order, for all older keys; None for no order.
        in_use: the settings' rule for a key that is in use after that.
    """

    setting: float
    kept: Mapping[str, float] = msgspec.field(default_factory=dict)
    ordered: float | None = None
    in_use: InUseRule = msgspec.field(default_factory=InUseRule)

    def of(self, uuid: str) -> float:
        """
        Return how many days that key lives.
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
        Return the orders to remember for the keys that were *left* alive.
        """
        known = self.kept if self.ordered is None else dict.fromkeys(left, self.ordered)
        return {uuid: known[uuid] for uuid in left if uuid in known}


def is_ordered_for(username: str) -> bool:
    """
    Whether this run has an order for that account, even an invalid one.
    """
    return os.environ.get(_VARIABLE, "").strip().rpartition("=")[0] == username


def ordered_for(username: str) -> float | None:
    """
    Return how many days this run's order keeps older keys of that account alive; None without an order.

    Raises:
        EnvironmentUnfitError: the order is invalid.
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
