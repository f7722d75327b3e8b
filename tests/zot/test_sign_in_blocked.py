"""
Where the sign-in ends before the login: the account is not there, or it is none to set a password for.
"""

from __future__ import annotations

import pytest

from components.authentik.api import authentik_at
from components.http.errors import LoginBlockedError, NotFoundError
from components.zot.api import zot_at
from components.zot.sign_in import zot_session
from tests.authentik.account import BEFORE, USER, made
from tests.estate import Grant
from tests.messages import assert_names
from tests.world import World
from tests.zot.signing_in import blocked

pytestmark = pytest.mark.embedded


@pytest.mark.parametrize("type_", ["internal", "external", "internal_service_account"])
def test_an_account_of_another_type_never_gets_a_new_password(type_: str, signed_in: World) -> None:
    """It may be a person's, who would be locked out."""
    user = made(signed_in)
    user.type = type_

    message = blocked(signed_in, LoginBlockedError)

    assert_names(message, "authentik account zot-ci", f" {type_},", "service account")
    assert (user.password, user.password_changes) == (BEFORE, 0)


def test_an_inactive_account_never_gets_a_new_password(signed_in: World) -> None:
    """Somebody switched it off."""
    user = made(signed_in)
    user.is_active = False

    assert_names(blocked(signed_in, LoginBlockedError), "authentik account zot-ci", "inactive")
    assert (user.password, user.password_changes) == (BEFORE, 0)


def test_an_account_that_is_not_there_is_an_error(signed_in: World) -> None:
    """The login makes none."""
    message = blocked(signed_in, NotFoundError)

    assert_names(message, "authentik", "no account zot-ci", "AUTHENTIK_TOKEN", "view_user")
    assert USER not in signed_in.estate.authentik.users


def test_an_account_that_the_token_may_not_see_gets_no_new_password(
    signed_in: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """authentik answers as if there were none; the line names the permission."""
    user = made(signed_in)
    grants = [Grant(name, user) for name in ("reset_user_password", "impersonate")]
    monkeypatch.setenv("AUTHENTIK_TOKEN", signed_in.estate.authentik.add_token("lesser", grants))

    assert_names(blocked(signed_in, NotFoundError), "AUTHENTIK_TOKEN", " view_user on ")
    assert user.password_changes == 0


def test_three_permissions_on_the_one_account_are_enough(signed_in: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The least privilege, the removal of an abandoned device included."""
    user = made(signed_in)
    signed_in.estate.authentik.add_device(USER)
    grants = [Grant(name, user) for name in ("view_user", "reset_user_password", "impersonate")]
    monkeypatch.setenv("AUTHENTIK_TOKEN", signed_in.estate.authentik.add_token("least", grants))

    zot_session(authentik_at(signed_in.authentik_url), zot_at(signed_in.zot_url), USER, "oidc")

    assert user.devices == []
