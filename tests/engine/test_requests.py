"""
What a run asks of the systems, and how a person is told what went wrong.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.engine.checks import calls
from tests.engine.stack import Stack
from tests.world import GROUP, ITEM, OWNER, REPOSITORY, VAULT, World

pytestmark = pytest.mark.quickly

MOST = 8


@pytest.mark.embedded
def test_a_preview_in_sync_asks_eight_requests_and_none_twice(world: World, in_sync: Stack) -> None:
    """Account, own token, key list, two access probes, item, repository, secrets: the sweep's list is the key's."""
    world.estate.log.clear()

    assert in_sync.preview().code == 0

    asked = calls(world, "authentik", "zot", "onepassword", "forgejo")
    assert len(asked) <= MOST
    assert max(Counter(asked).values()) == 1


@pytest.mark.embedded
def test_an_up_in_sync_publishes_again_and_changes_nothing_else(world: World, in_sync: Stack) -> None:
    """A secret's value cannot be seen, so each `up` writes it; nobody else is written to."""
    world.estate.log.clear()

    run = in_sync.up()

    assert run.code == 0
    assert "7 unchanged" in run.text
    assert "published again, since nobody can read them: eblume/blumeops/ZOT_CI_API_KEY" in run.text
    wrote = [call for call in calls(world, "authentik", "onepassword", "forgejo") if not call.startswith("GET")]
    assert wrote == ["PUT /api/v1/repos/eblume/blumeops/actions/secrets/ZOT_CI_API_KEY"]


@pytest.mark.embedded
def test_accounts_that_share_an_item_and_a_repository_share_what_is_read(world: World, stack: Stack) -> None:
    """A preview: three requests an account, to the registry, and a few for all of them; no more than four at once."""
    estate, count = world.estate, 6
    names = [f"zot-ci-{number}" for number in range(count)]
    accounts = []
    for name in names:
        estate.authentik.add_user(name, groups=[GROUP])
        estate.onepassword.set_field(VAULT, ITEM, name, estate.zot.mint(name, "by hand", groups=[GROUP]))
        secret = {"repository": f"{OWNER}/{REPOSITORY}", "secret": name.upper().replace("-", "_")}
        place = {"vault": VAULT, "item": ITEM, "field": name}
        accounts.append({"username": name, "groups": [GROUP], "onepassword": place, "forgejo": [secret]})
    stack.configure(world.config() | {"zot-ci:accounts": accounts})
    for system in estate.systems.values():
        system.latency = 0.05
    estate.forget_traffic()

    assert stack.up().code == 0

    keys = {name: estate.onepassword.field(VAULT, ITEM, name) for name in names}
    for name, key in keys.items():
        held = estate.zot.key(key or "")
        assert held is not None
        assert held.label == f"zot-ci/test/{name}"
    world.estate.log.clear()

    assert stack.preview().code == 0

    assert len(calls(world, "zot")) == 3 * count
    assert len(calls(world, "authentik", "onepassword", "forgejo")) <= 7
    assert max(estate.most_in_flight(name) for name in estate.systems) <= 4


@pytest.mark.parametrize("name", ["AUTHENTIK_TOKEN", "FORGEJO_TOKEN", "OP_CONNECT_HOST", "OP_CONNECT_TOKEN"])
def test_a_missing_credential_is_named_in_one_line(name: str, world: World, in_sync: Stack) -> None:
    """No traceback, and nothing is changed."""
    key = world.field()
    del in_sync.env[name]

    run = in_sync.up()

    assert run.code != 0
    assert f"{name} is not set; export" in run.text
    assert "Traceback" not in run.text
    assert world.field() == key


def test_wrong_settings_are_told_all_at_once_and_nothing_is_asked(world: World, stack: Stack) -> None:
    """One line a fault, with the path of its key."""
    config = world.config(rotateAfterDays=90, expireAfterDays=90, displayname="x")
    config["zot-ci:zot"] = {"url": "registry.example.test"}
    stack.configure(config)
    world.estate.log.clear()

    run = stack.up()

    assert run.code != 0
    assert "zot-ci:zot.url must be a URL that begins with https:// or http://" in run.text
    assert "zot-ci:accounts[0].displayname is not a setting; did you mean displayName?" in run.text
    assert "Traceback" not in run.text
    assert list(world.estate.log) == []
