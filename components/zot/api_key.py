"""
The zot API key that CI uses: one live key, young enough, with exactly the expected rights.

A key is never changed. A key that is due, refused, or has other rights is replaced: the new key is minted and tested
before anything depends on it, and the old key stays valid until every place holds the new one. `RetiredKeys` revokes a
key that has a successor; this resource revokes its key only if the key has none, as in a destroy.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from copy import copy

import pulumi
from msgspec.structs import replace
from pulumi.dynamic import ConfigureRequest, DiffResult

from ..dynamic.claims import Claim
from ..dynamic.conditions import is_unchecked
from ..dynamic.entries import KeySeen, KeysLeft, OwnKey, digest_of
from ..dynamic.errors import KeyStillHeldError
from ..dynamic.findings import Findings
from ..dynamic.managed import Managed
from ..dynamic.provider import Provider, differences
from ..dynamic.reporting import report
from ..dynamic.run import RUN
from ..dynamic.seen import SEEN
from ..http.errors import ReconcileError
from ..rotation import condition, due, expires_unrotated, why_refused
from ..settings.named import NO_GRACE, accounts_without_grace
from .api import zot_at
from .first_look import look
from .key_facts import described, not_watched, observed
from .last_keys import revoke_all_of_its_label, revoke_it
from .minting import make_key
from .order import authentik_of, candidates, order_of, refuse_what_takes_no_key, stored_key
from .state import KeyState, KeyWanted

_log = logging.getLogger(__name__)


class ApiKeyProvider(Provider[KeyWanted, KeyState]):
    """
    Life cycle of a key. Its id is zot's uuid.
    """

    wanted = KeyWanted
    state = KeyState

    def configure(self, req: ConfigureRequest) -> None:
        """
        Also note which accounts may be polled and have no grace in their settings. The refresh of a run reports none of
        them, since the program's settings are known only later.
        """
        super().configure(req)
        self._without_grace = accounts_without_grace(req.config.get)

    def make(self, wanted: KeyWanted) -> tuple[str, KeyState]:
        """
        Mint a key, with the key before it or by a headless login, and test it.

        Raises:
            KeyUnfitError: the new key failed its test and was revoked.
            EnvironmentUnfitError, AmbiguousError: a field that is to hold the key cannot be written, or more than one
                field could be meant; no key was minted.
        """
        mark, is_first = RUN.claims.new_mark(), RUN.claims.newest(wanted.lineage) is None
        order = order_of(wanted)
        refuse_what_takes_no_key(wanted)
        made = make_key(zot_at(wanted.zot_url), authentik_of(wanted), order, candidates(wanted))
        RUN.note(Claim(wanted.lineage, mark), KeySeen(made.listed.uuid, True))
        others = [described(key) for key in made.listing.keys if key.label != order.label and not key.is_expired]
        if is_first and others:
            # A preview before the first `up` could not name them without a live key.
            stay = "which stay unless the account is exclusive"
            _log.warning("zot: %s has other live keys, %s: %s", order.username, stay, "; ".join(others))
        state = observed(wanted, made.listing, made.listed, made.access, api_key=made.key, mark=mark)
        # A key of an interrupted run is older than this one now, or is revoked at the next rotation.
        state.newer = ""
        return state.uuid, state

    def first_look(self, found: Findings, wanted: KeyWanted) -> None:
        """
        Find out what will mint the first key: the key in the store of record, or a login.
        """
        stored = None
        with suppress(ReconcileError):  # the field's own resource reports it
            stored = stored_key(wanted)
        look(
            found,
            zot_at(wanted.zot_url),
            authentik_of(wanted),
            order_of(wanted),
            stored,
            managed=SEEN.is_as_wanted(wanted.account) is not None,
            as_wanted=bool(SEEN.is_as_wanted(wanted.account)),
        )

    def observe(self, state: KeyState) -> KeyState:
        """
        Ask the registry, with the key itself, whether the key is alive, how old it is, and what it can do. Read-only.
        """
        zot, username, key = zot_at(state.zot_url), state.username, state.api_key
        listing = zot.seen_listing(username, key)
        own = listing.find(state.uuid)
        access = zot.seen_access(username, key, state.probe_repository, state.probe_tag) if own else None
        RUN.note(KeySeen(state.uuid, own is not None))
        if own and access:
            found = observed(state, listing, own, access, api_key=key, mark=state.mark)
        else:
            found = copy(state)
            found.refused = why_refused(state.expires_at, listing.time)
        found.condition = condition(found.facts, state.policy)
        return found

    def compare(self, olds: KeyState, news: KeyWanted) -> DiffResult:
        """
        Judge the facts of the last read by today's settings.
        """
        lineage = olds.lineage
        RUN.note(Claim(lineage, olds.mark), OwnKey(lineage, olds.uuid, digest_of(olds.api_key), olds.label))
        if not olds.refused:
            SEEN.live_keys[lineage] = olds.api_key
        result, facts = differences(olds, news), olds.facts
        if olds.probe_repository != news.probe_repository:
            # The rights in the other repository are not known before the next read.
            facts = replace(facts, may={})
        reasons = due(facts, news.policy)
        unseen = [olds.condition] if is_unchecked(olds.condition) else not_watched(olds, news)
        ending = expires_unrotated(facts, news.policy)
        report(news, olds.thing, [*reasons, *unseen, *ending, *_given_back(olds)])
        if reasons and not result.replaces:
            shown = {
                "condition": olds.condition != news.condition,
                "rotate_after_days": olds.rotate_after_days != news.rotate_after_days,
                "expire_after_days": olds.expire_after_days != news.expire_after_days,
            }
            result.replaces = [name for name, differs in shown.items() if differs] or ["condition"]
            result.changes = True
        if result.replaces and RUN.is_preview and olds.username in getattr(self, "_without_grace", ()):
            report(news, olds.thing, [NO_GRACE])
        return result

    def change(self, olds: KeyState, news: KeyWanted) -> KeyState:
        """
        Take the new settings; the key stays. The registry is not asked. If this run could not ask it before, the
        condition stays, and the places keep their key.
        """
        state = olds.taking(news)
        if is_unchecked(olds.condition):
            state.condition = olds.condition
        return state

    def remove(self, state: KeyState) -> None:
        """
        Revoke this key and all others of its label, unless it has a successor or a place still holds it. `RetiredKeys`
        revokes a key that has a successor, since it knows when the last place has released that key, or leaves it to
        this resource.

        Raises:
            KeyStillHeldError: a place of the program, of another account if the key has a successor, still holds the
                key, or its canary has not succeeded with the next one. The key stays in the state, and a later run
                revokes it.
            ReconcileError: the registry gives no answer. The key stays in the state and is revoked by a later run. If
                the account is at another registry now, the state forgets the key, with a warning.
        """
        username, uuid = state.username, state.uuid
        if RUN.claims.belong_to_another([state.lineage], state.mark):
            if elsewhere := RUN.claims.program_places_with(uuid, besides=username):
                raise _still_held(state, elsewhere)
            if RUN.is_deferred(uuid):
                revoke_it(zot_at(state.zot_url), state)
            return
        if places := RUN.claims.program_places_with(uuid):
            raise _still_held(state, places)
        if places := RUN.claims.places_with(uuid):
            what = f"key {uuid} of {username}, which is still needed in {', '.join(places)}"
            _log.warning("zot: left %s; it %s, and no later run revokes it", what, _expiry(state))
            return
        try:
            others = revoke_all_of_its_label(zot_at(state.zot_url), state)
            if others is not None:
                RUN.note(KeysLeft(state.lineage, tuple(others)))
        except ReconcileError as exc:
            if RUN.claims.program_has(state.account) and not RUN.claims.program_has(state.lineage):
                left = f"key {uuid} of {username} at {state.zot_url}, which {_expiry(state)}"
                _log.warning("zot: left %s: %s", left, exc.brief)
                return
            hint = "run again, or if the registry no longer exists remove this resource with `pulumi state delete`"
            left = f"key {uuid} of {username} is not revoked yet and {_expiry(state)}: {hint}"
            raise exc.adding(left) from None


def _given_back(olds: KeyState) -> list[str]:
    """
    Name the other keys of an account that was not found in authentik: a new account of that name would get them.
    """
    others = olds.other_keys if olds.account in SEEN.not_found else []
    risk = "the registry accepts them, and whoever creates an account of that name gets them"
    return [f"other keys outlived the account; {risk}: {'; '.join(others)}"] if others else []


def _still_held(state: KeyState, places: list[str]) -> KeyStillHeldError:
    left = f"zot: left key {state.uuid} of {state.username}, which is still needed in {', '.join(places)}"
    return KeyStillHeldError(f"{left}; a plain `pulumi up` revokes it once each of them works with its new key")


def _expiry(state: KeyState) -> str:
    return f"lives until {state.expires_at:%Y-%m-%d}" if state.expires_at else "never expires: revoke it by hand"


class ApiKey(Managed, module="zot", name="ApiKey"):
    """
    One key in a zot registry.
    """

    managed_by = ApiKeyProvider

    username: pulumi.Output[str]
    label: pulumi.Output[str]
    uuid: pulumi.Output[str]
    api_key: pulumi.Output[str]
    created_at: pulumi.Output[str]
    expires_at: pulumi.Output[str]
    last_used: pulumi.Output[str]
    access: pulumi.Output[str]
    other_keys: pulumi.Output[list[str]]
    mark: pulumi.Output[str]
    condition: pulumi.Output[str]
