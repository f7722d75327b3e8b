"""
The authentik service account that the key belongs to, and exactly its groups.

An account of that name is adopted, and removed from all groups but the wanted ones. Properties not listed here are not
changed; the display name is given once, to an account that is made here. A destroy deletes only what was made here.
"""

from __future__ import annotations

import logging
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, UpdateResult

from ..dynamic.provider import Props, Provider, differences, given, inputs_of, report_drift
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
    Life cycle of an account. Its id is the user name; *pk* is authentik's, which a new account of that name changes.
    """

    def create(self, props: Props) -> CreateResult:
        """
        Adopt the account of that name, or make it.

        Raises:
            NotOursError: the name belongs to an account of another type, perhaps a person's.
        """
        return CreateResult(props["username"], self._reconcile(props))

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
        report_drift(f"authentik account {props['username']}", props, outs, ("groups", "type", "is_active"))
        return ReadResult(id_, outs, inputs_of(outs, _INPUTS))

    def diff(self, id_: str, olds: Props, news: Props) -> DiffResult:
        """
        Another user name is another account; everything else is changed in place.
        """
        return differences(olds, news, update=_UPDATED, replace=("username",))

    def update(self, id_: str, olds: Props, news: Props) -> UpdateResult:
        """
        Change what differs; make the account again if it is gone.
        """
        return UpdateResult(self._reconcile(news, olds))

    def delete(self, id_: str, props: Props) -> None:
        """
        Delete the account if it was made here; else leave it as it is.
        """
        authentik = _authentik(props)
        if not props["made_here"]:
            return
        if _managed(authentik, props) and authentik.delete(int(props["pk"]), props["username"]):
            _log.info("authentik: deleted account %s", props["username"])
        else:
            _log.warning("authentik: no account %s to delete; look whether it is only hidden", props["username"])

    def _reconcile(self, wanted: Props, known: Props | None = None) -> Props:
        """
        Find or make the account, change what differs, and return all outputs. *known* is what was recorded of it last.
        """
        authentik = _authentik(wanted)
        username = wanted["username"]
        account = _managed(authentik, known | {"username": username}) if known else None
        made_here = bool(known and account and known["made_here"])
        if account is None:
            account = authentik.find(username)
            if account is None:
                account = authentik.create(username, wanted.get("display_name") or username, wanted["groups"])
                made_here = True
                _log.info("authentik: created service account %s", username)
            elif account.type != SERVICE_ACCOUNT:
                hint = "it may be a person's; make it a service account by hand, or name another account"
                msg = f"authentik account {username} is of type {account.type}; {hint}"
                raise NotOursError(msg)
        _change(authentik, account, wanted)
        return {**wanted, **_observed(account), **{name: wanted[name] for name in _RECONCILED}, "made_here": made_here}


def _authentik(props: Props) -> Authentik:
    return authentik_at(props["authentik_url"], StoredToken.of(props.get("authentik_token")))


def _managed(authentik: Authentik, known: Props) -> Account | None:
    """
    Return the account that was recorded, None if it is gone. After authentik was set up anew its number can be that of
    anybody, and only the uuid tells (a state that was written before it was recorded has none).
    """
    account = authentik.account(int(known["pk"]), known["username"])
    if account is None or known.get("account_uuid") not in (None, account.uuid):
        return None
    return account


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
            **given(authentik_token=token.as_property if token else None),
        }
        super().__init__(ServiceAccountProvider(), resource_name, props, opts)
