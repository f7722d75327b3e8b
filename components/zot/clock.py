"""
The registry's clock, which decides how old a key is, beside this machine's.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

_log = logging.getLogger(__name__)

# Nothing here depends on this machine's clock, but logins and certificates do, and people who compare dates.
_FAR = timedelta(minutes=5)


class ClockWatch:
    """
    Says in the log, once, that the two clocks are far apart.
    """

    def __init__(self) -> None:
        self._warned = False

    def compare(self, registry: datetime) -> None:
        """
        Compare the registry's clock, as an answer that has just come shows it.
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
