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
from typing import Any

import pulumi
from pulumi.dynamic import CheckResult, CreateResult, DiffResult, Resource, UpdateResult

from ..dynamic.claims import Claim, Identity
from ..dynamic.findings import Findings
from ..dynamic.provider import EVERY_FACT, Props, Provider, differences, given
from ..dynamic.run import RUN, Fault
from ..dynamic.seen import SEEN
from ..dynamic.state_shape import numbered
from ..dynamic.trouble import GONE, NO_ANSWER, as_fault, condition_of
from ..http.errors import NotFoundError, ReconcileError
from ..rotation import CURRENT
from ..settings.reference import StoredToken
from .api import SERVICE_ACCOUNT, Account, Authentik, authentik_at
from .drift import drift_known, drift_of, perhaps_renamed
from .first_look import look, refuse_a_person
from .own_tokens import tell_ending

_log = logging.getLogger(__name__)

_RECONCILED = ("authentik_url", "groups", "type", "is_active")
_UPDATED = (*_RECONCILED, "authentik_token")
# No property of the account: these can be taken without authentik.
_SETTINGS = ("authentik_url", "authentik_token", "display_name")
_INPUTS = (*_UPDATED, "username", "display_name", "condition")


class ServiceAccountProvider(Provider):
    """
    Life cycle of an account. Its id is the user name; *account_uuid* says which account it is.
    """

    named_by = ("username",)
    inputs = _INPUTS
    server = "authentik_url"

    def names(self, props: Props) -> list[Identity]:
        """
        Return what the account is called.
        """
        return [_name(props)]

    def create(self, props: Props) -> CreateResult:
        """
        Adopt the account of that name, or make it.

        Raises:
            NotOursError: the name belongs to an account of another type, perhaps a person's.
        """
        authentik, username = _authentik(props), props["username"]
        mark, made_here = RUN.claims.new_mark(), False
        account = authentik.find(username)
        if account is None:
            account = _make(authentik, props)
            made_here = True
        else:
            before = RUN.claims.newest(_identity(account.uuid))
            made_here = before is not None and before.made_here
            RUN.note(Claim(_identity(account.uuid), mark, made_here=made_here))
            refuse_a_person(account)
            if not made_here:
                _log.info("authentik: adopted account %s, which stays on destroy", username)
        _change(authentik, account, props)
        return CreateResult(username, {**_outputs(props, account), "made_here": made_here, "mark": mark})

    def check(self, olds: Props, news: Props) -> CheckResult:
        """
        Say in a preview, once, if the token that it asks authentik by ends soon.
        """
        result = super().check(olds, news)
        if RUN.is_preview and isinstance(news.get("authentik_url"), str):
            with suppress(ReconcileError):  # told of what needs the token
                tell_ending(_authentik(news), every_fact=bool(os.environ.get(EVERY_FACT)))
        return result

    def called(self, props: Props) -> str:
        """
        Return what messages call the account.
        """
        return _thing(props)

    def first_look(self, found: Findings, props: Props) -> None:
        """
        Look for the account, and for the groups that it is to join.
        """
        SEEN.note_look(_name(props))
        SEEN.note_look(_name(props), as_wanted=look(found, _authentik(props), props["username"], props["groups"]))

    def observe(self, props: Props) -> Props:
        """
        Ask authentik for the account. Read-only.
        """
        authentik = _authentik(props)
        account = _the_one(authentik.seen_account(int(props["pk"]), props["username"]), props)
        if account is None:
            hidden = f"or {authentik.token_name} lacks view_user on it"
            return {"condition": f"{GONE}authentik shows no account {props['username']} any more, {hidden}"}
        renamed = account.username != props["username"]
        return {**_observed(account), "condition": f"renamed to {account.username}" if renamed else CURRENT}

    def diff(self, id_: str, olds: Props, news: Props) -> DiffResult:
        """
        Another user name is another account; everything else is changed in place.
        """
        RUN.note(Claim(_identity(olds["account_uuid"]), olds["mark"], made_here=olds["made_here"]))
        if olds["condition"].startswith(GONE):
            SEEN.gone.add(_name(olds))
        self.report(news, _thing(olds), drift_of(olds, news))
        return differences(olds, news, update=_UPDATED, replace=("username",))

    def update(self, id_: str, olds: Props, news: Props) -> UpdateResult:
        """
        Change what differs; make the account again if it is gone.

        The key depends on this resource, and a live key mints its successor without authentik. So what stands in the
        way fails this update only if the settings ask for something else than before, or if authentik gives no answer
        while it is known to be out of sync. Otherwise it is recorded as the condition; a fault ends the run later.
        """
        RUN.note(Fault(_thing(olds), ""))
        try:
            return UpdateResult(self._updated(olds, news))
        except ReconcileError as exc:
            silent = isinstance(exc, NO_ANSWER)
            if sorted(olds["applied_groups"]) != sorted(news["groups"]) or (silent and drift_known(olds, news)):
                raise
            # A group that is gone is a fault here: somebody has to make it, or to take it out of the stack file.
            condition = condition_of(exc) if not isinstance(exc, NotFoundError) else as_fault(exc)
            self.report(news, _thing(olds), [condition])
            kept = {name: value for name, value in olds.items() if name not in _SETTINGS}
            return UpdateResult(
                {**kept, **{name: news[name] for name in _SETTINGS if name in news}, "condition": condition}
            )

    def _updated(self, olds: Props, news: Props) -> Props:
        authentik = _authentik(news)
        account = _managed(authentik, {**olds, "username": news["username"]})
        if account is None:
            return dict(self.create(news).outs or {})
        _change(authentik, account, news)
        return {**_outputs(news, account), "made_here": olds["made_here"], "mark": olds["mark"]}

    def delete(self, id_: str, props: Props) -> None:
        """
        Delete the account if it was made here, is nobody else's by now, and has no live key; else leave it as it is.
        """
        username, mark = props["username"], props["mark"]
        if not props["made_here"]:
            return
        if RUN.claims.are_anothers([_name(props), _identity(props["account_uuid"])], mark):
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
        with self.letting_go(props, _thing(props), "delete it by hand: it was made here, and no live key has its name"):
            authentik = _authentik(props)
            if _managed(authentik, props) and authentik.delete(int(props["pk"]), username):
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


