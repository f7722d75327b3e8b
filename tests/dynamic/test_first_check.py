"""
What a preview looks at before the first `up`: each thing once, whoever checks it again, and all that is wrong with it.
"""

from __future__ import annotations

import logging

import pytest

from tests.dynamic.wanted import UNKNOWN, account, calls, field, key, secret, writes
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


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (0, "username"),
        (0, "authentik_url"),
        (1, "zot_url"),
        (1, "authentik_url"),
        (1, "oidc_provider"),
        (1, "probe_repository"),
        (1, "probe_tag"),
        (3, "forgejo_url"),
    ],
)
def test_nothing_is_looked_for_by_what_is_not_known_yet(
    kind: int, name: str, signed_in: World, caplog: pytest.LogCaptureFixture
) -> None:
    """A resource of another program gives it, and does not exist yet."""
    provider, props = all_wanted(signed_in)[kind]

    for olds in ({}, props):
        assert provider.check(olds, props | {name: UNKNOWN}).failures == []

    assert [call for call in calls(signed_in) if call != "GET /api/v3/core/tokens/"] == []
    assert caplog.messages == []


@pytest.mark.parametrize("kind", [2, 3], ids=["field", "secret"])
def test_a_place_is_looked_for_before_its_key_is_known(
    kind: int, signed_in: World, caplog: pytest.LogCaptureFixture
) -> None:
    """The key is made in the same `up`."""
    provider, props = all_wanted(signed_in)[kind]

    provider.check({}, props | {"value": UNKNOWN, "key_uuid": UNKNOWN})

    assert caplog.messages[0].endswith(("will be made", "will be added to the item, and nothing else in it changes"))


def test_what_moves_is_looked_at_where_it_will_be(signed_in: World, caplog: pytest.LogCaptureFixture) -> None:
    """The engine checks a replacement twice, the second time without what it replaces."""
    provider, olds, news = ItemFieldProvider(), field(), field(field="another-field")

    provider.check(olds, news)
    provider.check({}, news)

    assert [line for line in caplog.messages if line.startswith("1Password field ")]


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
    assert [
        line
        for line in warned
        if "no such repository" in line and line.startswith("Forgejo secret ") and SECRET in line
    ]
