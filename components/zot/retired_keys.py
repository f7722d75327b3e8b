"""
Revokes old keys: after a rotation only the current key with our label is left, and those in their grace.

Only this resource revokes a key that has a successor, and it does so last. Each place names the key that it is known to
work with, and nothing is revoked while one of them names another key than the current one. A key with our label that is
newer than the current one is never revoked. A key in a place that another account has now is left to its own resource,
whose deletion comes when all places are written. A stale key's grace counts from its successor's birth, or from the run
in which the last place released the key; if the settings say so, a key in use stays longer. Keys with another label
belong to others and are revoked only if the account is exclusive.
"""

from __future__ import annotations

import logging
from copy import copy
from datetime import datetime

import pulumi
from msgspec.structs import asdict, replace
from pulumi.dynamic import DiffResult

from ..dynamic.claims import Claim
from ..dynamic.conditions import condition_of, is_unchecked
from ..dynamic.entries import Fault, KeyDeferred, Reported
from ..dynamic.held_key import dead_key, insist_on_a_key
from ..dynamic.managed import Managed
from ..dynamic.provider import Provider, differences
from ..dynamic.reporting import report
from ..dynamic.run import RUN
from ..http.errors import ReconcileError, UnexpectedAnswerError
from ..rotation import CURRENT, to_the_minute
from .api import KeyAuth, Listing, zot_at
from .grace import Grace, is_ordered_for, ordered_for
from .in_use import InUseRule
from .key_facts import described
from .stale_keys import (
    condition,
    dated,
    let_go,
    look_for_old_keys,
    other_keys,
    rivals,
    stale_keys,
    uses,
    waiting,
)
from .state import SweepState, SweepWanted

_log = logging.getLogger(__name__)


class RetiredKeysProvider(Provider[SweepWanted, SweepState]):
    """
    Life cycle of the sweep. Its id is the label.
    """

    wanted = SweepWanted
    state = SweepState

    def make(self, wanted: SweepWanted) -> tuple[str, SweepState]:
        """
        Revoke the stale keys that an earlier stack of this name, or a killed run, left.
        """
        before = RUN.claims.newest(wanted.identity)
        return wanted.label, _swept(wanted, RUN.claims.new_mark(), before.labels if before else ())

    def observe(self, state: SweepState) -> SweepState:
        """
        Look for stale keys in the same list that `ApiKey` reads in this run. Read-only.
        """
        found = copy(state)
        look_for_old_keys(found, zot_at(state.zot_url).seen_listing(state.username, state.api_key))
        found.condition = condition(found, state)
        return found

    def compare(self, olds: SweepState, news: SweepWanted) -> DiffResult:
        """
        There is a change if the current key is another one, or if the last read found a stale key whose grace is over
        by today's settings and that does not wait until nothing uses it.
        """
        RUN.note(Claim(olds.identity, olds.mark, labels=olds.labels))
        is_seen = not is_unchecked(olds.condition)
        found = condition(olds, news) if is_seen else olds.condition
        said = [] if found == CURRENT else [found]
        seen = copy(olds)
        if not is_seen:
            # The registry gave no answer, so only the uses that an earlier run recorded are known.
            seen.stale, seen.others = [], []
        in_use = uses(seen, news, is_ordered=is_ordered_for(news.username))
        report(news, olds.thing, [*said, *rivals(olds, news), *in_use])
        result = differences(olds, news)
        result.changes = result.changes or found != CURRENT
        return result

    def change(self, olds: SweepState, news: SweepWanted) -> SweepState:
        """
        Revoke every stale key, after listing the keys again with the current key.

        If registry or user changed, our stale keys there are revoked at once, since no later run would know them. If
        the label changed, keys with the old label still count as ours.
        """
        RUN.note(Fault(olds.thing, ""))
        elsewhere = olds.identity != news.identity
        try:
            state = _swept(news, olds.mark, () if elsewhere else olds.labels, olds)
        except ReconcileError as exc:
            # The key's own resource got the same error and has to report it only once.
            RUN.note(Reported(condition_of(exc)))
            raise
        if elsewhere and not news.lagging:
            # Keys of others stay there, since the settings no longer name that account.
            _revoke_elsewhere(olds)
        return state

    def remove(self, state: SweepState) -> None:
        """
        Revoke nothing: the places still hold the current key, and `ApiKey` revokes our keys after the places are
        deleted. It needs the labels that they have.
        """
        RUN.note(Claim(state.identity, state.mark, labels=state.labels))


