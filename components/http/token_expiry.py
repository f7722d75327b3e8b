"""
When one of the program's own tokens expires, and the warning about it. Pure.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta

import msgspec

# This long before the expiry the warning begins; every preview repeats it.
SOON = timedelta(days=30)
# The begin of a line for the looks of `scripts/stack.py`, which remove it before a person sees it.
FACT = "credential: "


class TokenExpiry(msgspec.Struct, frozen=True):
    """
    When one token expires.

    Args:
        name: the variable or the 1Password reference that has the token.
        system, address: the system that the token is for, and its address.
        at: when it expires.
        hint: what to do.
        others: how many other tokens its user has, which expire later or never. If there are any, this one may not be
            the one that expires at *at*: no answer says which token a request was made with.
    """

    name: str
    system: str
    address: str
    at: datetime
    hint: str
    others: int = 0

    def warning(self, now: datetime) -> str:
        """
        Return the warning if the token expires soon; else an empty text. An expired token needs no warning: the
        system refuses it, and the refusal says why.
        """
        left = self.at - now
        if not timedelta() < left <= SOON:
            return ""
        day = f"{self.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        days = f"in {left.days} days" if left.days > 1 else "in less than two days"
        doubt = f" (or another token of its user does, who has {self.others} more)" if self.others else ""
        return f"{self.name} expires on {day}, {days}{doubt}; {self.hint}"

    def fact(self, now: datetime) -> str:
        """
        Return the line for a look of `scripts/stack.py`.
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


def lines(expiry: TokenExpiry, now: datetime, *, every_fact: bool) -> list[tuple[int, str]]:
    """
    Return the lines that a run logs about an *expiry*, each with its log level: a warning if it is near, and the fact
    itself if a look asks for *every_fact*.
    """
    warning = expiry.warning(now)
    return [
        *([(logging.WARNING, warning)] if warning else []),
        *([(logging.INFO, expiry.fact(now))] if every_fact else []),
    ]
