"""
What must hold when nothing runs: after the one plain `up` that follows every command, after a run that had to leave
something out, and after a destroy.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from tests.oracle.evidence import Account, Key, Ours, Place, Seen
from tests.oracle.named import check

_A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class History:
    """
    What has to be known besides what is seen now, to say which old keys may live.

    Args:
        before: what was seen when the last command began.
        replaced_at: since when it is known of an old key, by uuid, that no place holds it: since the first `up` that
            ended well with another key in each of them. Its grace ends at the latest so long after that, and at the
            earliest so long after the birth of the key that followed it: a run that was killed can come between.
        as_of: when the last run looked which graces were over, if that is not now: it may have been a moment ago.
        told_to_end: whether a command was told to end old keys at once.
        newer_may_live: whether a key newer than the one in use may be left: after an older state nobody ends it.
    """

    before: Seen | None = None
    replaced_at: Mapping[str, datetime] = field(default_factory=dict)
    as_of: datetime | None = None
    told_to_end: bool = False
    newer_may_live: bool = False


def in_sync(ours: Ours, now: Seen, history: History | None = None, without: Collection[Place] = ()) -> list[str]:
    """
    Hold all accounts to what must be after an `up` that ended well.

    Args:
        without: places that the settings do not name any more.
    """
    known = history or History()
    found = each_place_holds_the_key_in_use(ours, now, without)
    for account in ours.accounts:
        found += [
            *the_key_in_use_has_our_label(ours, account, now),
            *no_key_is_newer_than_the_one_in_use(ours, account, now, known),
            *no_key_outlives_its_grace(ours, account, now, known),
            *no_key_ends_within_its_grace(ours, account, now, known),
            *each_account_is_as_wanted(account, now),
            *no_mfa_device_is_left(account, now),
        ]
    return found


def in_use(account: Account, now: Seen) -> Key | None:
    """
    Return the live key in the account's store of record.
    """
    return now.key_in(account.places[0])


def over(ours: Ours, account: Account, now: Seen, history: History) -> list[Key]:
    """
    Return the old keys that exist although their grace was over.
    """
    current = in_use(account, now) or now.newest(account.username, ours.label(account.username))
    if current is None:
        return []
    grace, moment = timedelta(days=account.grace_days), history.as_of or now.at
    return [
        key
        for key, followed_at in _followed(ours, account, now, history)
        if key.born < current.born
        and now.key_of(key.uuid) is not None
        and max(followed_at, history.replaced_at.get(key.uuid, followed_at)) + grace <= moment
        and not _waits(account, key, moment)
    ]


def _waits(account: Account, key: Key, moment: datetime) -> bool:
    """
    Whether an old key stays for its use.
    """
    return account.waits_while_used and key.is_alive and key.used_at > moment - _A_DAY


def _followed(ours: Ours, account: Account, now: Seen, history: History) -> Iterator[tuple[Key, datetime]]:
    """
    Yield each key that was followed by another one, with that one's birth.
    """
    before = history.before.keys if history.before else ()
    known = {key.uuid: key for key in _known(ours, account, (*before, *now.keys))}
    for key, successor in pairwise(sorted(known.values(), key=lambda key: key.born)):
        yield key, successor.born


def _known(ours: Ours, account: Account, keys: Iterable[Key]) -> list[Key]:
    """
    Return which of *keys* the state knows to be the account's.
    """
    labels = account.earlier_labels | {ours.label(account.username)}
    return [key for key in keys if key.username == account.username and key.label in labels]


@check(2)
def each_place_holds_the_key_in_use(ours: Ours, now: Seen, without: Collection[Place] = ()) -> Iterator[str]:
    """
    Every place of an account has the same live key, the account's own.
    """
    for account in ours.accounts:
        key = in_use(account, now)
        if key is None:
            yield f"{account.places[0]} holds {now.what_is_held(account.places[0])}"
        elif key.username != account.username:
            yield f"{account.places[0]} holds a key of {key.username}, not of {account.username}"
        for place in account.places[1:]:
            if place not in without and (key is None or now.held[place] != key.text):
                yield f"{place} does not hold the key that {account.username} has in its store of record"


@check(2)
def the_key_in_use_has_our_label(ours: Ours, account: Account, now: Seen) -> Iterator[str]:
    """
    It is one of this stack's.
    """
    key = in_use(account, now)
    if key is not None and key.label != ours.label(account.username):
        yield f"the key in use of {account.username} has the label {key.label}"


@check(2)
def no_key_is_newer_than_the_one_in_use(ours: Ours, account: Account, now: Seen, history: History) -> Iterator[str]:
    """
    A key that was made, and reached no place, is not left alive. One with an earlier label is revoked by the next
    rotation, when it is older.
    """
    key, label = in_use(account, now), ours.label(account.username)
    known = [one for one in _known(ours, account, now.keys) if one.label == label]
    if key and any(one.born > key.born for one in known) and not history.newer_may_live:
        yield f"{account.username} has a key newer than the one in use"


@check(2)
def no_key_outlives_its_grace(ours: Ours, account: Account, now: Seen, history: History) -> Iterator[str]:
    """
    An old key of ours is ended when its grace is over; without a grace, at once.
    """
    for key in over(ours, account, now, history):
        yield f"an old key of {account.username}, made {key.born:%Y-%m-%d}, lives on after its grace"


@check(2)
def no_key_ends_within_its_grace(ours: Ours, account: Account, now: Seen, history: History) -> Iterator[str]:
    """
    An old key that something may still use lives on, unless a command was told otherwise, or it expired.
    """
    if history.told_to_end:
        return
    for key, followed_at in _followed(ours, account, now, history):
        grace_goes_on = now.at < followed_at + timedelta(days=account.grace_days)
        if now.key_of(key.uuid) is None and key.is_alive and (grace_goes_on or _waits(account, key, now.at)):
            why = "within its grace" if grace_goes_on else "though it had been used within a day"
            yield f"an old key of {account.username}, made {key.born:%Y-%m-%d}, was ended {why}"


@check(2)
def each_account_is_as_wanted(account: Account, now: Seen) -> Iterator[str]:
    """
    It exists, is an active service account, and is in exactly the groups of the settings.
    """
    if account.groups is None:
        return
    user = now.users.get(account.username)
    if user is None:
        yield f"there is no account {account.username}"
    elif (user.kind, user.is_active, user.groups) != ("service_account", True, account.groups):
        yield f"the account {account.username} has another type, is not active, or is in other groups"


@check(2)
def no_mfa_device_is_left(account: Account, now: Seen) -> Iterator[str]:
    """
    A login enrols one and takes it away.
    """
    user = now.users.get(account.username)
    if user is not None and user.devices:
        yield f"{account.username} has {user.devices} MFA devices"


@check(2)
def no_session_is_left(account: Account, before: Seen, now: Seen) -> Iterator[str]:
    """
    A run that nothing disturbs ends each session that it began in authentik. The account may have had another name.
    """
    user = now.users.get(account.username)
    then = sum(one.sessions for one in before.users.values() if user and one.uuid == user.uuid)
    if user is not None and user.sessions > then:
        yield f"{account.username} has {user.sessions} sessions, more than before"


@check(7)
def what_needs_no_missing_part_is_served(ours: Ours, now: Seen, places: Collection[Place]) -> Iterator[str]:
    """
    Each of the *places* that do not need what is missing holds the newest key of its account.
    """
    for place in sorted(places):
        username = ours.owners[place]
        newest = now.newest(username, ours.label(username))
        if newest is None or now.held[place] != newest.text:
            yield f"{place} does not hold the newest key of {username}"


@check(7)
def the_live_keys_are_the_newest_and_what_a_missing_place_may_hold(
    ours: Ours, then: Seen, now: Seen, missing: Collection[Place]
) -> Iterator[str]:
    """
    A key that a *missing* place held *then*, when it could last be written, does not end; no other old one lives on.
    """
    for account in ours.accounts:
        label = ours.label(account.username)
        may_hold = {then.held[place] for place in account.places if place in missing}
        newest, live = now.newest(account.username, label), now.live(account.username, label)
        wanted = {key.uuid for key in then.live(account.username, label) if key.text in may_hold}
        wanted |= {newest.uuid} if newest else set()
        ended, left = wanted - {key.uuid for key in live}, {key.uuid for key in live} - wanted
        if ended:
            yield f"{len(ended)} keys of {account.username} ended, and a place that was missing may hold them"
        if left:
            yield f"{len(left)} keys of {account.username} live on, and no place may hold them"


@check(7)
def what_was_taken_out_is_gone(now: Seen, places: Collection[Place]) -> Iterator[str]:
    """
    Each of the *places*, made here and no longer in the settings, is removed.
    """
    for place in sorted(places):
        if now.held[place] is not None:
            yield f"{place} is left, and the settings do not name it any more"


@check(7)
def nothing_of_ours_is_left(ours: Ours, now: Seen, may_stay: Collection[Place | str] = ()) -> Iterator[str]:
    """
    After a destroy: no key of ours, no place that was made here, no account that was made here.

    Args:
        may_stay: places and accounts that were there before, or could not be asked.
    """
    for key in now.keys:
        if key.is_ours and key.is_alive and key.username in ours.usernames:
            yield f"a key of {key.username} is left"
    for place in sorted(ours.places.difference(one for one in may_stay if isinstance(one, Place))):
        if now.held[place] is not None:
            yield f"{place} is left"
    for username in sorted(now.users.keys() - set(may_stay)):
        yield f"the account {username} is left"
