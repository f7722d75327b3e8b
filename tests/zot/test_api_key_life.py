"""
The key's life after it was made: what a refresh sees, what a preview makes of it, and how it ends.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.dynamic.wanted import (
    LABEL,
    MARK,
    UNKNOWN,
    calls,
    key,
    made_by,
    next_run,
    outs_of,
    planned,
    program_has,
    writes,
)
from tests.messages import assert_names
from tests.processes import another_process_of_the_run
from tests.world import GROUP, World
from zot_ci.dynamic.claims import Claim
from zot_ci.dynamic.provider import Props
from zot_ci.dynamic.run import RUN
from zot_ci.http.errors import NotFoundError, SignInRefusedError, UnexpectedAnswerError
from zot_ci.zot.api import Zot
from zot_ci.zot.api_key import ApiKeyProvider

pytestmark = pytest.mark.embedded

PROVIDER = ApiKeyProvider()


def read(olds: Props) -> Props:
    """What a refresh records."""
    return outs_of(PROVIDER.read(olds["uuid"], olds))


def stay(world: World, uuid: str) -> bool:
    """Whether a key is still there."""
    return uuid in world.estate.zot.keys


def test_a_read_in_sync_lists_and_probes_and_changes_nothing(signed_in: World) -> None:
    """One request for list and liveness, two that leave nothing."""
    olds = made_by(signed_in)

    result = PROVIDER.read(olds["uuid"], olds)

    moving = ("age_days", "last_used")
    seen = outs_of(result)
    assert {name: value for name, value in seen.items() if name not in moving} == {
        name: value for name, value in (olds | {"other_keys": []}).items() if name not in moving
    }
    assert result.inputs == key(signed_in)
    asked = [call.rpartition("/")[0] if "/uploads/" in call else call for call in calls(signed_in)]
    assert asked[0] == "GET /zot/auth/apikey"
    # Side by side.
    assert sorted(asked[1:]) == [
        "DELETE /v2/zot-ci-access-probe/manifests/no-such-tag-zot-ci-access-probe",
        "PUT /v2/zot-ci-access-probe/blobs/uploads",
    ]
    assert signed_in.estate.zot.repositories == {}
    assert not PROVIDER.diff(olds["uuid"], seen, key(signed_in)).changes


def rights(world: World, *allowed: str) -> None:
    """Somebody changes what the group may do."""
    world.estate.zot.access.policies[GROUP] = frozenset(allowed)


DRIFTS: dict[str, tuple[Callable[[World], object], str]] = {
    "too old": (lambda world: world.estate.clock.advance(days=91.5), "91 days old"),
    "revoked": (lambda world: world.estate.zot.keyring.by_uuid.clear(), "refused by the registry: revoked"),
    "expired": (lambda world: world.estate.clock.advance(days=121), "refused by the registry: expired"),
    "access lost": (
        lambda world: rights(world, "read"),
        "cannot create, which the settings expect",
    ),
    "excess access": (
        lambda world: rights(world, "read", "create", "delete"),
        "can delete, which the settings do not expect",
    ),
}


@pytest.mark.parametrize("drift", DRIFTS)
def test_a_drift_is_seen_shown_and_met_by_a_replacement(
    drift: str, signed_in: World, caplog: pytest.LogCaptureFixture
) -> None:
    """In words a person understands; made before the old one is deleted."""
    olds = made_by(signed_in)
    spoil, words = DRIFTS[drift]
    spoil(signed_in)

    seen = read(olds)

    assert seen["condition"].startswith(words)
    assert writes(signed_in) == []
    difference = planned(PROVIDER, olds["uuid"], seen, key(signed_in))
    assert f"zot API key of zot-ci: {words}" in caplog.text
    assert (difference.changes, difference.replaces) == (True, ["condition"])
    assert difference.delete_before_replace is False


def test_several_reasons_are_all_given(signed_in: World) -> None:
    """In one sentence."""
    olds = made_by(signed_in)
    signed_in.estate.clock.advance(days=100.5)
    rights(signed_in, "read")

    assert_names(read(olds)["condition"], "100 days old", "; cannot create, ")


def test_a_key_that_would_expire_before_it_rotates_is_replaced(signed_in: World) -> None:
    """A margin that is lost is seen at once, not on the day of the failure."""
    olds = made_by(signed_in, expire_after_days=95.0)

    seen = read(olds | {"rotate_after_days": 100.0})

    assert_names(seen["condition"], "expires on", "before it rotates on")
    assert PROVIDER.diff(olds["uuid"], read(olds), key(signed_in, rotate_after_days=100.0)).replaces


def test_a_key_that_never_expires_may_stay(signed_in: World) -> None:
    """zot's zero time."""
    olds = made_by(signed_in)
    held = signed_in.estate.zot.keys[olds["uuid"]]
    held.expires, held.expiration = None, "0001-01-01T00:00:00Z"

    assert (read(olds)["expires_at"], read(olds)["condition"]) == ("", "current")


