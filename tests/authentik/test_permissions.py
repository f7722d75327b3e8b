"""
The permissions that each call to authentik needs: one that is missing is named, and no more than these are needed.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.authentik.account import USER, account, client
from tests.estate import Grant
from tests.http.told import SECRET
from tests.messages import assert_names
from tests.world import GROUP, World
from zot_ci.authentik.api import Group
from zot_ci.http.browser import Browser
from zot_ci.http.errors import (
    PermissionMissingError,
)


def its_group(world: World) -> Group:
    """The account's group, without asking for it."""
    return Group(pk=world.estate.authentik.groups[GROUP].pk, name=GROUP)


def impersonate(world: World) -> None:
    """Impersonate the account in a browser that is closed again."""
    with Browser("authentik", world.authentik_url) as browser:
        client(world).impersonate(account(world), browser)


CALLS: dict[str, Callable[[World], object]] = {
    "change_user": lambda world: client(world).change(account(world), is_active=True),
    "delete_user": lambda world: client(world).delete(account(world).pk, USER),
    "reset_user_password": lambda world: client(world).set_password(account(world), SECRET),
    "impersonate": impersonate,
    "view_group": lambda world: client(world).group(GROUP),
    "add_user_to_group": lambda world: client(world).join(account(world), its_group(world)),
    "remove_user_from_group": lambda world: client(world).leave(account(world), its_group(world)),
}


@pytest.mark.embedded
@pytest.mark.parametrize("permission", CALLS)
def test_a_missing_permission_is_named(permission: str, signed_in: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """403 to a call that needs it; the sentence covers a bad token as well, which authentik answers alike."""
    grants = [grant for grant in signed_in.estate.authentik.bot_grants() if grant.permission != permission]
    monkeypatch.setenv("AUTHENTIK_TOKEN", signed_in.estate.authentik.add_token("lesser", grants))

    with pytest.raises(PermissionMissingError) as caught:
        CALLS[permission](signed_in)

    assert_names(caught.value, "authentik ", " 403 ", "AUTHENTIK_TOKEN", f" {permission} on ")
    assert signed_in.estate.secrets.found_in(str(caught.value)) == []


@pytest.mark.embedded
@pytest.mark.parametrize("permission", CALLS)
def test_the_least_privilege_on_the_one_object_is_enough(
    permission: str, signed_in: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No global permission for an account that exists (a deletion is not among them: others made it)."""
    known = account(signed_in)
    grants = signed_in.estate.authentik.least_grants(USER, [GROUP])
    if permission == "delete_user":
        grants.append(Grant("delete_user", signed_in.estate.authentik.users[USER]))
    monkeypatch.setenv("AUTHENTIK_TOKEN", signed_in.estate.authentik.add_token("least", grants))

    CALLS[permission](signed_in)

    assert known.username == USER
