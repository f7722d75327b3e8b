"""
What a preview looks at before the first `up`: each thing once, whoever checks it again, and all that is wrong with it.
"""

from __future__ import annotations

import logging

import pytest

from tests.dynamic.wanted import account, calls, field, key, secret, writes
from tests.world import OWNER, REPOSITORY, SECRET, World
from zot_ci.authentik.service_account import ServiceAccountProvider
from zot_ci.dynamic.provider import AnyProvider, Props
from zot_ci.dynamic.run import Run
from zot_ci.forgejo.actions_secret import ActionsSecretProvider
from zot_ci.onepassword.item_field import ItemFieldProvider
from zot_ci.zot.api_key import ApiKeyProvider

pytestmark = pytest.mark.embedded


@pytest.fixture(autouse=True)
def _in_a_preview(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """As the engine runs the program there."""
    monkeypatch.setattr(Run, "is_preview", True)
    caplog.set_level(logging.INFO)


def all_wanted(world: World) -> list[tuple[AnyProvider, Props]]:
    """A resource of each kind that a first `up` makes."""
    return [
        (ServiceAccountProvider(), account(world)),
        (ApiKeyProvider(), key(world)),
        (ItemFieldProvider(), field()),
        (ActionsSecretProvider(), secret(world)),
    ]


def test_what_an_up_will_make_is_said_once_and_nothing_is_written(
    signed_in: World, caplog: pytest.LogCaptureFixture
) -> None:
    """The engine checks a resource again where it replaces something."""
    for provider, props in all_wanted(signed_in) * 2:
        assert provider.check({}, props).failures == []

    for words in (
        f"authentik account {signed_in.username}: ",
        f"zot API key of {signed_in.username}: ",
        "1Password field ",
        "Forgejo secret ",
    ):
        assert len({line for line in caplog.messages if line.startswith(words)}) > 0, words
    assert len(caplog.messages) == len(set(caplog.messages))
    assert writes(signed_in) == []


def test_what_is_in_the_state_or_part_of_an_up_is_not_looked_at(
    signed_in: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refresh has read the one, and an `up` itself meets what is wrong with the other."""
    for provider, props in all_wanted(signed_in):
        provider.check(props, props)
    monkeypatch.setattr(Run, "is_preview", False)
    for provider, props in all_wanted(signed_in):
        provider.check({}, props)

    # When our own token ends, a preview asks in any case.
    assert calls(signed_in) == ["GET /api/v3/core/tokens/"]


def test_a_fault_and_a_silence_fail_no_check_and_are_both_said(
    signed_in: World, caplog: pytest.LogCaptureFixture, no_waits: None
) -> None:
    """Else only the first of them would be told."""
    signed_in.estate.zot.down = True
    signed_in.estate.forgejo.delete_repo(OWNER, REPOSITORY)

    for provider, props in all_wanted(signed_in):
        assert provider.check({}, props).failures == []

    warned = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert [line for line in warned if "not checked: zot at " in line]
    assert [line for line in warned if "no such repository" in line and SECRET in line]
