"""
An exclusive account: keys that others made end as well, last of all; and what is said of them where it is not.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest

from tests.dynamic.wanted import (
    LABEL,
    account,
    key,
    made_by,
    next_run,
    outs_of,
    planned,
    sweep,
    swept,
    writes,
)
from tests.messages import assert_names
from tests.world import GROUP, World
from zot_ci.authentik.service_account import ServiceAccountProvider
from zot_ci.dynamic.provider import Props
from zot_ci.zot.api_key import ApiKeyProvider
from zot_ci.zot.retired_keys import RetiredKeysProvider

pytestmark = pytest.mark.embedded

PROVIDER = RetiredKeysProvider()
OURS = {"exclusive": True}


def theirs(world: World, label: str = "by hand", **options: Any) -> str:
    """A key that somebody made; its uuid."""
    held = world.estate.zot.key(world.estate.zot.mint(world.username, label, groups=[GROUP], **options))
    assert held is not None
    return held.uuid


def read(olds: Props) -> Props:
    """What the registry lists now."""
    return outs_of(PROVIDER.read(LABEL, olds))


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What a person is told."""
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


@pytest.mark.parametrize("age", [timedelta(days=5), timedelta()], ids=["older than ours", "newer than ours"])
def test_a_key_of_others_is_named_by_label_and_date_and_ended(
    age: timedelta, signed_in: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever made it, before or after ours; a preview ends nothing."""
    current = made_by(signed_in)
    other = theirs(signed_in, age=age)
    wanted = sweep(signed_in, current, **OURS)

    seen = read(swept(signed_in, current, **OURS))

    born = signed_in.estate.zot.keys[other].created_at[:10]
    assert_names(seen["condition"], "1 ", "exclusive", f"by hand ({other})", f"created {born}")
    assert writes(signed_in) == []
    assert planned(PROVIDER, LABEL, seen, wanted).changes
    assert f"zot keys of zot-ci: {seen['condition']}" in caplog.text
    PROVIDER.update(LABEL, seen, wanted)
    assert set(signed_in.estate.zot.keys) == {current["uuid"]}
    next_run(signed_in)
    assert read(swept(signed_in, current, **OURS))["condition"] == "current"


def test_without_it_a_key_of_others_is_no_drift(signed_in: World) -> None:
    """It is in the outputs, and never touched."""
    current = made_by(signed_in)
    other = theirs(signed_in)

    seen = read(swept(signed_in, current))
    PROVIDER.update(LABEL, seen, sweep(signed_in, current))

    assert seen["condition"] == "current"
    assert not planned(PROVIDER, LABEL, seen, sweep(signed_in, current)).changes
    assert other in signed_in.estate.zot.keys


def test_a_change_of_the_setting_counts_in_the_same_run(signed_in: World) -> None:
    """Named before anything ends, since the read does not ask for the setting."""
    current = made_by(signed_in)
    other = theirs(signed_in)
    seen = read(swept(signed_in, current))
    wanted = sweep(signed_in, current, **OURS)

    assert planned(PROVIDER, LABEL, seen, wanted).changes
    PROVIDER.update(LABEL, seen, wanted)
    assert other not in signed_in.estate.zot.keys


def test_nothing_of_others_ends_while_a_place_lags(signed_in: World) -> None:
    """It may be the very key that the place still holds."""
    current = made_by(signed_in)
    other = theirs(signed_in, age=timedelta(days=1))
    held = {"1Password": current["uuid"], "Forgejo": "older"}

    PROVIDER.create(sweep(signed_in, current, **OURS, held=held))

    assert other in signed_in.estate.zot.keys


def test_a_key_that_ours_has_succeeded_waits_for_its_grace(signed_in: World) -> None:
    """The key that CI had before the first `up` is such a one; a younger one than all of ours has no grace."""
    before = theirs(signed_in, age=timedelta(days=30))
    current = made_by(signed_in)
    signed_in.estate.clock.advance(days=1)
    after = theirs(signed_in)
    wanted = {**OURS, "retire_after_days": 2.0}

    seen = read(swept(signed_in, current, **wanted))
    PROVIDER.update(LABEL, seen, sweep(signed_in, current, **wanted))

    assert after in seen["condition"]
    assert before not in seen["condition"]
    assert set(signed_in.estate.zot.keys) == {before, current["uuid"]}
    signed_in.estate.clock.advance(days=1.1)
    PROVIDER.update(LABEL, seen, sweep(signed_in, current, **wanted))
    assert set(signed_in.estate.zot.keys) == {current["uuid"]}


def test_a_newer_key_of_ours_is_no_key_of_others(signed_in: World) -> None:
    """A state that is older than the last rotation: the key that all places hold has our label."""
    known = made_by(signed_in)
    newer = made_by(signed_in, known["api_key"])

    PROVIDER.create(sweep(signed_in, known, **OURS))

    assert newer["uuid"] in signed_in.estate.zot.keys


def test_another_stack_with_the_same_account_is_told(signed_in: World, caplog: pytest.LogCaptureFixture) -> None:
    """The two would end each other's keys, in every run."""
    current = made_by(signed_in)
    theirs(signed_in, "zot-ci/other/zot-ci")
    theirs(signed_in, "zot-ci/other/zot-ci-2")
    caplog.clear()

    planned(PROVIDER, LABEL, read(swept(signed_in, current, **OURS)), sweep(signed_in, current, **OURS))

    [line] = [line for line in warnings(caplog) if "one stack only" in line]
    assert_names(line, "zot-ci: ", "the stack other ")


def test_another_registry_s_keys_of_others_stay(signed_in: World) -> None:
    """The account moved there: the settings are about the old one no more, and an alias is the same registry."""
    old = made_by(signed_in)
    other = theirs(signed_in)
    alias = signed_in.zot_url.replace("127.0.0.1", "localhost")
    new = made_by(signed_in, old["api_key"], zot_url=alias, label="zot-ci/renamed/zot-ci")
    wanted = sweep(signed_in, new, zot_url=alias, label="zot-ci/renamed/zot-ci")

    PROVIDER.update(LABEL, swept(signed_in, old, **OURS), wanted)

    assert {new["uuid"], other} <= set(signed_in.estate.zot.keys)


def test_the_first_up_names_the_keys_that_are_there(signed_in: World, caplog: pytest.LogCaptureFixture) -> None:
    """No preview could; the next rotation does not say it again."""
    hand = signed_in.estate.zot.mint("zot-ci", "by hand", groups=[GROUP])
    signed_in.set_field(hand)

    first = outs_of(ApiKeyProvider().create(key(signed_in)))

    [line] = warnings(caplog)
    assert_names(line, "zot-ci has other live keys", "by hand (", "created ", "which stay unless", "exclusive")
    caplog.clear()
    ApiKeyProvider().diff(first["uuid"], first, key(signed_in, rotation="now"))
    ApiKeyProvider().create(key(signed_in, rotation="now"))
    assert warnings(caplog) == []


def test_keys_that_outlive_their_account_are_named(signed_in: World, caplog: pytest.LogCaptureFixture) -> None:
    """Gone in authentik, or made anew there: keys hang on the name, and whoever has it next has them back."""
    signed_in.make_account(GROUP)
    accounts, wanted = ServiceAccountProvider(), account(signed_in)
    before = outs_of(accounts.create(wanted))
    current = made_by(signed_in)
    other = theirs(signed_in)
    signed_in.delete_account()
    signed_in.make_account(GROUP)
    caplog.clear()

    planned(accounts, "zot-ci", outs_of(accounts.read("zot-ci", before)), wanted)
    seen = outs_of(ApiKeyProvider().read(current["uuid"], current))
    planned(ApiKeyProvider(), current["uuid"], seen, key(signed_in))

    [line] = [line for line in warnings(caplog) if line.startswith("zot ")]
    assert_names(line, "API key of zot-ci", "outlived the account", f"by hand ({other})")