def _swept(wanted: SweepWanted, mark: str, earlier: tuple[str, ...], before: SweepState | None = None) -> SweepState:
    """
    Revoke the stale keys unless a place lags behind, and return the state. *earlier* labels of this resource, and those
    of the state's keys, count as ours. From the state *before* come the orders for keys and when the places released
    them.
    """
    username = wanted.username
    kept = before.kept if before else {}
    grace = Grace(wanted.retire_after_days, kept, ordered_for(username), InUseRule.by(wanted))
    insist_on_a_key(wanted.api_key, f"the RetiredKeys of {username}")
    state = SweepState(
        **asdict(wanted),
        mark=mark,
        # A run that was killed after its mint, under another name of the stack, left a key with a label of that name.
        earlier_labels=sorted({*earlier, *RUN.labels_of(wanted.lineage)} - {wanted.label}),
        swept_uuid=before.swept_uuid if before else "",
        kept=kept,
        let_go=before.let_go if before else {},
        handed_over=_handed_over(wanted, before) if before else {},
    )
    if wanted.lagging:
        # A run for chosen targets can come here before every place has the key, and a canary may not have succeeded.
        # The next sweep that completes takes over what the places held since the last complete one.
        why = f"these places are not known to work with the current one: {', '.join(wanted.lagging)}"
        _log.warning("zot: no older key of %s is revoked yet: %s", username, why)
        return state
    left, listing = _revoke_stale(state, grace, exclusive=wanted.exclusive)
    if not listing.accepted:
        if not RUN.key_is_alive(wanted.key_uuid):
            raise dead_key(wanted.key_uuid, f"no older key of {username} is revoked")
        hint = "somebody revoked it during this run; run again"
        msg = f"zot refuses the current key of {username}; {hint}"
        raise UnexpectedAnswerError(msg)
    state.swept_uuid = wanted.key_uuid
    state.let_go = {uuid: at for uuid, at in left.items() if at is not None}
    state.kept = grace.remembered(list(left))
    look_for_old_keys(state, listing)
    for one in waiting(state, wanted) if grace.ordered is None else []:
        _log.info("zot: of %s, key %s", username, one)
    return state


def _handed_over(wanted: SweepWanted, before: SweepState) -> dict[str, str]:
    """
    Return the places that had an older key when this account had them last, with that key: another account has them
    now, and may not have written them yet. Claim that key for them.
    """
    known = {place: uuid for place, uuid in before.held.items() if uuid} | before.handed_over
    older = {place: uuid for place, uuid in known.items() if place not in wanted.held and uuid != wanted.key_uuid}
    claims = {place: claim for place, uuid in older.items() if (claim := RUN.claims.handed_over(place, uuid))}
    RUN.note(*claims.values())
    return {place: claim.key_uuid for place, claim in claims.items()}


def _revoke_elsewhere(olds: SweepState) -> None:
    """
    Revoke our keys of the registry or the user that the settings named before. If that registry does not answer, they
    live until they expire.
    """
    try:
        _revoke_stale(olds, Grace(0.0))
    except ReconcileError as exc:
        left = f"older keys of {olds.username} at {olds.zot_url}, if there are any, until they expire"
        _log.warning("zot: left %s: %s", left, exc.brief)


def _revoke_stale(
    state: SweepState, grace: Grace, *, exclusive: bool = False
) -> tuple[dict[str, datetime | None], Listing]:
    """
    Revoke the stale keys whose *grace* is over and that do not wait, and those of others if the account is *exclusive*.
    Return the stale keys that stay, by uuid, with the time at which the places released them if that is known; and the
    listing of all keys that are left, which says so if the registry refuses the current key. *state* still has the
    facts of the sweep before.
    """
    zot, username = zot_at(state.zot_url), state.username
    auth = KeyAuth(username, state.api_key)
    listing = zot.listing(auth, username)
    stale = stale_keys(listing, state.key_uuid, state.labels)
    others = other_keys(listing, state.key_uuid, state.labels)
    since = let_go([*stale, *others], listing, state.let_go, state.swept_uuid)
    left: dict[str, datetime | None] = {}
    revoked, foreign = set(), {one.key.uuid for one in others}
    for one in dated([*stale, *(others if exclusive else [])], since):
        key = one.key
        if not one.is_over(listing.time, grace.of(key.uuid)) or one.waits(listing.time, grace.in_use_rule):
            left[key.uuid] = since.get(key.uuid)
            continue
        if not key.is_expired and RUN.claims.program_places_with(key.uuid, besides=username):
            RUN.note(KeyDeferred(key.uuid))
            continue
        zot.revoke(auth, username, key.uuid)
        revoked.add(key.uuid)
        if key.uuid in foreign:
            _log.info("zot: revoked a key of others, since %s is exclusive: %s", username, described(key))
        else:
            _log.info("zot: revoked key %s of %s, created %s", key.uuid, username, to_the_minute(key.created_at))
    return left, replace(listing, keys=tuple(key for key in listing.keys if key.uuid not in revoked))


class RetiredKeys(Managed, module="zot", name="RetiredKeys"):
    """
    The sweep of the stale keys with one label.
    """

    managed_by = RetiredKeysProvider

    still_used: pulumi.Output[list[str] | None]
    mark: pulumi.Output[str]
    condition: pulumi.Output[str]
