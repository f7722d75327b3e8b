"""
What a command of a sequence may take away, and what it says.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from tests.oracle.evidence import Account, Place, Seen


@dataclass(frozen=True)
class MayGo:
    """
    What a command may take away, for the oracle: what it is *told* to, and what is no longer in the settings of today's
    *accounts*, once those are served: the store of record before an old field goes, every place before an old secret
    does. Only the account whose key the place held is asked about, or all, if that one has left the settings. A place
    that the run is to leave out can be in the way of neither.

    Args:
        told, left_out: places.
        held: by place, the name of the account whose live key it held when the command began.
        of_keys, of_accounts: the names of those that are to lose their keys, or to go themselves.
    """

    accounts: tuple[Account, ...]
    told: frozenset[Place]
    left_out: frozenset[Place]
    held: Mapping[Place, str]
    of_keys: frozenset[str]
    of_accounts: frozenset[str]

    def place_may_go(self, place: Place, now: Seen) -> bool:
        """
        Whether it was told so, or it is of yesterday's settings.
        """
        wanted = {one for account in self.accounts for one in account.places}
        if place in self.told or place in wanted:
            return place in self.told
        its_own = [account for account in self.accounts if account.username == self.held.get(place)]
        for account in its_own or self.accounts:
            needed = account.places[:1] if place.kind == "field" else account.places
            if any(now.key_in(one) is None for one in set(needed) - self.left_out):
                return False
        return True

    def key_may_go(self, username: str) -> bool:
        """
        Whether it was told so, or the account is of yesterday's settings.
        """
        return username in self.of_keys or self._is_of_yesterday(username)

    def account_may_go(self, username: str) -> bool:
        """
        Whether it was told so, or the account is of yesterday's settings.
        """
        return username in self.of_accounts or self._is_of_yesterday(username)

    def _is_of_yesterday(self, username: str) -> bool:
        return username not in {account.username for account in self.accounts}


@contextmanager
def log_of_ours() -> Iterator[io.StringIO]:
    """
    Gather what the program and its providers log, as a person sees it.
    """
    said = io.StringIO()
    handler, log = logging.StreamHandler(said), logging.getLogger("zot_ci")
    before = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield said
    finally:
        log.removeHandler(handler)
        log.setLevel(before)
