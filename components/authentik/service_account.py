"""
The authentik service account that the key belongs to, and exactly its groups.

An account of that name is adopted, and removed from all groups but the wanted ones. Properties not listed here are not
changed; the display name is given once, to an account that is made here. A destroy deletes only what was made here, and
only where the registry has just listed no other live key of that name: keys outlive their account, and a new account
of the same name would get them back (zot v2.1.20, measured).
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
from ..dynamic.findings import Findings
from ..dynamic.managed import Managed
from ..dynamic.properties import is_known
from ..dynamic.provider import EVERY_FACT, Provider, differences
from ..dynamic.run import RUN, Fault
from ..dynamic.seen import SEEN
from ..dynamic.trouble import GONE, NO_ANSWER, as_fault, condition_of
from ..http.errors import NotFoundError, ReconcileError
from ..rotation import CURRENT
from .api import Account, Authentik, authentik_at
from .drift import drift_known, drift_of, perhaps_renamed
from .first_look import look, refuse_a_person
from .own_tokens import tell_ending
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
        Say in a preview, once, if the token that it asks authentik by ends soon.
        """
        if RUN.is_preview and is_known(wanted.authentik_url):
            with suppress(ReconcileError):  # told of what needs the token
                tell_ending(_authentik(wanted), every_fact=bool(os.environ.get(EVERY_FACT)))

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
            found.condition = f"{GONE}authentik shows no account {state.username} any more, {hidden}"
            return found
        found.pk, found.type, found.is_active = account.pk, account.type, account.is_active
        found.groups = account.group_names
        renamed = account.username != state.username
        found.condition = f"renamed to {account.username}" if renamed else CURRENT
        return found

    def compare(self, olds: AccountState, news: AccountWanted) -> DiffResult:
        """
        Another user name is another account; everything else is changed in place.
        """
        RUN.note(Claim(olds.identity, olds.mark, made_here=olds.made_here))
        if olds.condition.startswith(GONE):
            SEEN.gone.add(olds.name)
        self.report(news, olds.thing, drift_of(olds, news))
        return differences(olds, news)

    def change(self, olds: AccountState, news: AccountWanted) -> AccountState:
        """
        Change what differs; make the account again if it is gone.

        The key depends on this resource, and a live key mints its successor without authentik. So what stands in the
        way fails this update only if the settings ask for something else than before, or if authentik gives no answer
        while it is known to be out of sync. Otherwise it is recorded as the condition; a fault ends the run later.
        """
        RUN.note(Fault(olds.thing, ""))
        try:
            return self.reconcile(olds, news)
        except ReconcileError as exc:
            silent = isinstance(exc, NO_ANSWER)
            if sorted(olds.applied_groups) != sorted(news.groups) or (silent and drift_known(olds, news)):
                raise
            kept = copy(olds)
            # A group that is gone is a fault here: somebody has to make it, or to take it out of the stack file.
            kept.condition = condition_of(exc) if not isinstance(exc, NotFoundError) else as_fault(exc)
            # What is no property of the account can be taken without authentik.
            kept.authentik_url, kept.authentik_token = news.authentik_url, news.authentik_token
            kept.display_name = news.display_name
            self.report(news, olds.thing, [kept.condition])
            return kept

    def reconcile(self, olds: AccountState, news: AccountWanted) -> AccountState:
        """
        Change what differs; make the account again if it is gone.

        Raises:
            ReconcileError: whatever stands in the way.
        """
        authentik = _authentik(news)
        account = _the_one(authentik.account(olds.pk, news.username), olds)
        if account is None:
            return self.make(news)[1]
        _change(authentik, account, news)
        return _reconciled(news, account, made_here=olds.made_here, mark=olds.mark)

    def remove(self, state: AccountState) -> None:
        """
        Delete the account if it was made here, is nobody else's by now, and has no live key; else leave it as it is.
        """
        username = state.username
        if not state.made_here:
            return
        if RUN.claims.are_anothers([state.name, state.identity], state.mark):
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
        with self.letting_go(state.thing, left, state.authentik_url):
            authentik = _authentik(state)
            account = _the_one(authentik.account(state.pk, username), state)
            if account and authentik.delete(state.pk, username):
                _log.info("authentik: deleted account %s", username)
            else:
                _log.warning("authentik: no account %s to delete; look whether it is only hidden", username)


def _keys_left(username: str) -> list[str] | None:
    """
    Return the live keys, in words, that *username* has left at all registries; None where the run has no evidence, or
    none of one of the registries at which it knows a key of that name.
    """
    left = {slot: keys for slot, keys in RUN.keys_left().items() if slot[2] == username}
    known = {slot for slot in RUN.claims.of_kind("key") if slot[2] == username}
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
    Return the *account* if it is the one that was recorded. After authentik was set up anew its number can be that of
    anybody, and only the uuid tells.
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
    Return what is recorded of an account that was just brought to what is wanted.
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
