"""
The authentik service account that the key belongs to, in exactly the wanted groups.

An existing account of that name is adopted, and removed from all other groups. No other property is changed; only a new
account gets the display name. A destroy deletes an account only if this program made it, and if the registry has just
listed no other live key of that name: keys outlive their account, and a new account of the same name would get them
back (zot v2.1.20, measured).
"""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from copy import copy

import pulumi
from msgspec.structs import asdict
from pulumi.dynamic import DiffResult

from ..dynamic.claims import Claim
from ..dynamic.conditions import NO_ANSWER, NOT_FOUND, as_fault, condition_of
from ..dynamic.entries import Fault
from ..dynamic.findings import Findings
from ..dynamic.managed import Managed
from ..dynamic.properties import is_known
from ..dynamic.provider import EVERY_FACT, Provider, differences
from ..dynamic.reporting import deleting, report
from ..dynamic.run import RUN
from ..dynamic.seen import SEEN
from ..http.errors import NotFoundError, ReconcileError
from ..rotation import CURRENT
from .api import Account, Authentik, authentik_at
from .drift import drift_known, drift_of, perhaps_renamed
from .first_look import look, refuse_a_person
from .own_tokens import log_expiry
from .state import AccountState, AccountWanted, identity_of

_log = logging.getLogger(__name__)


class ServiceAccountProvider(Provider[AccountWanted, AccountState]):
    """
    Life cycle of an account. Its id is the user name; *account_uuid* says which account it is.
    """

    wanted = AccountWanted
    state = AccountState

    def make(self, wanted: AccountWanted) -> tuple[str, AccountState]:
        """
        Adopt the account of that name, or make it.

        Raises:
            NotOursError: the name belongs to an account of another type, perhaps a person's.
        """
        authentik, username = _authentik(wanted), wanted.username
        mark, made_here = RUN.claims.new_mark(), False
        account = authentik.find(username)
        if account is None:
            account = _make(authentik, wanted)
            made_here = True
        else:
            identity = identity_of(account.uuid)
            before = RUN.claims.newest(identity)
            made_here = before is not None and before.made_here
            RUN.note(Claim(identity, mark, made_here=made_here))
            refuse_a_person(account)
            if not made_here:
                _log.info("authentik: adopted account %s, which stays on destroy", username)
        _change(authentik, account, wanted)
        return username, _reconciled(wanted, account, made_here=made_here, mark=mark)

    def checked(self, wanted: AccountWanted, *, is_new: bool) -> None:
        """
        Log in a preview, once, if the token that authentik is asked with expires soon.
        """
        if RUN.is_preview and is_known(wanted.authentik_url):
            with suppress(ReconcileError):  # reported by the request that needs the token
                log_expiry(_authentik(wanted), every_fact=bool(os.environ.get(EVERY_FACT)))

    def first_look(self, found: Findings, wanted: AccountWanted) -> None:
        """
        Look for the account, and for the groups that it is to join.
        """
        SEEN.note_look(wanted.name)
        SEEN.note_look(wanted.name, as_wanted=look(found, _authentik(wanted), wanted.username, wanted.groups))

    def observe(self, state: AccountState) -> AccountState:
        """
        Ask authentik for the account. Read-only.
        """
        authentik, found = _authentik(state), copy(state)
        account = _the_one(authentik.seen_account(state.pk, state.username), state)
        if account is None:
            hidden = f"or {authentik.token_name} lacks view_user on it"
            found.condition = f"{NOT_FOUND}authentik shows no account {state.username} any more, {hidden}"
            return found
        found.pk, found.type, found.is_active = account.pk, account.type, account.is_active
        found.groups = account.group_names
        renamed = account.username != state.username
        found.condition = f"renamed to {account.username}" if renamed else CURRENT
        return found

    def compare(self, olds: AccountState, news: AccountWanted) -> DiffResult:
        """
        A new user name means another account; everything else is changed in place.
        """
        RUN.note(Claim(olds.identity, olds.mark, made_here=olds.made_here))
        if olds.condition.startswith(NOT_FOUND):
            SEEN.not_found.add(olds.name)
        report(news, olds.thing, drift_of(olds, news))
        return differences(olds, news)

    def change(self, olds: AccountState, news: AccountWanted) -> AccountState:
        """
        Change what differs; make the account again if it does not exist.

        The key depends on this resource, and a live key can mint its successor without authentik. So an error fails
        this update only if the settings have changed, or if authentik gives no answer while the account is known to be
        out of sync. Otherwise the error becomes the condition, and a fault ends the run with exit code 1.
        """
        RUN.note(Fault(olds.thing, ""))
        try:
            return self.reconcile(olds, news)
        except ReconcileError as exc:
            silent = isinstance(exc, NO_ANSWER)
            if sorted(olds.applied_groups) != sorted(news.groups) or (silent and drift_known(olds, news)):
                raise
            kept = copy(olds)
            # A missing group is a fault here: somebody has to create it or remove it from the settings.
            kept.condition = condition_of(exc) if not isinstance(exc, NotFoundError) else as_fault(exc)
            # These are no properties of the account and need no answer from authentik.
            kept.authentik_url, kept.authentik_token = news.authentik_url, news.authentik_token
            kept.display_name = news.display_name
            report(news, olds.thing, [kept.condition])
            return kept

    def reconcile(self, olds: AccountState, news: AccountWanted) -> AccountState:
        """
        Change what differs; make the account again if it does not exist.

        Raises:
            ReconcileError: whatever authentik answered.
        """
        authentik = _authentik(news)
        account = _the_one(authentik.account(olds.pk, news.username), olds)
        if account is None:
            return self.make(news)[1]
        _change(authentik, account, news)
        return _reconciled(news, account, made_here=olds.made_here, mark=olds.mark)

    def remove(self, state: AccountState) -> None:
        """
        Delete the account if this program made it, no other resource has it now, and no live key has its name.
        Otherwise leave it as it is.
        """
        username = state.username
        if not state.made_here:
            return
        if RUN.claims.belong_to_another([state.name, state.identity], state.mark):
            _log.info("authentik: left account %s, which is still in the settings", username)
            return
        keys = _keys_left(username)
        if keys is None:
            why = "this run has not seen that no live key has its name; delete it by hand if the registry lists none"
            _log.warning("authentik: left account %s: %s", username, why)
            return
        if keys:
            why = f"it has other live keys, which a new account of its name would get back: {', '.join(keys)}"
            _log.warning("authentik: left account %s: %s", username, why)
            return
        left = "delete it by hand: it was made here, and no live key has its name"
        with deleting(state.thing, left, state.authentik_url):
            authentik = _authentik(state)
            account = _the_one(authentik.account(state.pk, username), state)
            if account and authentik.delete(state.pk, username):
                _log.info("authentik: deleted account %s", username)
            else:
                _log.warning("authentik: no account %s to delete; look whether it is only hidden", username)


