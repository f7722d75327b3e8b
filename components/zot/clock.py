"""
The registry's clock, which decides a key's age, compared with this machine's clock.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

_log = logging.getLogger(__name__)

# This program does not use this machine's clock for ages, but logins, certificates and people who compare dates do.
_FAR = timedelta(minutes=5)


class ClockWatch:
    """
    Logs once that the two clocks are far apart.
    """

    def __init__(self) -> None:
        self._warned = False

    def compare(self, registry: datetime) -> None:
        """
        Compare the registry's clock, from an answer that has just arrived.
        """
        apart = registry - datetime.now(UTC)
        if self._warned or abs(apart) <= _FAR:
            return
        self._warned = True
        way = "ahead of" if apart > timedelta(0) else "behind"
        hint = "set the one that is wrong: a key's age goes by zot's"
        _log.warning("zot: its clock is %s %s this machine's; %s", _in_words(abs(apart)), way, hint)


def _in_words(apart: timedelta) -> str:
    for unit, length in (("days", timedelta(days=1)), ("hours", timedelta(hours=1))):
        if apart >= 2 * length:
            return f"{apart // length} {unit}"
    return f"{apart // timedelta(minutes=1)} minutes"
