"""
When a credential of ours ends, as far as that can be known, and the sentence that says so in time. Pure.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta

import msgspec

# From then on it is said, in every preview.
SOON = timedelta(days=30)
# How the line begins by which a look of `scripts/stack.py` learns of it; no run shows it to a person.
FACT = "credential: "


class Ending(msgspec.Struct, frozen=True):
    """
    The end of one credential.

    Args:
        name: the variable or the 1Password reference that has it, as messages call it.
        system, address: what it is for, and where that is.
        at: when it ends.
        hint: what to do, as an order.
        others: how many tokens of its user it may be instead, whose end is later or never: no answer says which one a
            request was made with.
    """

    name: str
    system: str
    address: str
    at: datetime
    hint: str
    others: int = 0

    def warning(self, now: datetime) -> str:
        """
        Return the sentence about an end that is near; empty for one that is not, or is over: the system refuses that
        credential, and the refusal says why.
        """
        left = self.at - now
        if not timedelta() < left <= SOON:
            return ""
        day = f"{self.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        days = f"in {left.days} days" if left.days > 1 else "in less than two days"
        doubt = f" (or another token of its user does, who has {self.others} more)" if self.others else ""
        return f"{self.name} ends on {day}, {days}{doubt}; {self.hint}"

    def fact(self, now: datetime) -> str:
        """
        Return the line for a look.
        """
        found = {
            "name": self.name,
            "system": self.system,
            "address": self.address,
            "expires_at": self.at.astimezone(UTC).isoformat(timespec="seconds"),
            "is_certain": not self.others,
            "warning": self.warning(now),
        }
        return FACT + json.dumps(found)


def lines(ending: Ending, now: datetime, *, every_fact: bool) -> list[tuple[int, str]]:
    """
    Return what a run says of an *ending*, each line with its level of the log: a warning if it is near, and, where a
    look asks for *every_fact*, when it is.
    """
    warning = ending.warning(now)
    return [
        *([(logging.WARNING, warning)] if warning else []),
        *([(logging.INFO, ending.fact(now))] if every_fact else []),
    ]