def test_the_registry_s_clock_decides_the_age(signed_in: World) -> None:
    """Not this machine's."""
    olds = made_by(signed_in)
    signed_in.estate.clock.advance(days=89.5)

    assert read(olds)["age_days"] == pytest.approx(89.5, abs=0.01)


def test_what_was_known_of_a_refused_key_is_kept_and_a_recovery_is_seen(signed_in: World) -> None:
    """A registry that was restored from a backup."""
    olds = made_by(signed_in)
    held = dict(signed_in.estate.zot.keyring.by_uuid)
    signed_in.estate.zot.keyring.by_uuid.clear()
    refused = read(olds)
    assert (refused["created_at"], refused["access"]) == (olds["created_at"], olds["access"])

    signed_in.estate.zot.keyring.by_uuid.update(held)
    next_run(signed_in)

    assert (read(refused)["refused"], read(refused)["condition"]) == ("", "current")


def test_an_error_of_the_registry_is_no_drift(signed_in: World) -> None:
    """Only 401 to the key itself says that it is dead: the facts stay, and the key is not replaced for it."""
    olds = made_by(signed_in)
    signed_in.estate.zot.switch_api_keys_off()

    seen = outs_of(PROVIDER.read(olds["uuid"], olds))

    assert_names(seen["condition"], "cannot be checked: zot at ", "http.auth.apikey")
    assert seen == olds | {"condition": seen["condition"]}
    assert PROVIDER.diff(olds["uuid"], seen, key(signed_in)).replaces == []


def test_keys_of_others_are_reported_and_never_touched(signed_in: World) -> None:
    """With another label; ours are the sweep's."""
    olds = made_by(signed_in)
    signed_in.estate.zot.mint("zot-ci", "theirs", expires=timedelta(days=3))
    signed_in.estate.zot.mint("zot-ci", "", age=timedelta(days=3))
    signed_in.estate.zot.mint("zot-ci", LABEL)

    named, theirs = read(olds)["other_keys"]

    assert named.startswith("no label (")
    assert named.endswith(", never expires")
    assert theirs.startswith("theirs (")
    assert ", expires 20" in theirs
    assert writes(signed_in) == []


def test_of_the_last_use_only_the_day_is_recorded(signed_in: World) -> None:
    """zot counts the very request that asks: a time would be a difference in every run."""
    assert len(read(made_by(signed_in))["last_used"]) == len("2026-11-24")


@pytest.mark.parametrize(
    ("days", "settings", "replaces"),
    [
        (10.0, {}, []),
        (10.0, {"rotate_after_days": 5.0}, ["rotate_after_days"]),
        (95.0, {"rotate_after_days": 100.0}, []),
        (95.0, {"rotate_after_days": 0.0}, []),
        (10.0, {"rotate_after_days": 130.0, "expire_after_days": 140.0}, ["rotate_after_days", "expire_after_days"]),
        (10.0, {"expire_after_days": 140.0}, []),
    ],
    ids=["in sync", "lowered", "raised", "paused", "beyond its expiry", "only the next one's expiry"],
)
def test_today_s_settings_judge_what_the_last_read_recorded(
    days: float, settings: Props, replaces: list[str], signed_in: World
) -> None:
    """A changed limit counts in the same run, by what its read has found in another process; nobody is asked."""
    olds = made_by(signed_in)
    signed_in.estate.clock.advance(days=days)
    seen = read(olds)
    another_process_of_the_run()
    signed_in.estate.log.clear()

    difference = PROVIDER.diff(olds["uuid"], seen, key(signed_in, **settings))

    assert difference.replaces == replaces
    assert difference.changes is bool(replaces or settings or seen["condition"] != "current")
    assert calls(signed_in) == []


