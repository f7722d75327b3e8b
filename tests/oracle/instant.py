"""
What must hold at every instant of a command, also of one that fails or is killed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from threading import Lock
from typing import Protocol

from tests.estate import Estate
from tests.oracle.evidence import Ours, Place, Seen, look
from tests.oracle.named import check


class Told(Protocol):
    """
    What a command is told to take away, or may, since the settings do not name it any more.
    """

    def place_may_go(self, place: Place, now: Seen) -> bool:
        """
        Whether a place may hold by now what it holds, or may be gone.
        """

    def key_may_go(self, username: str) -> bool:
        """
        Whether an account may be without a live key.
        """

    def account_may_go(self, username: str) -> bool:
        """
        Whether an account may be gone.
        """


class Nothing:
    """
    Of a command that is told to take nothing away.
    """

    def place_may_go(self, place: Place, now: Seen) -> bool:
        """
        No place.
        """
        return False

    def key_may_go(self, username: str) -> bool:
        """
        No account's key.
        """
        return False

    def account_may_go(self, username: str) -> bool:
        """
        No account.
        """
        return False


NOTHING = Nothing()


@check(1)
def each_place_keeps_a_live_key(served: Collection[Place], now: Seen, told: Told = NOTHING) -> Iterator[str]:
    """
    A place that was *served*, that is, held a key which the registry accepts, holds one.
    """
    for place in sorted(served):
        if now.key_in(place) is None and not told.place_may_go(place, now):
            yield f"{place} holds {now.what_is_held(place)}"


@check(1)
def each_place_keeps_the_key_of_its_account(owned: Mapping[Place, str], now: Seen) -> Iterator[str]:
    """
    A place that held a live key of its own account, given by name, holds no other account's.
    """
    for place, username in sorted(owned.items()):
        key = now.key_in(place)
        if key is not None and key.username != username:
            yield f"{place} holds a key of {key.username}, not of {username}"


@check(1)
def each_place_stays(there: Collection[Place], now: Seen, told: Told = NOTHING) -> Iterator[str]:
    """
    A place that was there, whatever was in it, is there: a command removes what it is told to remove and nothing else.
    """
    for place in sorted(there):
        if now.held[place] is None and not told.place_may_go(place, now):
            yield f"{place} was removed"


@check(1)
def each_account_keeps_a_live_key(usernames: Collection[str], now: Seen, told: Told = NOTHING) -> Iterator[str]:
    """
    An account that had a live key of ours has one. A key that was made meanwhile counts once a place has it.
    """
    alive = {key.username for key in now.keys if key.is_alive and key.is_ours}
    for username in sorted(set(usernames) - alive):
        if not told.key_may_go(username):
            yield f"no key of {username} is left"


@check(1)
def each_account_stays(uuids: Mapping[str, str], now: Seen, told: Told = NOTHING) -> Iterator[str]:
    """
    An account that was there, given by name with its uuid, is there, and no other one in its place.
    """
    for username, uuid in sorted(uuids.items()):
        user = now.users.get(username)
        if (user is None or user.uuid != uuid) and not told.account_may_go(username):
            yield f"the account {username} is {'gone' if user is None else 'another one'}"


@check(5)
def what_is_not_ours_stays(before: Mapping[str, str], now: Seen) -> Iterator[str]:
    """
    Somebody else's fields, items, secrets, variables, accounts and keys are what they were *before*, to the letter.
    """
    for name in sorted(before.keys() | now.others.keys()):
        if before.get(name) != now.others.get(name):
            happened = "changed" if name in before and name in now.others else "added or removed"
            yield f"somebody else's {name} was {happened}"


@check(5)
def no_item_is_written_as_a_whole(items_written_before: int, now: Seen) -> Iterator[str]:
    """
    Connect was asked to write fields only: an item that is written as a whole undoes what somebody edits meanwhile.
    """
    if now.items_written != items_written_before:
        yield f"{now.items_written - items_written_before} 1Password items were written as a whole"


class Watch:
    """
    Looks at one command, between any two of its requests.

    Args:
        told: what the command is told to take away.
    """

    def __init__(self, estate: Estate, ours: Ours, told: Told = NOTHING) -> None:
        self._estate, self._ours, self._told = estate, ours, told
        # A run asks from several threads.
        self._lock = Lock()
        self._found: dict[str, str] = {}
        self._served: set[Place] = set()
        self._owned: dict[Place, str] = {}
        self._there: set[Place] = set()
        self._with_key: set[str] = set()
        self._uuids: dict[str, str] = {}
        # What it was when the command began.
        self.before = look(estate, ours)
        self._learn(self.before)

    @property
    def findings(self) -> list[str]:
        """
        What was broken, each once, with what it came after.
        """
        return [f"{broken}{when and f', after {when}'}" for broken, when in self._found.items()]

    def look(self, when: str = "") -> Seen:
        """
        Look at all systems, *when* something has happened, and return what was seen.
        """
        with self._lock:
            try:
                return self._look(when)
            except Exception as exc:
                # Whoever calls this may swallow it: what could not be looked at has not held.
                self._found.setdefault(f"[the oracle itself] could not look: {exc!r}", when)
                raise

    def _look(self, when: str) -> Seen:
        now, told = look(self._estate, self._ours), self._told
        for broken in (
            *each_place_keeps_a_live_key(self._served, now, told),
            *each_place_keeps_the_key_of_its_account(self._owned, now),
            *each_place_stays(self._there, now, told),
            *each_account_keeps_a_live_key(self._with_key, now, told),
            *each_account_stays(self._uuids, now, told),
            *what_is_not_ours_stays(self.before.others, now),
            *no_item_is_written_as_a_whole(self.before.items_written, now),
        ):
            self._found.setdefault(broken, when)
        self._learn(now)
        return now

    def _learn(self, now: Seen) -> None:
        """
        Expect from now on what is there now.
        """
        owners = self._ours.owners
        for place, held in now.held.items():
            key = now.key_in(place)
            if held is not None:
                self._there.add(place)
            if key is not None:
                self._served.add(place)
                if owners.get(place) == key.username:
                    self._owned[place] = key.username
        # A key that no place has had may be one that its minter has tried and not found good: it is revoked again.
        stored = {key for place in now.held if (key := now.key_in(place)) is not None}
        known = now.keys if now is self.before else stored
        self._with_key |= {key.username for key in known if key.is_alive and key.is_ours}
        self._with_key &= self._ours.usernames
        for username, user in now.users.items():
            self._uuids.setdefault(username, user.uuid)
