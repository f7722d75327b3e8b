"""
The sentences about drift in docs/reference.md, each held to what the program says.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.docs.pages import table
from tests.dynamic import wanted
from tests.dynamic.wanted import LABEL, made_by, outs_of
from tests.processes import another_process
from tests.world import GROUP, ITEM, OWNER, REPOSITORY, SECRET, VAULT, World
from zot_ci.authentik.service_account import ServiceAccountProvider
from zot_ci.forgejo.actions_secret import ActionsSecretProvider
from zot_ci.onepassword.item_field import ItemFieldProvider
from zot_ci.rotation import KeyFacts, Policy, condition, why_refused
from zot_ci.zot.api_key import ApiKeyProvider
from zot_ci.zot.retired_keys import RetiredKeysProvider

CANARY = {"workflow": "canary.yaml", "ref": "main", "timeout_seconds": 300.0}


def _of_a_key(**facts: Any) -> str:
    """What is said of a key with these facts, by the policy of the reference."""
    known: dict[str, Any] = {
        "created_at": datetime(2026, 11, 24, tzinfo=UTC),
        "expires_at": datetime(2027, 3, 24, tzinfo=UTC),
        "age_days": 1.0,
    }
    return condition(KeyFacts(**(known | facts)), Policy(90, 120))


def _refused(expires: str, now: str) -> str:
    """What is said of a key that the registry refuses at that time."""
    return _of_a_key(refused=why_refused(datetime.fromisoformat(expires), datetime.fromisoformat(now)))


def _of_an_account(world: World, caplog: pytest.LogCaptureFixture, spoil: Callable[[], object]) -> str:
    """What a preview says of the account after *spoil*."""
    provider, news = ServiceAccountProvider(), wanted.account(world)
    olds = outs_of(provider.create(news))
    spoil()
    caplog.clear()
    wanted.planned(provider, "zot-ci", outs_of(provider.read("zot-ci", olds)), news)
    [record] = [record for record in caplog.records if record.levelname == "WARNING"]
    return record.getMessage().partition(": ")[2]


def _of_a_field(spoil: Callable[[], object]) -> str:
    """What a read says of the field after *spoil*."""
    olds = outs_of(ItemFieldProvider().create(wanted.field()))
    spoil()
    another_process()
    return str(outs_of(ItemFieldProvider().read("id", olds))["condition"])


def _of_a_secret(world: World, spoil: Callable[[], object], **olds: Any) -> str:
    """What a read says of the secret after *spoil*."""
    outs = outs_of(ActionsSecretProvider().create(wanted.secret(world)))
    spoil()
    another_process()
    return str(outs_of(ActionsSecretProvider().read("id", outs | olds))["condition"])


def _made_again(world: World) -> None:
    """Somebody deletes the item and makes it again."""
    vault = world.estate.onepassword.vault(VAULT)
    old = world.estate.onepassword.item(VAULT, ITEM)
    del vault.items[old.id]
    world.estate.onepassword.add_item(VAULT, ITEM)


def _published_later(world: World) -> None:
    """Somebody deletes the secret and publishes another value under its name."""
    forgejo = world.estate.forgejo
    forgejo.delete_value(OWNER, REPOSITORY, SECRET)
    forgejo.clock.advance(days=3)
    forgejo.set_value(OWNER, REPOSITORY, SECRET, "by hand")


def _of_a_marked_secret(world: World) -> str:
    """What a read says of a secret on Gitea whose description a program has erased."""
    forgejo = world.estate.forgejo
    forgejo.flavour = "gitea"
    return _of_a_secret(world, lambda: forgejo.set_value(OWNER, REPOSITORY, SECRET, "a program's", description=""))


def _stale(world: World) -> str:
    """What a read says of a key that a run which died has left."""
    current = made_by(world)
    world.estate.zot.mint("zot-ci", LABEL, age=timedelta(days=1))
    return str(outs_of(RetiredKeysProvider().read(LABEL, wanted.swept(world, current)))["condition"])


def _theirs(world: World) -> str:
    """What a read says of a key that somebody made for an exclusive account."""
    current = made_by(world)
    world.estate.zot.mint("zot-ci", "by hand")
    return str(outs_of(RetiredKeysProvider().read(LABEL, wanted.swept(world, current, exclusive=True)))["condition"])


def _newer(world: World) -> str:
    """What a read says of a key that an interrupted run made after the one in the state."""
    current = made_by(world)
    world.estate.zot.mint("zot-ci", LABEL)
    return str(outs_of(ApiKeyProvider().read(current["uuid"], current))["condition"])


# Each sentence as the reference has it, and the program's own.
CONDITIONS: dict[str, Callable[[World, pytest.LogCaptureFixture], str]] = {
    "not found: authentik shows no account zot-ci any more, or AUTHENTIK_TOKEN lacks view_user on it": (
        lambda world, log: _of_an_account(world, log, world.delete_account)
    ),
    "renamed to zot-ci-old": (
        lambda world, log: _of_an_account(world, log, lambda: world.change_account(username="zot-ci-old"))
    ),
    "left group artifact-workloads": lambda world, log: _of_an_account(world, log, lambda: world.leave(GROUP)),
    "is of type internal, not service_account": (
        lambda world, log: _of_an_account(world, log, lambda: world.change_account(type="internal"))
    ),
    "a newer key has our label: …": lambda world, _: _newer(world),
    "91 days old, rotates after 90": lambda *_: _of_a_key(age_days=91.00001),
    "expires on 2027-01-01, before it rotates on 2027-02-22": (
        lambda *_: _of_a_key(expires_at=datetime(2027, 1, 1, tzinfo=UTC))
    ),
    "refused by the registry: expired on 2027-03-24": (
        lambda *_: _refused("2027-03-24T00:00:00+00:00", "2027-03-25T00:00:00+00:00")
    ),
    "refused by the registry: revoked": (lambda *_: _refused("2027-03-24T00:00:00+00:00", "2026-12-01T00:00:00+00:00")),
    "can delete, which the settings do not expect": lambda *_: _of_a_key(may={"create": True, "delete": True}),
    "not found: the item has no field zot-ci-api any more": lambda world, _: _of_a_field(lambda: world.set_field(None)),
    "not found: another item has the name Forgejo Secrets now": lambda world, _: _of_a_field(
        lambda: _made_again(world)
    ),
    "holds another value than the current key": lambda world, _: _of_a_field(lambda: world.set_field("another")),
    "not found: the repository has no such secret any more": (
        lambda world, _: _of_a_secret(world, lambda: world.estate.forgejo.delete_value(OWNER, REPOSITORY, SECRET))
    ),
    "deleted and made again elsewhere on 2026-11-24 12:35": (
        lambda world, _: _of_a_secret(world, lambda: _published_later(world))
    ),
    "overwritten elsewhere, it seems: …": lambda world, _: _of_a_marked_secret(world),
    "canary canary.yaml ended with failure": (
        lambda world, _: _of_a_secret(world, lambda: None, canary=CANARY, canary_end="failure")
    ),
    "1 key with another label, and the account is exclusive: …": lambda world, _: _theirs(world),
    "1 stale key with our label: …": lambda world, _: _stale(world),
}


def test_every_condition_of_the_table_is_held_to_the_program() -> None:
    """No row is left out below, and none is checked that is not in the table."""
    assert set(CONDITIONS) == {row.split("`")[1] for row in table("docs/reference.md", "Sentence (example)").values()}


@pytest.mark.embedded
@pytest.mark.parametrize("sentence", CONDITIONS)
def test_a_condition_reads_as_in_the_table(sentence: str, signed_in: World, caplog: pytest.LogCaptureFixture) -> None:
    """Word for word what a preview says. Here whole sentences are compared, and in no other test."""
    said = CONDITIONS[sentence](signed_in, caplog)

    if sentence.endswith("…"):
        assert said.startswith(sentence.removesuffix("…"))
    else:
        # A time of the embedded systems is the time of the test.
        time = r"\d{4}-\d\d-\d\d \d\d:\d\d"
        assert re.sub(time, "then", said) == re.sub(time, "then", sentence)
