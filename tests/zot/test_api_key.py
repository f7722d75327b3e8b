"""
How the key's provider makes a key, and which key or login it makes it with; over HTTP against the embedded systems.
"""

from __future__ import annotations

import base64
import re
from datetime import timedelta
from pathlib import Path

import pytest

from tests.dynamic.wanted import LABEL, NO_KEY, calls, key, made_by, outs_of
from tests.http.between import Between
from tests.onepassword.backends import SERVICE_ACCOUNT, enter
from tests.world import FIELD, GROUP, ITEM, VAULT, World
from zot_ci.dynamic.provider import Props
from zot_ci.dynamic.seen import SEEN
from zot_ci.http.errors import EnvironmentUnfitError, SignInRefusedError
from zot_ci.onepassword.access import onepassword
from zot_ci.onepassword.ownership import key_at
from zot_ci.settings.place import Place
from zot_ci.zot.api_key import ApiKeyProvider

STORE = Place.field(VAULT, ITEM, FIELD)

pytestmark = pytest.mark.embedded

PROVIDER = ApiKeyProvider()


def by_hand(world: World, *groups: str, **options: timedelta) -> str:
    """A key that somebody made in the web page; its user's groups are as of that login."""
    return world.estate.zot.mint(world.username, "by hand", groups=groups or [GROUP], **options)


def create(world: World, **inputs: object) -> Props:
    """Make the key."""
    return outs_of(PROVIDER.create(key(world, **inputs)))


def sent(between: Between) -> set[str]:
    """The passwords of every basic authorization."""
    schemes = [heard.authorization.partition(" ") for heard in between.heard if heard.authorization]
    return {base64.b64decode(text).decode().partition(":")[2] for scheme, _, text in schemes if scheme == "Basic"}


def test_a_key_made_by_hand_in_the_field_mints_the_first_one(signed_in: World) -> None:
    """Nobody is logged in: authentik is not asked for anything."""
    hand = by_hand(signed_in)
    signed_in.set_field(hand)

    outs = create(signed_in)

    held = signed_in.estate.zot.keys[outs["uuid"]]
    assert held.secret == outs["api_key"]
    assert held.label == LABEL
    assert calls(signed_in, "authentik") == []
    assert signed_in.accepts(hand)


