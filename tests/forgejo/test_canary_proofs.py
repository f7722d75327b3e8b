"""
What an `up` records of a canary that succeeded: when, and by which key.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.dynamic.wanted import next_run, outs_of, secret
from tests.world import OWNER, REPOSITORY, SECRET, World
from zot_ci.dynamic.provider import Props
from zot_ci.forgejo.actions_secret import ActionsSecretProvider
from zot_ci.forgejo.api import Forgejo

pytestmark = pytest.mark.embedded

PROVIDER = ActionsSecretProvider()
ID = f"{OWNER}/{REPOSITORY}/{SECRET}"
CANARY = {"workflow": "canary.yaml", "ref": "main", "timeout_seconds": 300.0}


def wanted(world: World, key_uuid: str, *, canary: bool = True) -> Props:
    """The secret with that key."""
    return secret(world, uuid=key_uuid) | ({"canary": CANARY} if canary else {})


def ends_with(end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """How the canary's run ends."""

    def run(self: Forgejo, *arguments: Any) -> str:
        return end

    monkeypatch.setattr(Forgejo, "run_workflow", run)


def made(world: World, monkeypatch: pytest.MonkeyPatch) -> Props:
    """A secret that was proven with the key *one*."""
    ends_with("success", monkeypatch)
    outs = outs_of(PROVIDER.create(wanted(world, "one")))
    next_run(world)
    return outs


def test_a_canary_that_succeeded_is_recorded_with_its_key_and_time(
    signed_in: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the clock of the machine that ran it."""
    before = datetime.now(UTC).replace(microsecond=0)

    outs = made(signed_in, monkeypatch)

    assert outs["proof"]["key_uuid"] == outs["proven_uuid"] == "one"
    assert before <= datetime.fromisoformat(outs["proof"]["at"]) <= datetime.now(UTC)


def test_a_failed_one_leaves_the_proof_of_before(signed_in: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the place worked last, and by which key, is what a person wants to know."""
    olds = made(signed_in, monkeypatch)
    ends_with("failure", monkeypatch)

    outs = outs_of(PROVIDER.update(ID, olds, wanted(signed_in, "two")))

    assert outs["proof"] == olds["proof"]
    assert outs["proven_uuid"] == "one"


def test_the_next_one_that_succeeds_is_recorded_in_its_place(signed_in: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the new key."""
    olds = made(signed_in, monkeypatch)

    outs = outs_of(PROVIDER.update(ID, olds, wanted(signed_in, "two")))

    assert outs["proof"]["key_uuid"] == "two"


def test_without_a_canary_nothing_is_claimed(signed_in: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The place counts as served, and nobody saw it work."""
    outs = outs_of(PROVIDER.create(wanted(signed_in, "one", canary=False)))
    next_run(signed_in)

    again = outs_of(PROVIDER.update(ID, outs, wanted(signed_in, "two", canary=False)))

    assert "proof" not in outs
    assert "proof" not in again
    assert again["proven_uuid"] == "two"


def test_a_canary_that_was_taken_out_leaves_the_last_proof_as_it_was(
    signed_in: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says which key that was."""
    olds = made(signed_in, monkeypatch)

    outs = outs_of(PROVIDER.update(ID, olds, wanted(signed_in, "two", canary=False)))

    assert (outs["proven_uuid"], outs["proof"]["key_uuid"]) == ("two", "one")
