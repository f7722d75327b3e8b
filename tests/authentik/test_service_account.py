"""
The account's life cycle, called as the engine calls it, over HTTP against the embedded authentik.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from starlette.responses import JSONResponse

from tests.dynamic.wanted import UNKNOWN, account, calls, next_run, no_key_is_left, outs_of, planned, writes
from tests.estate.authentik.model import User
from tests.http.between import Between
from tests.messages import assert_names
from tests.world import GROUP, World
from zot_ci.authentik.service_account import ServiceAccountProvider
from zot_ci.dynamic.claims import Claim
from zot_ci.dynamic.errors import NotOursError
from zot_ci.dynamic.provider import Props
from zot_ci.dynamic.run import RUN
from zot_ci.http.errors import NotFoundError, PermissionMissingError

pytestmark = pytest.mark.embedded

PROVIDER = ServiceAccountProvider()
USER = "zot-ci"
# A registry: the evidence about an account's keys is of one.
ZOT = "https://registry.example.test"


def made_before(world: World, **properties: Any) -> User:
    """Somebody made the account."""
    user = world.estate.authentik.add_user(USER, groups=[GROUP], name="Theirs")
    for name, value in properties.items():
        setattr(user, name, value)
    next_run(world)
    return user


def in_sync(world: World) -> Props:
    """The account as the last run recorded it: numbers are floats in the state."""
    outs = outs_of(PROVIDER.create(account(world)))
    next_run(world)
    return outs | {"pk": float(outs["pk"])}


def read(olds: Props) -> Props:
    """What a refresh records."""
    return outs_of(PROVIDER.read(USER, olds))


def test_an_account_that_is_not_there_is_made(signed_in: World) -> None:
    """With name, groups and type as wanted; the id is the name."""
    result = PROVIDER.create(account(signed_in))

    user = signed_in.estate.authentik.users[USER]
    assert result.id == USER
    assert outs_of(result) == account(signed_in) | {
        "pk": user.pk,
        "account_uuid": user.uuid,
        "applied_groups": [GROUP],
        "made_here": True,
        "mark": outs_of(result)["mark"],
    }
    assert (user.name, user.type, user.is_active, user.groups) == ("Zot CI", "service_account", True, {GROUP})


def test_a_display_name_may_be_left_out(signed_in: World) -> None:
    """The engine drops what is None."""
    props = account(signed_in)
    del props["display_name"]

    PROVIDER.create(props)

    assert signed_in.estate.authentik.users[USER].name == USER


def test_an_account_in_sync_is_adopted_without_a_change(signed_in: World) -> None:
    """Its display name is somebody's."""
    user = made_before(signed_in)

    outs = outs_of(PROVIDER.create(account(signed_in)))

    assert outs["made_here"] is False
    assert outs["pk"] == user.pk
    assert user.name == "Theirs"
    assert writes(signed_in) == []


def test_only_what_differs_is_changed_in_an_adopted_account(signed_in: World, caplog: pytest.LogCaptureFixture) -> None:
    """Groups exactly: one too many goes, one too few comes. Each change is a line."""
    user = made_before(signed_in, is_active=False, groups={"admins"})
    caplog.set_level("INFO")

    PROVIDER.create(account(signed_in))

    assert [line for line in caplog.messages if line.startswith("authentik: ")] == [
        f"authentik: adopted account {USER}, which stays on destroy",
        f"authentik: set is_active of {USER}",
        f"authentik: added {USER} to group {GROUP}",
        f"authentik: removed {USER} from group admins",
    ]

    assert (user.is_active, user.groups, user.name, user.path) == (True, {GROUP}, "Theirs", "users")
    assert [call.split()[0] for call in writes(signed_in)] == ["PATCH", "POST", "POST"]


@pytest.mark.parametrize("type_", ["internal", "external", "internal_service_account"])
def test_an_account_of_another_type_is_not_ours_to_take(type_: str, signed_in: World) -> None:
    """It may be a person's: nothing of it is changed."""
    user = made_before(signed_in, type=type_, is_active=False, groups=set())

    with pytest.raises(NotOursError) as caught:
        PROVIDER.create(account(signed_in))

    assert_names(caught.value, "authentik account zot-ci", type_, "service account")
    assert (user.type, user.is_active, user.groups) == (type_, False, set())


def test_a_group_that_is_not_there_makes_no_account(signed_in: World) -> None:
    """All groups are looked up before."""
    with pytest.raises(NotFoundError, match="no group nobody"):
        PROVIDER.create(account(signed_in, groups=[GROUP, "nobody"]))
    assert USER not in signed_in.estate.authentik.users


def test_a_read_in_sync_records_the_same_and_asks_once(signed_in: World) -> None:
    """Outputs and inputs: the engine compares the program's inputs with these."""
    olds = in_sync(signed_in)

    result = PROVIDER.read(USER, olds)

    assert outs_of(result) == olds
    assert result.inputs == account(signed_in)
    assert len(calls(signed_in)) == 1


