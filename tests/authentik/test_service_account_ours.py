"""
Whose the account is: what a destroy deletes and what it leaves, and how an account stays ours or stops being so.
"""

from __future__ import annotations

import pytest
from starlette.responses import JSONResponse

from tests.authentik.account import USER
from tests.authentik.service_account import PROVIDER, in_sync, made_before, read
from tests.dynamic.wanted import account, calls, no_key_is_left, outs_of
from tests.http.between import Between
from tests.messages import assert_names
from tests.world import GROUP, World
from zot_ci.dynamic.claims import Claim
from zot_ci.dynamic.run import RUN
from zot_ci.http.errors import PermissionMissingError

pytestmark = pytest.mark.embedded


def test_a_destroy_deletes_what_was_made_here(signed_in: World) -> None:
    """Gone already is no error."""
    olds = in_sync(signed_in)
    no_key_is_left(signed_in, USER)

    PROVIDER.delete(USER, olds)
    PROVIDER.delete(USER, olds)

    assert USER not in signed_in.estate.authentik.users


@pytest.mark.parametrize("keys", [None, ["by hand (a-uuid), created 2026-11-25, never expires"]])
def test_a_destroy_leaves_an_account_whose_name_may_have_live_keys(
    keys: list[str] | None, signed_in: World, caplog: pytest.LogCaptureFixture
) -> None:
    """A new account of that name would get them back. It is named why it stays."""
    olds = in_sync(signed_in)
    if keys is not None:
        no_key_is_left(signed_in, USER, *keys)

    PROVIDER.delete(USER, olds)

    assert USER in signed_in.estate.authentik.users
    assert "left account zot-ci" in caplog.text
    assert (keys or ["the registry lists none"])[0] in caplog.text


@pytest.mark.parametrize(
    ("left", "stays"),
    [
        ({"one": [], "two": []}, False),
        ({"one": []}, True),
        ({"one": [], "two": ["by hand (a-uuid)"]}, True),
        ({"one": ["by hand (a-uuid)"], "two": []}, True),
    ],
    ids=["no key at both", "one has not been seen", "a key at the second", "a key at the first"],
)
def test_an_account_of_two_registries_stays_until_both_are_known_to_have_no_key(
    left: dict[str, list[str]], stays: bool, signed_in: World
) -> None:
    """Another Pulumi program may have one account at several; whichever answered last does not decide alone."""
    olds = in_sync(signed_in)
    for registry in ("one", "two"):
        RUN.note(Claim(("key", registry, USER), RUN.claims.new_mark()))
    for registry, keys in left.items():
        no_key_is_left(signed_in, USER, *keys, registry=registry)

    PROVIDER.delete(USER, olds)

    assert (USER in signed_in.estate.authentik.users) is stays


def test_another_account_s_keys_say_nothing_of_this_one(signed_in: World) -> None:
    """Neither that it has none nor that it has some."""
    olds = in_sync(signed_in)
    no_key_is_left(signed_in, "zot-cd")

    PROVIDER.delete(USER, olds)
    assert USER in signed_in.estate.authentik.users

    no_key_is_left(signed_in, "zot-cd", "by hand (a-uuid)")
    no_key_is_left(signed_in, USER)
    PROVIDER.delete(USER, olds)
    assert USER not in signed_in.estate.authentik.users


def test_an_account_that_was_made_here_stays_ours_when_its_resource_is_replaced(
    signed_in: World, caplog: pytest.LogCaptureFixture
) -> None:
    """`state taint`: the new instance finds the account by its name, and the old one is deleted last."""
    caplog.set_level("INFO")
    olds = in_sync(signed_in)
    PROVIDER.diff(USER, olds, account(signed_in))

    PROVIDER.check({}, account(signed_in))
    outs = outs_of(PROVIDER.create(account(signed_in)))
    no_key_is_left(signed_in, USER)
    PROVIDER.delete(USER, olds)

    assert outs["made_here"] is True
    assert outs["mark"] > olds["mark"]
    assert USER in signed_in.estate.authentik.users
    assert caplog.messages[-1] == f"authentik: left account {USER}, which is still in the settings"