def _keys_left(username: str) -> list[str] | None:
    """
    Return the live keys, in words, that *username* has left at all registries. None if the run has no evidence for one
    of the registries at which it knows a key of that name.
    """
    left = {lineage: keys for lineage, keys in RUN.keys_left().items() if lineage[2] == username}
    known = {lineage for lineage in RUN.claims.of_kind("key") if lineage[2] == username}
    return [key for keys in left.values() for key in keys] if left and known <= left.keys() else None


def _make(authentik: Authentik, wanted: AccountWanted) -> Account:
    username = wanted.username
    account = authentik.create(username, wanted.display_name or username, wanted.groups)
    _log.info("authentik: created service account %s", username)
    return account


def _authentik(wanted: AccountWanted) -> Authentik:
    return authentik_at(wanted.authentik_url, wanted.authentik_token)


def _the_one(account: Account | None, known: AccountState) -> Account | None:
    """
    Return the *account* if it has the recorded uuid. In a newly set-up authentik another account can have its number.
    """
    return account if account and account.uuid == known.account_uuid else None


def _change(authentik: Authentik, account: Account, wanted: AccountWanted) -> None:
    """
    Change what differs from *wanted*, and nothing else.
    """
    properties = {
        "username": (account.username, wanted.username),
        "type": (account.type, wanted.type),
        "is_active": (account.is_active, wanted.is_active),
    }
    change = {name: new for name, (old, new) in properties.items() if old != new}
    if change:
        authentik.change(account, **change)
        _log.info("authentik: set %s of %s", ", ".join(change), wanted.username)
    for name in sorted(set(wanted.groups) - set(account.group_names)):
        try:
            group = authentik.group(name)
        except NotFoundError as exc:
            raise perhaps_renamed(exc, account, wanted.groups) from None
        authentik.join(account, group)
        _log.info("authentik: added %s to group %s", wanted.username, name)
    for group in account.groups:
        if group.name not in wanted.groups:
            authentik.leave(account, group)
            _log.info("authentik: removed %s from group %s", wanted.username, group.name)


def _reconciled(wanted: AccountWanted, account: Account, *, made_here: bool, mark: str) -> AccountState:
    """
    Return the state of an account that was just reconciled.
    """
    return AccountState(
        **asdict(wanted),
        pk=account.pk,
        account_uuid=account.uuid,
        applied_groups=wanted.groups,
        made_here=made_here,
        mark=mark,
    )


class ServiceAccount(Managed, module="authentik", name="ServiceAccount"):
    """
    One account in authentik.
    """

    managed_by = ServiceAccountProvider

    username: pulumi.Output[str]
    groups: pulumi.Output[list[str]]
    pk: pulumi.Output[int]
    made_here: pulumi.Output[bool]
    mark: pulumi.Output[str]
    condition: pulumi.Output[str]