def test_the_end_of_a_key_is_told_while_its_rotation_is_paused_and_is_no_drift(
    signed_in: World, caplog: pytest.LogCaptureFixture
) -> None:
    """An `up` does nothing about it."""
    olds = made_by(signed_in, rotate_after_days=0.0)
    signed_in.estate.clock.advance(days=114)
    seen = read(olds)
    another_process_of_the_run()

    difference = planned(PROVIDER, olds["uuid"], seen, key(signed_in, rotate_after_days=0.0))

    assert not difference.changes
    told = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    [said] = [one for one in told if "its clock is" not in one]
    assert_names(said, "zot-ci: ", f"expires on {olds['expires_at'][:10]}", "rotation is paused")


@pytest.mark.parametrize("name", ["username", "zot_url", "label", "rotation"])
@pytest.mark.parametrize("value", ["another", UNKNOWN], ids=["known", "unknown"])
def test_another_identity_is_another_key(name: str, value: Any, signed_in: World) -> None:
    """*rotation* is any text: another one replaces the key on demand."""
    olds = made_by(signed_in)

    assert PROVIDER.diff(olds["uuid"], olds, key(signed_in, **{name: value})).replaces == [name]


@pytest.mark.parametrize(
    "name", ["probe_repository", "probe_tag", "oidc_provider", "authentik_url", "vault", "item", "field"]
)
@pytest.mark.parametrize("value", ["another", UNKNOWN], ids=["known", "unknown"])
def test_another_setting_is_taken_in_place(name: str, value: Any, signed_in: World) -> None:
    """The key itself stays."""
    olds = made_by(signed_in)

    difference = PROVIDER.diff(olds["uuid"], olds, key(signed_in, **{name: value}))

    assert (difference.changes, difference.replaces) == (True, [])


def test_an_update_keeps_the_key_and_asks_nothing(signed_in: World) -> None:
    """New settings; one that is left out is gone."""
    olds = made_by(signed_in, rotation="once")
    news = key(signed_in, rotate_after_days=30.0)

    outs = outs_of(PROVIDER.update(olds["uuid"], olds, news))

    kept = ("uuid", "api_key", "created_at", "expires_at", "access")
    assert {name: outs[name] for name in kept} == {name: olds[name] for name in kept}
    assert outs["rotate_after_days"] == 30.0
    assert "rotation" not in outs
    assert calls(signed_in) == []


def test_a_destroy_revokes_the_key_itself(signed_in: World) -> None:
    """And nobody else's; gone already is no error."""
    olds = made_by(signed_in)
    theirs = signed_in.estate.zot.mint("zot-ci", "theirs")

    PROVIDER.delete(olds["uuid"], olds)
    PROVIDER.delete(olds["uuid"], olds)

    assert [held.secret for held in signed_in.estate.zot.of("zot-ci")] == [theirs]


@pytest.mark.parametrize("known_by", ["its creation", "a refresh", "the program"])
def test_a_replaced_key_with_a_live_successor_is_left_to_the_sweep(known_by: str, signed_in: World) -> None:
    """A field or a secret may still hold it."""
    olds = made_by(signed_in)
    news = made_by(signed_in, olds["api_key"])
    if known_by == "its creation":
        RUN.note(Claim(("key", signed_in.zot_url, "zot-ci"), news["mark"]))
    elif known_by == "a refresh":
        PROVIDER.diff(news["uuid"], news, key(signed_in))
    else:
        program_has(("key", signed_in.zot_url, "zot-ci"))

    PROVIDER.delete(olds["uuid"], olds)

    assert stay(signed_in, olds["uuid"])
    assert stay(signed_in, news["uuid"])


def test_a_destroy_ends_a_newer_key_that_no_state_knows(signed_in: World, caplog: pytest.LogCaptureFixture) -> None:
    """A run was killed between the registry's answer and the engine's note of it: nobody else would ever end it."""
    caplog.set_level("INFO")
    olds = made_by(signed_in)
    lost = signed_in.estate.zot.mint("zot-ci", LABEL)
    PROVIDER.diff(olds["uuid"], olds, key(signed_in))

    PROVIDER.delete(olds["uuid"], olds)

    assert not signed_in.accepts(lost)
    assert signed_in.estate.zot.of("zot-ci") == []
    assert RUN.keys_left() == {("key", signed_in.zot_url, "zot-ci"): ()}
    assert caplog.messages[-1] == f"zot: revoked key {olds['uuid']} of zot-ci"