def test_an_account_renamed_there_and_here_is_not_deleted_under_its_old_name(signed_in: World) -> None:
    """Another resource name, another user name, the same account: its uuid tells."""
    olds = in_sync(signed_in)
    PROVIDER.diff(USER, olds, account(signed_in))
    signed_in.change_account(username="other")

    outs = outs_of(PROVIDER.create(account(signed_in, username="other")))
    no_key_is_left(signed_in, USER)
    PROVIDER.delete(USER, olds)

    assert outs["made_here"] is True
    assert "other" in signed_in.estate.authentik.users


def test_a_token_that_may_delete_nothing_is_told_with_whose_account_stays(signed_in: World) -> None:
    """In the sentence of every refusal."""
    olds = in_sync(signed_in)
    no_key_is_left(signed_in, USER)
    refused = JSONResponse({"detail": "You do not have permission to perform this action."}, status_code=403)
    Between(signed_in.estate.authentik).answer("DELETE /core/users/", refused)

    with pytest.raises(PermissionMissingError) as caught:
        PROVIDER.delete(USER, olds)

    assert_names(caught.value, "authentik DELETE /api/v3/core/users/", f"answered 403 for {USER}", "delete_user")


def test_a_destroy_leaves_an_adopted_account_as_it_is(signed_in: World) -> None:
    """Not even asked for."""
    user = made_before(signed_in)
    olds = in_sync(signed_in)

    PROVIDER.delete(USER, olds)

    assert signed_in.estate.authentik.users[USER] is user
    assert user.groups == {GROUP}
    assert calls(signed_in) == []


@pytest.mark.parametrize("adopted", [True, False])
def test_who_made_an_account_is_kept_through_an_update(adopted: bool, signed_in: World) -> None:
    """Else a later destroy would delete somebody's, or leave ours."""
    if adopted:
        made_before(signed_in)
    olds = in_sync(signed_in)
    signed_in.leave(GROUP)

    outs = outs_of(PROVIDER.update(USER, read(olds), account(signed_in)))

    assert outs["made_here"] is not adopted


def test_an_account_that_somebody_made_again_is_adopted_and_no_longer_ours(signed_in: World) -> None:
    """Of the same name, but another: a destroy leaves it."""
    olds = in_sync(signed_in)
    signed_in.delete_account()
    user = made_before(signed_in)

    found = read(olds)
    assert_names(found["condition"], "not found", "zot-ci", "AUTHENTIK_TOKEN", "view_user")
    outs = outs_of(PROVIDER.update(USER, found, account(signed_in)))

    assert (outs["pk"], outs["made_here"]) == (user.pk, False)
    PROVIDER.delete(USER, outs)
    assert USER in signed_in.estate.authentik.users


def test_an_adopted_account_that_is_gone_is_made_here(signed_in: World) -> None:
    """A destroy then deletes it: nobody else's is left of it."""
    made_before(signed_in)
    olds = in_sync(signed_in)
    signed_in.delete_account()

    assert outs_of(PROVIDER.update(USER, read(olds), account(signed_in)))["made_here"] is True


def test_an_account_that_has_our_number_after_authentik_was_set_up_anew_is_nobody_of_ours(signed_in: World) -> None:
    """A person's account under the recorded pk is neither renamed nor regrouped nor deleted: the uuid is another."""
    olds = outs_of(PROVIDER.create(account(signed_in)))
    server = signed_in.estate.authentik
    server.delete_user(USER)
    person = server.add_user("alice", groups=("admins",), type="internal")
    person.pk = int(olds["pk"])

    found = PROVIDER.read(USER, olds)
    assert str(outs_of(found)["condition"]).startswith("not found: ")
    PROVIDER.delete(USER, olds)
    updated = outs_of(PROVIDER.update(USER, outs_of(found), account(signed_in)))

    assert (person.username, person.type, person.groups) == ("alice", "internal", {"admins"})
    assert server.users["alice"] is person
    assert updated["account_uuid"] == server.users[USER].uuid != person.uuid
