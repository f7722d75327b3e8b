"""
How long older keys live: an order for one run goes before the settings, and what it leaves alive is remembered.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.dynamic.wanted import LABEL, made_by, next_run, outs_of, sweep, swept
from tests.world import World
from zot_ci.dynamic.provider import Props
from zot_ci.http.errors import EnvironmentUnfitError
from zot_ci.zot.grace import Grace, ordered_for
from zot_ci.zot.retired_keys import RetiredKeysProvider

PROVIDER = RetiredKeysProvider()
WEEK: dict[str, Any] = {"retire_after_days": 7.0}


def rotated(world: World) -> tuple[Props, Props]:
    """A key and its successor."""
    old = made_by(world)
    return old, made_by(world, old["api_key"])


def updated(world: World, olds: Props, news: Props) -> Props:
    """What is recorded after a sweep."""
    outs = outs_of(PROVIDER.update(LABEL, olds, news))
    next_run(world)
    return outs


def test_without_an_order_the_settings_count_and_what_an_earlier_one_kept() -> None:
    """Key by key."""
    grace = Grace(7.0, {"kept": 30.0})

    assert (grace.of("kept"), grace.of("another")) == (30.0, 7.0)
    assert grace.remembered(["kept", "another"]) == {"kept": 30.0}
    assert grace.remembered(["another"]) == {}


def test_a_grace_without_any_order_is_the_setting() -> None:
    """As for the keys that a stack leaves behind at another registry."""
    assert (Grace(0.0).of("any"), Grace(0.0).remembered(["any"])) == (0.0, {})


def test_an_order_counts_for_all_and_is_remembered_of_those_that_stay() -> None:
    """An earlier order is forgotten over it."""
    grace = Grace(7.0, {"kept": 30.0}, ordered=2.0)

    assert (grace.of("kept"), grace.of("another")) == (2.0, 2.0)
    assert grace.remembered(["kept", "another"]) == {"kept": 2.0, "another": 2.0}


@pytest.mark.parametrize("order", ["", " ", "somebody=0", "zot=0", "zot-ci2=0"])
def test_an_order_for_nobody_or_somebody_else_is_none(order: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It names one account."""
    monkeypatch.setenv("ZOT_CI_KEEP_OLD", order)

    assert ordered_for("zot-ci") is None


@pytest.mark.parametrize(("name", "days"), [("zot-ci=0", 0.0), ("zot-ci=1.5", 1.5), (" zot-ci=30 ", 30.0)])
def test_an_order_is_a_number_of_days(name: str, days: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fractions too."""
    monkeypatch.setenv("ZOT_CI_KEEP_OLD", name)

    assert ordered_for("zot-ci") == days


@pytest.mark.parametrize("order", ["0", "=0", "zot-ci", "zot-ci=", "zot-ci=-1", "zot-ci=nan", "zot-ci=inf", "zot-ci=x"])
def test_an_order_that_cannot_be_read_is_refused(order: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Taken for none it would let a leaked key live on."""
    monkeypatch.setenv("ZOT_CI_KEEP_OLD", order)

    with pytest.raises(EnvironmentUnfitError, match="ZOT_CI_KEEP_OLD"):
        ordered_for("zot-ci")


@pytest.mark.embedded
def test_a_leaked_key_ends_in_the_run_that_is_ordered_to_and_the_settings_stay(
    signed_in: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every older key of the label, those in their grace too; the next preview finds nothing changed."""
    old, new = rotated(signed_in)
    newest = made_by(signed_in, new["api_key"])
    wanted = sweep(signed_in, newest, **WEEK)
    monkeypatch.setenv("ZOT_CI_KEEP_OLD", f"{signed_in.username}=0")

    outs = updated(signed_in, swept(signed_in, new, **WEEK), wanted)

    assert set(signed_in.estate.zot.keys) == {newest["uuid"]}
    assert old["uuid"] not in signed_in.estate.zot.keys
    monkeypatch.delenv("ZOT_CI_KEEP_OLD")
    assert outs == swept(signed_in, newest, **WEEK) | {"mark": outs["mark"]}
    assert not PROVIDER.diff(LABEL, outs_of(PROVIDER.read(LABEL, outs)), wanted).changes


@pytest.mark.embedded
def test_an_order_for_one_account_ends_no_other_s_older_keys(signed_in: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same run sweeps every account."""
    old, new = rotated(signed_in)
    monkeypatch.setenv("ZOT_CI_KEEP_OLD", "another=0")

    updated(signed_in, swept(signed_in, old, **WEEK), sweep(signed_in, new, **WEEK))

    assert old["uuid"] in signed_in.estate.zot.keys


@pytest.mark.embedded
def test_a_place_that_lags_behind_keeps_the_old_key_whatever_is_ordered(
    signed_in: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CI would stand still otherwise."""
    old, new = rotated(signed_in)
    held = {"1Password": new["uuid"], "Forgejo": old["uuid"]}
    monkeypatch.setenv("ZOT_CI_KEEP_OLD", f"{signed_in.username}=0")

    updated(signed_in, swept(signed_in, old), sweep(signed_in, new, held=held))

    assert old["uuid"] in signed_in.estate.zot.keys


@pytest.mark.embedded
@pytest.mark.parametrize(("days", "ends"), [(2.9, False), (3.1, True)])
def test_what_an_order_keeps_stays_for_that_long_against_the_settings(
    days: float, ends: bool, signed_in: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In previews and sweeps of later runs, which have no order."""
    old, new = rotated(signed_in)
    wanted = sweep(signed_in, new)
    monkeypatch.setenv("ZOT_CI_KEEP_OLD", f"{signed_in.username}=3")
    outs = updated(signed_in, swept(signed_in, old), wanted)
    monkeypatch.delenv("ZOT_CI_KEEP_OLD")
    assert outs["kept"] == {old["uuid"]: 3.0}
    signed_in.estate.clock.advance(days=days)

    seen = outs_of(PROVIDER.read(LABEL, outs))
    next_run(signed_in)

    assert (seen["condition"] != "current") is ends
    assert PROVIDER.diff(LABEL, seen, wanted).changes is ends
    again = updated(signed_in, seen, wanted)
    assert (old["uuid"] not in signed_in.estate.zot.keys) is ends
    assert again.get("kept", {}) == ({} if ends else {old["uuid"]: 3.0})


@pytest.mark.embedded
def test_an_order_of_nothing_ends_what_others_made_of_an_exclusive_account_too(
    signed_in: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever had the leaked key could make keys of any label by it."""
    old, new = rotated(signed_in)
    signed_in.estate.zot.mint(signed_in.username, "by a thief")
    newest = made_by(signed_in, new["api_key"])
    monkeypatch.setenv("ZOT_CI_KEEP_OLD", f"{signed_in.username}=0")
    settings: dict[str, Any] = {**WEEK, "exclusive": True}

    updated(signed_in, swept(signed_in, new, **settings), sweep(signed_in, newest, **settings))

    assert set(signed_in.estate.zot.keys) == {newest["uuid"]}
    assert old["uuid"] not in signed_in.estate.zot.keys