DRIFTS: dict[str, tuple[Callable[[World], object], Props]] = {
    "inactive": (lambda world: world.change_account(is_active=False), {"is_active": False}),
    "other type": (lambda world: world.change_account(type="internal"), {"type": "internal"}),
    "group missing": (lambda world: world.leave(GROUP), {"groups": []}),
    "group too many": (lambda world: world.join("admins"), {"groups": ["admins", GROUP]}),
    "gone": (
        lambda world: world.delete_account(),
        {"condition": "not"},
    ),
    "renamed": (lambda world: world.change_account(username="other"), {"condition": "renamed"}),
}


SAID = {
    "inactive": "is deactivated",
    "other type": "is of type internal",
    "group missing": f"left group {GROUP}",
    "group too many": "is also in group admins",
    "gone": "not found: ",
    "renamed": "renamed to other",
}


@pytest.mark.parametrize("drift", DRIFTS)
def test_a_drift_is_seen_shown_and_reconciled(drift: str, signed_in: World, caplog: pytest.LogCaptureFixture) -> None:
    """A read changes nothing and says what is out of sync; one update reconciles it, and the next read is in sync."""
    olds = in_sync(signed_in)
    spoil, seen = DRIFTS[drift]
    spoil(signed_in)
    next_run(signed_in)

    found = PROVIDER.read(USER, olds)

    outs = outs_of(found)
    # Of the sentence its first word; `tests/docs/test_conditions.py` has all of it.
    shown = {"condition": re.split("[ :]", outs["condition"])[0]}
    assert outs | shown == olds | seen
    assert found.inputs == account(signed_in) | seen | {"condition": outs["condition"]}
    assert writes(signed_in) == []
    assert caplog.text == ""
    difference = planned(PROVIDER, USER, outs, account(signed_in))
    assert caplog.text.count("authentik account zot-ci: ") == 1
    assert SAID[drift] in caplog.text
    assert (difference.changes, difference.replaces) == (True, [])

    updated = outs_of(PROVIDER.update(USER, outs, account(signed_in)))

    again = read(updated)
    assert again == updated
    assert again == olds | {name: again[name] for name in ("pk", "account_uuid", "mark")}
    assert not PROVIDER.diff(USER, again, account(signed_in)).changes


def test_a_change_of_settings_is_an_update(signed_in: World) -> None:
    """And nothing else is touched."""
    olds = in_sync(signed_in)
    news = account(signed_in, groups=["admins"], display_name="Another")

    assert PROVIDER.diff(USER, olds, news).changes
    PROVIDER.update(USER, olds, news)

    assert signed_in.groups() == {"admins"}
    assert signed_in.estate.authentik.users[USER].name == "Zot CI"


def test_a_display_name_alone_is_no_difference(signed_in: World) -> None:
    """It is given to an account that is made here, and then left alone."""
    olds = in_sync(signed_in)

    assert not PROVIDER.diff(USER, olds, account(signed_in, display_name="Another")).changes


def test_another_user_name_is_another_account(signed_in: World) -> None:
    """Made before the old one is deleted."""
    difference = PROVIDER.diff(USER, in_sync(signed_in), account(signed_in, username="other"))

    assert difference.replaces == ["username"]
    assert difference.delete_before_replace is False


@pytest.mark.parametrize("name", ["authentik_url", "groups"])
def test_a_value_that_is_not_known_yet_is_a_difference(name: str, signed_in: World) -> None:
    """In a preview; *diff* must not stumble over it."""
    news = account(signed_in, **{name: UNKNOWN})

    assert PROVIDER.diff(USER, in_sync(signed_in), news).changes


def test_a_change_of_the_wanted_groups_is_no_drift(signed_in: World, caplog: pytest.LogCaptureFixture) -> None:
    """Nobody left a group that the settings have just named, and nobody joined one that they no longer name."""
    olds = in_sync(signed_in)

    assert planned(PROVIDER, USER, read(olds), account(signed_in, groups=["admins"])).changes
    assert caplog.text == ""


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


def test_a_permission_that_an_update_lacks_is_named(
    signed_in: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is recorded as reconciled. It fails no resource, since a key needs no authentik: the run ends with it."""
    olds = in_sync(signed_in)
    signed_in.change_account(is_active=False)
    grants = [grant for grant in signed_in.estate.authentik.bot_grants() if grant.permission != "change_user"]
    monkeypatch.setenv("AUTHENTIK_TOKEN", signed_in.estate.authentik.add_token("lesser", grants))

    PROVIDER.check(account(signed_in), account(signed_in))
    updated = outs_of(PROVIDER.update(USER, read(olds), account(signed_in)))

    assert_names(updated["condition"], "refused: ", "AUTHENTIK_TOKEN", "change_user on ")
    assert updated["is_active"] is False
    assert f"authentik account {USER}: {updated['condition']}" in caplog.text


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