def test_no_key_is_made_for_an_item_that_can_never_take_it(
    signed_in: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service account's SDK writes no item with a passkey in it; a login and a key would have been for nothing."""
    signed_in.set_field(by_hand(signed_in))
    item = signed_in.estate.onepassword.item(VAULT, ITEM)
    item.current["fields"].append({"id": "a-passkey", "type": "PASSKEY", "label": "passkey", "value": "x"})
    enter(monkeypatch, SERVICE_ACCOUNT, signed_in.estate, tmp_path)
    before = set(signed_in.estate.zot.keys)

    with pytest.raises(EnvironmentUnfitError, match="so no key was made for it"):
        create(signed_in, onepassword_access="serviceAccount")

    assert set(signed_in.estate.zot.keys) == before
    assert calls(signed_in, "authentik") == []


def test_a_1password_that_does_not_say_whether_it_can_be_written_stops_no_key(
    signed_in: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key that the state holds mints the next one, and its field is written by the next run."""
    first = made_by(signed_in)
    SEEN.live_keys["key", signed_in.zot_url, signed_in.username] = first["api_key"]
    enter(monkeypatch, SERVICE_ACCOUNT, signed_in.estate, tmp_path)
    access = onepassword("serviceAccount")
    signed_in.estate.onepassword.tokens.clear()

    assert create(signed_in, onepassword_access="serviceAccount")["uuid"] != first["uuid"]
    with pytest.raises(SignInRefusedError):
        access.refuse_unwritable(VAULT, ITEM)


@pytest.mark.parametrize("pasted", [" {}", "{}\n", "\t{} \r\n"])
def test_a_live_key_with_white_space_around_it_is_a_live_key(pasted: str, signed_in: World) -> None:
    """Somebody pasted it: without it there would be a login, or an error where there is no authentik."""
    hand = by_hand(signed_in)
    signed_in.set_field(pasted.format(hand))
    between = Between(signed_in.estate.zot)

    outs = create(signed_in, authentik_url=None)

    assert signed_in.accepts(outs["api_key"])
    assert sent(between) == {hand, outs["api_key"]}


def test_what_is_recorded_of_a_new_key(signed_in: World) -> None:
    """By the registry's clock; its expiry is the policy's."""
    signed_in.estate.clock.advance(days=400)
    signed_in.set_field(by_hand(signed_in))

    result = PROVIDER.create(key(signed_in, expire_after_days=30.5))

    outs = outs_of(result)
    held = signed_in.estate.zot.keys[outs["uuid"]]
    assert held.expires is not None
    assert abs(held.expires - signed_in.estate.clock.now() - timedelta(days=30.5)) < timedelta(minutes=1)
    assert result.id == outs["uuid"]
    observed = {name: outs[name] for name in ("age_days", "refused", "access", "may", "condition")}
    assert observed == {
        "age_days": 0.0,
        "refused": "",
        "access": "can create, cannot delete",
        "may": {"create": True, "delete": False},
        "condition": "current",
    }
    assert outs["created_at"].endswith("+00:00")
    assert outs["expires_at"] == held.expires.replace(microsecond=0).isoformat()
    assert len(outs["other_keys"]) == 1
    assert outs["other_keys"][0].startswith("by hand (")


def test_the_key_that_this_run_has_seen_in_the_state_is_asked_first(signed_in: World) -> None:
    """The one in the field is not tried: of the field it is only seen that it is the one."""
    state = made_by(signed_in)
    signed_in.set_field(by_hand(signed_in))
    PROVIDER.diff(state["uuid"], state, state)
    between = Between(signed_in.estate.zot)

    outs = create(signed_in)

    assert sent(between) == {state["api_key"], outs["api_key"]}
    assert calls(signed_in, "authentik") == []
    assert {call.split()[0] for call in calls(signed_in, "onepassword")} == {"GET"}


def test_a_key_in_the_state_that_is_dead_is_followed_by_the_one_in_the_field(signed_in: World) -> None:
    """Somebody revoked ours and pasted another one."""
    state = made_by(signed_in)
    hand = by_hand(signed_in)
    signed_in.set_field(hand)
    signed_in.estate.zot.revoke(state["uuid"])
    PROVIDER.read(state["uuid"], state)
    between = Between(signed_in.estate.zot)

    outs = create(signed_in)

    assert sent(between) == {hand, outs["api_key"]}
    assert calls(signed_in, "authentik") == []


def test_a_key_that_died_between_refresh_and_create_is_followed_as_well(signed_in: World) -> None:
    """Seen alive a moment ago."""
    state = made_by(signed_in)
    PROVIDER.read(state["uuid"], state)
    signed_in.estate.zot.revoke(state["uuid"])
    signed_in.set_field(by_hand(signed_in))

    assert create(signed_in)["uuid"] != state["uuid"]
    assert calls(signed_in, "authentik") == []


def test_another_registry_s_or_another_user_s_key_is_no_candidate(signed_in: World) -> None:
    """It would be shown to a server that has nothing to do with it."""
    state = made_by(signed_in)
    PROVIDER.read(state["uuid"], state)
    signed_in.set_field(by_hand(signed_in))
    between = Between(signed_in.estate.zot)
    alias = signed_in.zot_url.replace("127.0.0.1", "localhost")

    create(signed_in, zot_url=alias)

    assert state["api_key"] not in sent(between)


@pytest.mark.parametrize("value", ["a-password-of-somebody", "ghp_" + 32 * "a", "", None])
def test_a_value_that_is_no_zot_key_is_never_sent_to_a_registry(value: str | None, signed_in: World) -> None:
    """A field that was named by mistake may hold another system's secret."""
    signed_in.make_account(GROUP)
    signed_in.set_field(value)
    between = Between(signed_in.estate.zot)

    outs = create(signed_in)

    assert key_at(onepassword(), STORE) is None
    assert sent(between) == {outs["api_key"]}
    assert all(not value or value.encode() not in heard.body for heard in between.heard)


@pytest.mark.parametrize("field", [None, "", NO_KEY], ids=["no field", "empty", "a dead key"])
def test_without_a_live_key_somebody_is_logged_in(field: str | None, signed_in: World) -> None:
    """And nothing of the login is left, in authentik or in the registry."""
    signed_in.make_account(GROUP)
    signed_in.set_field(field)

    outs = create(signed_in)

    assert signed_in.accepts(outs["api_key"])
    assert any("/flows/executor/" in call for call in calls(signed_in, "authentik"))
    assert calls(signed_in).count("POST /zot/auth/logout") == 1
    assert signed_in.estate.zot.logins.sessions == {}
    assert signed_in.estate.authentik.users["zot-ci"].devices == []
    assert signed_in.estate.authentik.sessions_of("zot-ci") == []


@pytest.mark.parametrize("groups", [(), ("admins",)], ids=["too little", "too much"])
def test_a_live_key_of_the_wrong_access_is_followed_by_a_login(groups: tuple[str, ...], signed_in: World) -> None:
    """zot reads an account's groups only then, and they hold for the older keys too."""
    signed_in.make_account(GROUP)
    hand = signed_in.estate.zot.mint("zot-ci", "by hand", groups=groups)
    signed_in.set_field(hand)

    outs = create(signed_in)

    assert outs["access"] == "can create, cannot delete"
    assert signed_in.estate.zot.groups["zot-ci"] == {GROUP}
    assert [call for call in calls(signed_in, "zot") if call.startswith("POST /zot/auth/apikey")] == [
        "POST /zot/auth/apikey"
    ]


def test_nothing_but_the_key_itself_is_secret_in_what_is_recorded(
    signed_in: World, caplog: pytest.LogCaptureFixture
) -> None:
    """And no line of our log shows it."""
    signed_in.make_account(GROUP)

    with caplog.at_level("INFO", logger="zot_ci"):
        outs = create(signed_in)

    secrets = [value for value in signed_in.estate.secrets if value != outs["api_key"]]
    assert [value for value in secrets if value in repr(outs)] == []
    assert [value for name, value in outs.items() if outs["api_key"] in repr(value) and name != "api_key"] == []
    assert signed_in.estate.secrets.found_in(caplog.text) == []
    created = [line for line in caplog.messages if f"created key {outs['uuid']} for zot-ci" in line]
    # One form of time everywhere: in UTC, to the minute.
    assert re.search(r", expires \d{4}-\d\d-\d\d \d\d:\d\d$", "".join(created))


def test_the_field_is_found_by_label(signed_in: World) -> None:
    """What the store of record holds."""
    signed_in.set_field(NO_KEY)

    assert key_at(onepassword(), STORE) == NO_KEY
    assert signed_in.estate.onepassword.field(VAULT, ITEM, FIELD) == NO_KEY
