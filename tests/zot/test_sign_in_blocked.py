"""
Where the sign-in ends before the login, as only the embedded authentik can be set up; the rest is in `test_login.py`.
"""

from __future__ import annotations

import pytest

from tests.authentik.account import BEFORE, USER, made
from tests.estate import Grant
from tests.messages import assert_names
from tests.world import World
from tests.zot.signing_in import blocked
from zot_ci.authentik.api import authentik_at
from zot_ci.authentik.errors import LoginBlockedError
from zot_ci.http.errors import NotFoundError
from zot_ci.zot.api import zot_at
from zot_ci.zot.sign_in import zot_session

pytestmark = pytest.mark.embedded


def test_a_service_account_of_authentik_s_own_never_gets_a_new_password(signed_in: World) -> None:
    """An outpost's, which authentik lets nobody make."""
    user = made(signed_in)
    user.type = "internal_service_account"

    message = blocked(signed_in, LoginBlockedError)

    assert_names(message, "authentik account zot-ci", " internal_service_account,", "service account")
    assert (user.password, user.password_changes) == (BEFORE, 0)


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
