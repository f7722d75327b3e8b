"""
The headless login at whatever authentik and zot there are: the embedded ones, or real servers that the environment
names. Nothing here looks behind a server, so each is also a check of how a real one is set up.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import pytest

from tests.authentik.account import client
from tests.dynamic.wanted import LABEL, key, next_run, outs_of
from tests.messages import assert_names
from tests.world import GROUP, World
from tests.zot.signing_in import blocked, log_in
from zot_ci.authentik.errors import LoginBlockedError
from zot_ci.authentik.session import session
from zot_ci.http.errors import NotFoundError, ReconcileError
from zot_ci.zot.api import KeyAuth, zot_at
from zot_ci.zot.api_key import ApiKeyProvider

PROVIDER = ApiKeyProvider()


def password_changed(world: World) -> str:
    """When the account's password was changed last, as an admin sees it."""
    account = world.account()
    assert account is not None
    return str(account["password_change_date"])


def test_a_login_gives_a_session_that_lists_the_account_s_keys(signed_in: World) -> None:
    """With the registry's own time; nobody has a key yet."""
    signed_in.make_account(GROUP)

    found = log_in(signed_in)

    listing = zot_at(signed_in.zot_url).listing(found.auth, signed_in.username)
    assert (listing.accepted, listing.keys) == (True, ())
    assert abs(found.time - datetime.now(UTC)) < timedelta(minutes=5)


def test_one_login_leaves_nothing_in_the_next_one_s_way(signed_in: World, caplog: pytest.LogCaptureFixture) -> None:
    """No device, above all: the next login would have to clear it."""
    caplog.set_level(logging.INFO)
    signed_in.make_account(GROUP)
    before = password_changed(signed_in)

    for _ in range(2):
        log_in(signed_in)

    assert [line for line in caplog.messages if "authentik" in line] == []
    assert password_changed(signed_in) > before


def test_a_session_of_authentik_alone_ends_with_its_use(signed_in: World) -> None:
    """It is the account's while it lasts, and the account has no device any more."""
    signed_in.make_account(GROUP)
    account = client(signed_in).find(signed_in.username)
    assert account is not None

    with session(client(signed_in), account) as browser:
        assert "authentik_session" in browser.cookies
        devices = browser.call("GET", "/api/v3/authenticators/static/", whose=signed_in.username).json()

    assert devices["results"] == []


def test_a_first_key_is_made_by_a_login_and_the_next_one_by_that_key(signed_in: World) -> None:
    """From nothing to a rotation, and an end."""
    signed_in.make_account(GROUP)
    before = password_changed(signed_in)

    first = outs_of(PROVIDER.create(key(signed_in)))

    assert signed_in.accepts(first["api_key"])
    assert (first["access"], first["may"]) == ("can create, cannot delete", {"create": True, "delete": False})
    assert [listed["label"] for listed in signed_in.keys(first["api_key"])] == [LABEL]
    changed = password_changed(signed_in)
    assert changed > before

    signed_in.set_field(f"{first['api_key']}\n")
    next_run(signed_in)
    second = outs_of(PROVIDER.create(key(signed_in)))
    assert password_changed(signed_in) == changed
    assert outs_of(PROVIDER.read(second["uuid"], second))["condition"] == "current"

    next_run(signed_in)
    PROVIDER.delete(second["uuid"], second)
    assert not signed_in.accepts(first["api_key"])
    assert not signed_in.accepts(second["api_key"])


def test_a_key_made_by_hand_mints_and_one_that_ended_does_not(signed_in: World) -> None:
    """A person signed in; the registry tells both in words of its own."""
    signed_in.make_account(GROUP)
    hand = signed_in.key_made_by_hand()
    zot = zot_at(signed_in.zot_url)
    [listed] = zot.listing(KeyAuth(signed_in.username, hand), signed_in.username).keys

    minted = zot.mint(KeyAuth(signed_in.username, hand), signed_in.username, LABEL, datetime(2099, 1, 1, tzinfo=UTC))
    auth = KeyAuth(signed_in.username, signed_in.estate.secrets.add(minted.key.reveal()))
    zot.revoke(auth, signed_in.username, listed.uuid)

    assert zot.access(auth, signed_in.username, "zot-ci-access-probe") is not None
    assert not zot.listing(KeyAuth(signed_in.username, hand), signed_in.username).accepted
    assert zot.access(KeyAuth(signed_in.username, hand), signed_in.username, "zot-ci-access-probe") is None
    zot.revoke(auth, signed_in.username, minted.uuid)


@pytest.mark.parametrize(
    ("change", "words"),
    [({"type": "internal"}, "internal"), ({"type": "external"}, "external"), ({"is_active": False}, "inactive")],
    ids=["a person", "an outsider", "inactive"],
)
def test_an_account_that_is_no_active_service_account_never_gets_a_new_password(
    change: dict[str, object], words: str, signed_in: World
) -> None:
    """It may be a person's, who would be locked out; or somebody switched it off."""
    signed_in.make_account(GROUP)
    signed_in.change_account(**change)
    before = password_changed(signed_in)

    message = blocked(signed_in, LoginBlockedError)

    assert_names(message, f"authentik account {signed_in.username} is {words},", "service account")
    assert password_changed(signed_in) == before


def test_an_account_that_is_not_there_is_an_error(signed_in: World) -> None:
    """The login makes none."""
    message = blocked(signed_in, NotFoundError)

    assert_names(message, "authentik", f"no account {signed_in.username}", "AUTHENTIK_TOKEN", "view_user")
    assert signed_in.account() is None


def test_a_provider_s_name_that_zot_does_not_know_is_told_before_the_password_is_changed(signed_in: World) -> None:
    """It is a setting: the message names it."""
    signed_in.make_account(GROUP)
    before = password_changed(signed_in)

    message = blocked(signed_in, ReconcileError, provider="nobody")

    assert_names(message, "zot GET /zot/auth/login", "400", signed_in.username, "oidcProvider", "nobody")
    assert password_changed(signed_in) == before


def test_an_account_that_the_application_does_not_admit_is_told_as_such(signed_in: World) -> None:
    """It is in none of the application's groups."""
    signed_in.make_account()

    message = blocked(signed_in, LoginBlockedError)

    assert_names(message, "authentik GET /application/o/authorize/", "denied", "bind one of its groups")
