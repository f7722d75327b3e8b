"""
authentik's accounts and groups, by its API with a token. HTTP only; the headless login is in `session.py`.

Measured on authentik 2026.2.1 and 2026.5.0-rc1: a bad token is 403 like a missing permission, and an object that the
token may not see is 404, or missing from a list, like one that does not exist.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

import httpx

from ..http.answers import server_time
from ..http.api import Advice, Api, Parsed
from ..http.browser import Browser
from ..http.connections import shared
from ..http.errors import AmbiguousError, InterceptedError, NotFoundError, PermissionMissingError
from ..http.once import Once
from ..onepassword.reference import token
from ..settings.reference import StoredToken
from .advice import needs, to_change, to_create, to_impersonate, to_set_a_password
from .model import Account as Account
from .model import Accounts, ApiToken, ApiTokens, Brand, Groups
from .model import Group as Group
from .outcome import insist_on, taken_otherwise
from .own_answers import OWN_ANSWERS, names_itself
from .seen_accounts import PAGE, SeenAccounts

SERVICE_ACCOUNT = "service_account"

_USERS = "/api/v3/core/users/"
_GROUPS = "/api/v3/core/groups/"
_TOKENS = "/api/v3/core/tokens/"
_BRAND = "/api/v3/core/brands/current/"


class Authentik:
    """
    One server. *token_name* is the token's name in messages: the variable or the reference that it comes from.

    Args:
        stored: where its token is kept in 1Password; without it, AUTHENTIK_TOKEN has the token.
    """

    def __init__(
        self, url: str, stored: StoredToken | None = None, *, transport: httpx.BaseTransport | None = None
    ) -> None:
        self.api = Api("authentik", url, own_answers=OWN_ANSWERS, transport=transport)
        self._auth = token("AUTHENTIK_TOKEN", "an authentik API token", stored)
        self.token_name = self._auth.name
        self._seen = SeenAccounts(self._page, self.account)
        self._groups: Once[str, Group] = Once()
        self._tokens: Once[str, tuple[list[ApiToken], datetime]] = Once()

    def close(self) -> None:
        """
        Close the connections.
        """
        self.api.close()

    def find(self, username: str) -> Account | None:
        """
        Return the account of that name, None if there is none or the token may not see it. Read-only.
        """
        accounts = self._get(_USERS, username, Accounts, self._needs("view_user"), {"username": username}).results
        return next((account for account in accounts if account.username == username), None)

    def namesakes(self, account: Account) -> list[Account]:
        """
        Return the other accounts whose name differs from that of *account* in upper and lower case only, as far as the
        token may see them. Read-only.
        """
        wanted = account.username
        params = {"search": wanted}
        found = self._get(_USERS, wanted, Accounts, self._needs("view_user"), params).results
        return [other for other in found if other.pk != account.pk and other.username.casefold() == wanted.casefold()]

    def account(self, pk: int, username: str) -> Account | None:
        """
        Return the account *pk*, None if it does not exist or the token may not see it. Read-only.
        """
        try:
            return self._get(f"{_USERS}{pk}/", username, Account, self._needs("view_user"))
        except NotFoundError:
            return None

    def seen_account(self, pk: int, username: str) -> Account | None:
        """
        Return what `account` returns, asked once in a process. Where the token may list accounts, one request is for
        many. Read-only.
        """
        return self._seen.account(pk, username)

    def _page(self, number: int) -> Accounts:
        params = {"type": SERVICE_ACCOUNT, "page": str(number), "page_size": str(PAGE)}
        return self._get(_USERS, "the service accounts", Accounts, self._needs("view_user"), params)

    def create(self, username: str, display_name: str, groups: list[str]) -> Account:
        """
        Make an active service account in *groups*.

        The route `…/users/service_account/` is not used, since it also makes an app password.
        """
        try:
            pks = [self.group(name).pk for name in groups]
        except (PermissionMissingError, NotFoundError) as exc:
            hint = f"if account {username} exists, nothing has to be made: grant view_user on it"
            raise exc.adding(hint) from None
        body = {
            "username": username,
            "name": display_name,
            "type": SERVICE_ACCOUNT,
            "path": "users",
            "is_active": True,
            "groups": pks,
        }
        advice = to_create(self.token_name, username)
        response = self.api.call(
            "POST", _USERS, whose=username, auth=self._auth, json=body, expect=(201,), advice=advice
        )
        self._seen.forget()
        account = self.api.parse(response, _USERS, username, Account)
        if account.username != username:
            # Keys belong to the name, and no later run would find an account of another name.
            raise taken_otherwise(account, username, partial(self.delete, account.pk, account.username))
        return account

    def change(self, account: Account, **properties: Any) -> None:
        """
        Change some of the account's own properties.

        Raises:
            UnexpectedAnswerError: authentik accepted the change and did not make it.
        """
        path = f"{_USERS}{account.pk}/"
        advice = to_change(self.token_name, properties.get("username"))
        response = self._write("PATCH", path, account.username, advice, properties)
        insist_on(properties, self.api.parse(response, path, account.username, Account), path)

    def delete(self, pk: int, username: str) -> bool:
        """
        Delete the account, and return whether it existed. A missing account is no error; it looks like one that the
        token may not see.
        """
        response = self.api.call(
            "DELETE",
            f"{_USERS}{pk}/",
            whose=username,
            auth=self._auth,
            advice=self._needs("delete_user"),
            repeat=True,
            expect=(204, 404),
        )
        self._seen.forget()
        if response.status_code != httpx.codes.NO_CONTENT:
            return False
        if not names_itself(response) and self.account(pk, username) is not None:
            hint = "something in front of authentik answered; let it pass /api/v3/ and the header X-authentik-Id"
            msg = f"authentik DELETE {_USERS}{pk}/ answered 204 for {username}, which is still there; {hint}"
            raise InterceptedError(msg)
        return True

    def group(self, name: str) -> Group:
        """
        Return the group of that name, asked for once in a process. Read-only.

        Raises:
            NotFoundError: there is none, or the token may not see it. Groups belong to others, so none is ever created.
            AmbiguousError: there are several.
        """
        return self._groups.get(name, lambda: self._group(name))

    def _group(self, name: str) -> Group:
        params = {"name": name, "include_users": "false", "include_parents": "true"}
        advice = self._needs("view_group", "the group")
        groups = self._get(_GROUPS, f"group {name}", Groups, advice, params).results
        found = [group for group in groups if group.name == name]
        if not found:
            hint = f"create it, correct the setting, or grant {self.token_name} view_group on it"
            msg = f"authentik GET {_GROUPS} found no group {name}; {hint}"
            raise NotFoundError(msg)
        if len(found) > 1:
            msg = f"authentik GET {_GROUPS} found {len(found)} groups {name}; rename all but one"
            raise AmbiguousError(msg)
        return found[0]

    def join(self, account: Account, group: Group) -> None:
        """
        Add the account to the group; it may be in the group already.
        """
        self._membership(account, group, "add_user", "add_user_to_group")

    def leave(self, account: Account, group: Group) -> None:
        """
        Remove the account from the group; it need not be in the group.
        """
        self._membership(account, group, "remove_user", "remove_user_from_group")

    def _membership(self, account: Account, group: Group, action: str, permission: str) -> None:
        advice = self._needs(permission, f"group {group.name}, and view_group there")
        self._write("POST", f"{_GROUPS}{group.pk}/{action}/", account.username, advice, {"pk": account.pk}, 204)

    def set_password(self, account: Account, password: str) -> None:
        """
        Set the account's password.
        """
        path = f"{_USERS}{account.pk}/set_password/"
        body = {"password": password}
        advice = to_set_a_password(self.token_name)
        self._write("POST", path, account.username, advice, body, 204)

    def brand(self) -> Brand:
        """
        Return the flows of the server's brand; needs no token. Read-only.
        """
        response = self.api.call("GET", _BRAND, whose="the brand")
        return self.api.parse(response, _BRAND, "the brand", Brand)

    def own_tokens(self) -> tuple[list[ApiToken], datetime]:
        """
        Return the tokens of the token's own user, and the server's clock; asked once in a process. Read-only.
        """
        return self._tokens.get("", self._own_tokens)

    def _own_tokens(self) -> tuple[list[ApiToken], datetime]:
        response = self.api.call("GET", _TOKENS, whose="the token itself", auth=self._auth)
        return self.api.parse(response, _TOKENS, "the token itself", ApiTokens).results, server_time(response)

    def impersonate(self, account: Account, browser: Browser) -> None:
        """
        Turn *browser* into an API session as *account*, which can manage the account's devices. It is no login.
        """
        path = f"{_USERS}{account.pk}/impersonate/"
        body = {"reason": "zot-ci removes the static device that an interrupted login left"}
        browser.call(
            "POST",
            path,
            whose=account.username,
            auth=self._auth,
            json=body,
            advice=to_impersonate(self.token_name),
            repeat=True,
            expect=(204,),
        )

    def _needs(self, permission: str, on: str = "the account") -> Advice:
        return needs(self.token_name, permission, on)

    def _get(
        self,
        path: str,
        whose: str,
        model: type[Parsed],
        advice: Advice,
        params: dict[str, str] | None = None,
    ) -> Parsed:
        response = self.api.call("GET", path, whose=whose, auth=self._auth, params=params, advice=advice)
        return self.api.parse(response, path, whose, model)

    def _write(
        self, method: str, path: str, whose: str, advice: Advice, body: Any, expect: int = 200
    ) -> httpx.Response:
        # Each of these requests names the wanted state, so it may be sent twice.
        response = self.api.call(
            method, path, whose=whose, auth=self._auth, json=body, advice=advice, repeat=True, expect=(expect,)
        )
        self._seen.forget()
        return response


def authentik_at(url: str, stored: StoredToken | None = None) -> Authentik:
    """
    Return this process's client of the authentik server at *url*.
    """
    return shared(Authentik, url, stored)