def _make(authentik: Authentik, wanted: Props) -> Account:
    username = wanted["username"]
    account = authentik.create(username, wanted.get("display_name") or username, wanted["groups"])
    _log.info("authentik: created service account %s", username)
    return account


def _thing(props: Props) -> str:
    return f"authentik account {props['username']}"


def _name(props: Props) -> Identity:
    return ("account", props["username"])


def _identity(uuid: str) -> Identity:
    return ("account", "uuid", uuid)


def _authentik(props: Props) -> Authentik:
    return authentik_at(props["authentik_url"], StoredToken.of(props.get("authentik_token")))


def _managed(authentik: Authentik, known: Props) -> Account | None:
    """
    Return the account that was recorded, None if it is gone. After authentik was set up anew its number can be that of
    anybody, and only the uuid tells.
    """
    return _the_one(authentik.account(int(known["pk"]), known["username"]), known)


def _the_one(account: Account | None, known: Props) -> Account | None:
    return account if account and account.uuid == known["account_uuid"] else None


def _change(authentik: Authentik, account: Account, wanted: Props) -> None:
    """
    Change what differs from *wanted*, and nothing else.
    """
    actual = {"username": account.username, "type": account.type, "is_active": account.is_active}
    change = {name: wanted[name] for name, value in actual.items() if value != wanted[name]}
    if change:
        authentik.change(account, **change)
        _log.info("authentik: set %s of %s", ", ".join(change), wanted["username"])
    for name in sorted(set(wanted["groups"]) - set(account.group_names)):
        try:
            group = authentik.group(name)
        except NotFoundError as exc:
            raise perhaps_renamed(exc, account, wanted["groups"]) from None
        authentik.join(account, group)
        _log.info("authentik: added %s to group %s", wanted["username"], name)
    for group in account.groups:
        if group.name not in wanted["groups"]:
            authentik.leave(account, group)
            _log.info("authentik: removed %s from group %s", wanted["username"], group.name)


def _outputs(wanted: Props, account: Account) -> Props:
    """
    Return what is recorded of an account that was just brought to what is wanted.
    """
    reconciled = {name: wanted[name] for name in _RECONCILED}
    return {**wanted, **_observed(account), **reconciled, "applied_groups": wanted["groups"]}


def _observed(account: Account) -> Props:
    return {
        "pk": account.pk,
        "account_uuid": account.uuid,
        "type": account.type,
        "is_active": account.is_active,
        "groups": account.group_names,
    }


class ServiceAccount(Resource, module="authentik", name="ServiceAccount"):
    """
    One account in authentik.

    Args:
        authentik_url: the server.
        username: the account's name, its identity here.
        display_name: for an account that is made here.
        groups: names of exactly the groups it should be in.
        token: where the server's token is kept in 1Password, if it is not in the environment.
    """

    username: pulumi.Output[str]
    groups: pulumi.Output[list[str]]
    pk: pulumi.Output[int]
    made_here: pulumi.Output[bool]
    mark: pulumi.Output[str]
    condition: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        authentik_url: pulumi.Input[str],
        username: pulumi.Input[str],
        display_name: pulumi.Input[str],
        groups: list[str],
        token: StoredToken | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        props: dict[str, Any] = {
            "authentik_url": authentik_url,
            "username": username,
            "display_name": display_name,
            "groups": sorted(groups),
            "type": SERVICE_ACCOUNT,
            "is_active": True,
            "condition": CURRENT,
            "pk": None,
            "made_here": None,
            "mark": None,
            **numbered(),
            **given(authentik_token=token.as_property if token else None),
        }
        super().__init__(ServiceAccountProvider(), resource_name, props, opts)
