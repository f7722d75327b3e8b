"""
The key's life after it was made: what a refresh sees, and what a preview makes of it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.dynamic.wanted import (
    LABEL,
    UNKNOWN,
    calls,
    key,
    made_by,
    next_run,
    outs_of,
    planned,
    writes,
)
from tests.messages import assert_names
from tests.processes import another_process_of_the_run
from tests.world import GROUP, World
from zot_ci.dynamic.provider import Props
from zot_ci.zot.api_key import ApiKeyProvider

pytestmark = pytest.mark.embedded

PROVIDER = ApiKeyProvider()


def read(olds: Props) -> Props:
    """What a refresh records."""
    return outs_of(PROVIDER.read(olds["uuid"], olds))


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
