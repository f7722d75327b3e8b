"""
What `rotate` says before it begins, and the order that it gives to the run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scripts.watch.announcement import announcement
from tests.watch.listening import Script
from tests.watch.said import FIELD_NAME, OLDER, SECRET_NAME, UUID, Said


def said(
    keep_days: float | None = None,
    *,
    grace: float = 0.0,
    stale: float | None = None,
    exclusive: bool = False,
    **facts: Any,
) -> list[str]:
    """
    The lines, for an account with *grace* and an older key that was replaced *stale* days ago.
    """
    older = [] if stale is None else [{"key": f"{OLDER} created 2026-09-01", "succeeded_days_ago": stale}]
    sweep: dict[str, Any] = {"retire_after_days": grace, "stale": older, "exclusive": exclusive}
    document = (
        Said()
        .account(
            facts={"zot:RetiredKeys": sweep, "zot:ApiKey": {"age_days": 40.0} | facts},
            wanted={"zot:RetiredKeys": {"retire_after_days": grace, "exclusive": exclusive}},
        )
        .status()
    )
    return announcement(document, document.accounts[0], keep_days)


def test_without_a_grace_the_current_key_ends_in_the_run() -> None:
    """And where the next one goes."""
    assert said() == [
        f"rotating the key of zot-ci: {UUID}, 40 days old, gets a successor now",
        f"the new key goes to 1Password {FIELD_NAME}, Forgejo {SECRET_NAME}",
        f"then this run revokes {UUID}: a job that still holds it is refused",
    ]


def test_with_a_grace_it_lives_on_and_so_does_one_in_its_grace() -> None:
    """By the settings; the day is the registry's."""
    lines = said(grace=2.0, stale=0.5)

    assert f"then {UUID} lives 2 days more (retireAfterDays); the first up after that revokes it" in lines
    assert lines[-1] == f"the older key {OLDER} stays until 2027-01-12 00:00"


def test_an_order_of_nothing_ends_them_all() -> None:
    """A leak."""
    lines = said(0.0, grace=7.0, stale=0.5)

    assert f"then this run revokes {UUID}: a job that still holds it is refused" in lines
    assert lines[-1] == f"the older key {OLDER} is revoked in this run"


def test_an_order_of_days_counts_for_all_of_them() -> None:
    """Longer than the settings here."""
    lines = said(1.0, stale=0.5)

    assert f"then {UUID} lives 1 day more; the first up after that revokes it" in lines
    assert lines[-1] == f"the older key {OLDER} stays until 2027-01-11 00:00"


def test_keys_of_other_labels_are_left_alone_and_counted() -> None:
    """Their labels are for who asks."""
    assert "left alone: 2 of other labels" in said(other_keys=["one", "two"])[-1]
    assert "left alone: 1 of another label" in said(other_keys=["one"])[-1]


def test_of_an_exclusive_account_keys_of_other_labels_end_as_well() -> None:
    """Nobody is told that they are left alone."""
    last = said(other_keys=["one", "two"], exclusive=True)[-1]

    assert last.startswith("the account is exclusive: 2 of other labels are revoked like older ones")


def test_a_look_that_failed_is_said_and_nothing_is_claimed() -> None:
    """The rotation goes on: it may be what mends it."""
    document = Said().account().fails("authentik … answered 403", "authentik:ServiceAccount").status()

    lines = announcement(document, document.accounts[0], 0.0)

    assert any("is not known, since the registry was not asked" in line for line in lines)
    assert lines[-1] == "the preview before it reported: error: authentik … answered 403"


@pytest.mark.parametrize(("arguments", "order"), [((), "[]"), (("--keep-old", "0"), "['ZOT_CI_KEEP_OLD']")])
def test_rotate_announces_and_then_becomes_the_engine_with_its_order(
    arguments: tuple[str, ...], order: str, tmp_path: Path
) -> None:
    """The order is in the environment of that run, and nowhere else."""
    stack = Script(tmp_path)

    code, out, err = stack.run("rotate", "zot-ci", *arguments)

    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith("rotating the key of zot-ci: ")
    assert lines[-1].endswith(order)
    assert stack.asked[-1].startswith("up --yes --skip-preview --suppress-progress --replace urn:pulumi:homelab::")


@pytest.mark.parametrize("days", ["-1", "nan", "inf", "soon"])
def test_what_is_no_number_of_days_is_refused_before_anything_is_asked(days: str, tmp_path: Path) -> None:
    """Exit code 2, as for any wrong argument."""
    stack = Script(tmp_path)

    code, _, err = stack.run("rotate", "zot-ci", f"--keep-old={days}")

    assert code == 2
    assert "--keep-old" in err
    assert stack.asked == []
