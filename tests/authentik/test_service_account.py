"""
The account's life cycle, called as the engine calls it, over HTTP against the embedded authentik.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.authentik.account import USER
from tests.authentik.service_account import PROVIDER, in_sync, made_before, read
from tests.dynamic.wanted import UNKNOWN, account, calls, next_run, outs_of, planned, writes
from tests.messages import assert_names
from tests.world import GROUP, World
from zot_ci.dynamic.errors import NotOursError
from zot_ci.dynamic.provider import Props
from zot_ci.http.errors import NotFoundError

pytestmark = pytest.mark.embedded


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