def test_a_newer_key_that_a_place_still_holds_is_not_ended(signed_in: World) -> None:
    """The program still has that place, by another resource."""
    olds = made_by(signed_in)
    held = signed_in.estate.zot.mint("zot-ci", LABEL)
    [uuid] = [key.uuid for key in signed_in.estate.zot.of("zot-ci") if key.secret == held]
    RUN.note(Claim(("field", "a", "b", "c"), MARK, uuid, "1Password a/b/c"))

    PROVIDER.delete(olds["uuid"], olds)

    assert signed_in.accepts(held)
    assert not signed_in.accepts(olds["api_key"])


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["old first", "new first"])
def test_a_destroy_without_a_refresh_ends_both_instances(order: tuple[int, int], signed_in: World) -> None:
    """A killed replacement has left two, and nothing has told this process which is newer: it does not matter."""
    olds = made_by(signed_in)
    both = (olds, made_by(signed_in, olds["api_key"]))

    for one in order:
        PROVIDER.delete(both[one]["uuid"], both[one])

    assert signed_in.estate.zot.of("zot-ci") == []


def test_a_key_that_was_ended_amid_the_others_says_what_it_left(
    signed_in: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its 401 means that it is dead, which one more listing confirms; not that all is done."""
    olds = made_by(signed_in)
    signed_in.estate.zot.mint("zot-ci", LABEL, age=timedelta(days=2))
    signed_in.estate.zot.mint("zot-ci", LABEL, age=timedelta(days=1))
    first, second, _ = sorted(signed_in.estate.zot.of("zot-ci"), key=lambda one: one.created_at)
    revoke = Zot.revoke

    def and_somebody_ends_it(zot: Zot, auth: httpx.Auth, username: str, uuid: str) -> None:
        revoke(zot, auth, username, uuid)
        signed_in.estate.zot.revoke(olds["uuid"])

    monkeypatch.setattr(Zot, "revoke", and_somebody_ends_it)

    PROVIDER.delete(olds["uuid"], olds)

    assert [held.uuid for held in signed_in.estate.zot.of("zot-ci")] == [second.uuid]
    assert first.uuid != second.uuid
    assert f"was revoked meanwhile, and can revoke no other; left {second.uuid}" in caplog.text
    [left] = RUN.keys_left()["key", signed_in.zot_url, "zot-ci"]
    assert second.uuid in left


def test_a_refusal_amid_a_destroy_that_is_not_the_key_s_death_is_an_error(
    signed_in: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The registry accepts it a moment later: the state keeps it, and the next destroy goes on."""
    olds = made_by(signed_in)

    def refused(*_: object) -> None:
        msg = "zot DELETE /zot/auth/apikey answered 401 for zot-ci"
        raise SignInRefusedError(msg)

    monkeypatch.setattr(Zot, "revoke", refused)

    with pytest.raises(SignInRefusedError, match="is not revoked yet"):
        PROVIDER.delete(olds["uuid"], olds)


@pytest.mark.parametrize("other", ["older", "expired", "other label"])
def test_a_key_without_a_live_successor_revokes_itself(other: str, signed_in: World) -> None:
    """Whatever else there is."""
    olds = made_by(signed_in)
    options: dict[str, Any] = {
        "older": {"age": timedelta(days=1)},
        "expired": {"expires": timedelta(days=1)},
        "other label": {},
    }[other]
    signed_in.estate.zot.mint("zot-ci", "theirs" if other == "other label" else LABEL, **options)
    if other == "expired":
        signed_in.estate.clock.advance(days=2)

    PROVIDER.delete(olds["uuid"], olds)

    assert not stay(signed_in, olds["uuid"])


def test_a_destroy_that_the_registry_does_not_answer_is_an_error(signed_in: World) -> None:
    """The state forgets only what is gone."""
    olds = made_by(signed_in)
    signed_in.estate.zot.switch_api_keys_off()

    with pytest.raises((NotFoundError, UnexpectedAnswerError)) as caught:
        PROVIDER.delete(olds["uuid"], olds)
    assert_names(caught.value, "answered 404 for zot-ci", f"key {olds['uuid']} of zot-ci is not revoked yet")


def test_times_are_recorded_in_utc_wherever_the_program_runs(signed_in: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else another machine's `up` would change the state."""
    olds = made_by(signed_in)
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    time.tzset()
    try:
        next_run(signed_in)
        seen = read(olds)
    finally:
        monkeypatch.undo()
        time.tzset()

    assert seen["created_at"].endswith("+00:00")
    assert (seen["created_at"], seen["expires_at"]) == (olds["created_at"], olds["expires_at"])
