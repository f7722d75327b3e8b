"""
The authentik service account that the key belongs to, and exactly its groups.

An account of that name is adopted, and removed from all groups but the wanted ones. Properties not listed here are not
changed; the display name is given once, to an account that is made here. A destroy deletes only what was made here, and
only where the registry has just listed no other live key of that name: keys outlive their account, and a new account
of the same name would get them back (zot v2.1.20, measured).
"""

from __future__ import annotations

import logging
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, UpdateResult

from ..dynamic.provider import Props, Provider, differences, given, inputs_of
from ..dynamic.run_memory import MEMORY, Holder, Identity
from ..http.errors import NotOursError
from ..rotation import CURRENT
from ..settings.reference import StoredToken
from .api import SERVICE_ACCOUNT, Account, Authentik, authentik_at

_log = logging.getLogger(__name__)

_RECONCILED = ("authentik_url", "groups", "type", "is_active")
_UPDATED = (*_RECONCILED, "authentik_token")
_INPUTS = (*_UPDATED, "username", "display_name", "condition")


class ServiceAccountProvider(Provider):
    """
    Life cycle of an account. Its id is the user name; *account_uuid* says which account it is.
    """

    named_by = ("username",)

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
        mark, made_here = MEMORY.new_mark(), False
        account = authentik.find(username)
        if account is None:
            account = _make(authentik, props)
            made_here = True
        else:
            before = MEMORY.holder(_identity(account.uuid))
            made_here = before is not None and before.made_here
            MEMORY.note_holder(_identity(account.uuid), Holder(mark, made_here))
            if account.type != SERVICE_ACCOUNT:
                hint = "it may be a person's; make it a service account by hand, or name another account"
                msg = f"authentik account {username} is of type {account.type}; {hint}"
                raise NotOursError(msg)
            if not made_here:
                _log.info("authentik: adopted account %s, which stays on destroy", username)
        _change(authentik, account, props)
        return CreateResult(username, {**_outputs(props, account), "made_here": made_here, "mark": mark})

    def read(self, id_: str, props: Props) -> ReadResult:
        """
        Ask authentik for the account. Read-only.
        """
        authentik = _authentik(props)
        account = _managed(authentik, props)
        outs = dict(props)
        if account is None:
            hidden = f"or {authentik.token_name} lacks view_user on it"
            outs["condition"] = f"gone: authentik shows no account {props['username']} any more, {hidden}"
        else:
            outs.update(_observed(account))
            renamed = account.username != props["username"]
            outs["condition"] = f"renamed to {account.username}" if renamed else CURRENT
        return ReadResult(id_, outs, inputs_of(outs, _INPUTS))

    def diff(self, id_: str, olds: Props, news: Props) -> DiffResult:
        """
        Another user name is another account; everything else is changed in place.
        """
        MEMORY.note_holder(_identity(olds["account_uuid"]), Holder(olds["mark"], olds["made_here"]))
        self.report(news, f"authentik account {olds['username']}", _drift(olds, news))
        return differences(olds, news, update=_UPDATED, replace=("username",))

    def update(self, id_: str, olds: Props, news: Props) -> UpdateResult:
        """
        Change what differs; make the account again if it is gone.
        """
        authentik = _authentik(news)
        account = _managed(authentik, {**olds, "username": news["username"]})
        mark, made_here = olds["mark"], olds["made_here"]
        if account is None:
            created = self.create(news).outs
            return UpdateResult(created)
        _change(authentik, account, news)
        return UpdateResult({**_outputs(news, account), "made_here": made_here, "mark": mark})

    def delete(self, id_: str, props: Props) -> None:
        """
        Delete the account if it was made here, is nobody else's by now, and has no live key; else leave it as it is.
        """
        username, mark = props["username"], props["mark"]
        if not props["made_here"]:
            return
        if MEMORY.is_anothers(_name(props), mark) or MEMORY.has_successor(_identity(props["account_uuid"]), mark):
            _log.info("authentik: left account %s, which is still in the settings", username)
            return
        keys = MEMORY.keys_left(username)
        if keys is None:
            why = "this run has not seen that no live key has its name; delete it by hand if the registry lists none"
            _log.warning("authentik: left account %s: %s", username, why)
            return
        if keys:
            why = f"it has other live keys, which a new account of its name would get back: {', '.join(keys)}"
            _log.warning("authentik: left account %s: %s", username, why)
            return
        authentik = _authentik(props)
        if _managed(authentik, props) and authentik.delete(int(props["pk"]), username):
            _log.info("authentik: deleted account %s", username)
        else:
            _log.warning("authentik: no account %s to delete; look whether it is only hidden", username)


def _make(authentik: Authentik, wanted: Props) -> Account:
    username = wanted["username"]
    account = authentik.create(username, wanted.get("display_name") or username, wanted["groups"])
    _log.info("authentik: created service account %s", username)
    return account


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
    account = authentik.account(int(known["pk"]), known["username"])
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
        authentik.join(account, authentik.group(name))
        _log.info("authentik: added %s to group %s", wanted["username"], name)
    for group in account.groups:
        if group.name not in wanted["groups"]:
            authentik.leave(account, group)
            _log.info("authentik: removed %s from group %s", wanted["username"], group.name)


def _drift(observed: Props, wanted: Props) -> list[str]:
    """
    Say what the last read found that is not as the last run left it. A change of the settings is no drift.
    """
    sentences = [] if observed["condition"] == CURRENT else [observed["condition"]]
    found, applied = set(observed["groups"]), set(observed["applied_groups"])
    if isinstance(wanted["groups"], list):
        sentences += [f"left group {name}" for name in sorted(applied & set(wanted["groups"]) - found)]
        sentences += [f"is also in group {name}" for name in sorted(found - applied - set(wanted["groups"]))]
    if observed["type"] != wanted["type"]:
        sentences.append(f"is of type {observed['type']}, not {wanted['type']}")
    if not observed["is_active"]:
        sentences.append("is deactivated")
    return sentences


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
            **given(authentik_token=token.as_property if token else None),
        }
        super().__init__(ServiceAccountProvider(), resource_name, props, opts)
