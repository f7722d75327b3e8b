"""
What scripts/stack.py says of a stack for machines, with the real engine: that what scripts/watch reads is there.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from scripts.watch.document import Status
from tests.engine.stack import Stack
from tests.engine.test_stack_script import script
from tests.watch.listening import listening
from tests.world import FIELD, GROUP, ITEM, OWNER, REPOSITORY, SECRET, VAULT, World

pytestmark = pytest.mark.quickly


@pytest.mark.embedded
def test_the_status_says_what_a_look_finds_and_fits_its_schema(world: World, in_sync: Stack) -> None:
    """A key that is due by the registry's clock, an older one of ours, somebody's, and a group that was left."""
    zot = world.estate.zot
    older, somebody_s = world.mint_by(world.field() or "", in_sync.outputs()[world.username]["label"]), "by hand"
    assert in_sync.up().code == 0
    world.mint_by(world.field() or "", somebody_s)
    zot.clock.advance(days=91)
    world.leave(GROUP)

    run = script(in_sync, "status", "--json")

    assert run.code == 0, run.text
    status = TypeAdapter(Status).validate_json(run.text, strict=True)
    (account,) = status.accounts
    key = account.key
    assert key is not None
    assert (status.stack, status.succeeded, status.in_sync, account.in_sync) == (in_sync.name, True, False, False)
    assert key.uuid == in_sync.outputs()[world.username]["uuid"] != older["uuid"]
    assert (int(key.age_days), key.accepted, key.rights_fit, key.stale) == (91, True, True, [])
    assert [line.partition(" ")[0] for line in key.other_keys] == ["by"]
    assert account.why[:2] == [f"left group {GROUP}", "91 days old, rotates after 90"]
    assert {(place.system, place.name) for place in account.places} == {
        ("1Password", f"{VAULT}/{ITEM}/{FIELD}"),
        ("Forgejo", f"{OWNER}/{REPOSITORY}/{SECRET}"),
    }
    assert all(place.holds_current_key and place.written_at for place in account.places)
    assert {system.name: system.answered for system in status.systems} == dict.fromkeys(
        ("1Password", "Forgejo", "authentik", "zot"), True
    )
    assert status.last_up is not None
    assert status.last_up == status.last_successful_up
    assert world.estate.secrets.found_in(run.text) == []


def test_the_status_of_a_failed_preview_is_whole_and_ends_with_1(world: World, in_sync: Stack) -> None:
    """What the state records, who did not answer, and no claim beside."""
    run = script(in_sync, "status", "--json", FORGEJO_TOKEN="wrong")

    assert run.code == 1, run.text
    status = json.loads(run.text)
    (account,) = status["accounts"]
    assert account["key"]["uuid"] == in_sync.outputs()[world.username]["uuid"]
    assert [system["name"] for system in status["systems"] if system["answered"] is False] == ["Forgejo"]
    assert "check FORGEJO_TOKEN" in status["errors"][0]


def test_metrics_are_written_where_a_collector_reads_them_also_if_the_look_fails(
    world: World, in_sync: Stack, tmp_path: Path
) -> None:
    """One file, whole; the dates that a failed look cannot ask for come from the state."""
    pytest.importorskip("prometheus_client")
    file = tmp_path / "textfile" / "zot-ci.prom"
    file.parent.mkdir()

    whole = script(in_sync, "metrics", "--output", str(file))
    first = file.read_text()
    failed = script(in_sync, "metrics", "--output", str(file), FORGEJO_TOKEN="wrong")

    assert (whole.code, whole.text) == (0, "")
    assert f'zot_ci_account_in_sync{{account="{world.username}",stack="{in_sync.name}"}} 1.0' in first
    assert failed.code == 1
    assert "check FORGEJO_TOKEN" in failed.text
    expiry = [line for line in first.splitlines() if line.startswith("zot_ci_key_expires_timestamp_seconds{")]
    assert expiry
    assert expiry[0] in file.read_text().splitlines()
    assert list(file.parent.iterdir()) == [file]
    assert world.estate.secrets.found_in(first + failed.text + file.read_text()) == []


def test_a_due_rotation_pings_and_is_told(world: World, in_sync: Stack) -> None:
    """Start, success, and one notice with the new dates; nothing of it holds a secret."""
    pytest.importorskip("apprise")
    tainted = in_sync.pulumi("state", "taint", in_sync.urns()[f"{world.username}-api-key"], "--yes")
    assert tainted.code == 0, tainted.text

    with listening() as heard:
        run = script(in_sync, "up", ZOT_CI_PING_URL=f"{heard.url}/x", ZOT_CI_NOTIFY_URLS=heard.service)

    assert run.code == 0, run.text
    assert heard.pings == ["/x/start", "/x"]
    (notice,) = heard.notices
    outputs = in_sync.outputs()[world.username]
    assert notice["title"] == f"zot-ci {in_sync.name}: rotated the key of {world.username}"
    assert f"rotates on {outputs['rotates_on']}, expires on {outputs['expires_on']}" in notice["message"]
    assert world.estate.secrets.found_in(str(heard.requests)) == []
