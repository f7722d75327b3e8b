"""
scripts/stack.py as the workflows call it, with the real engine: exit codes, the table, and a rotation at once.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.engine.checks import assert_in_sync, calls
from tests.engine.stack import ROOT, Run, Stack
from tests.world import GROUP, SECRET, World


def script(stack: Stack, *arguments: str, **env: str) -> Run:
    """
    Run the script in the stack's own project.
    """
    link = stack.project / "scripts"
    if not link.exists():
        link.symlink_to(ROOT / "scripts")
    process = subprocess.run(
        [sys.executable, str(link / "stack.py"), "--stack", stack.name, *arguments],
        env=stack.env | env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=300,
    )
    return Run(process.returncode, process.stdout)


def rows(text: str) -> list[list[str]]:
    """
    The cells of a Markdown table, the line of dashes left out.
    """
    lines = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return [cells for cells in lines if cells[0] != "---"]


def test_up_brings_in_sync_and_drift_then_ends_with_0(world: World, stack: Stack) -> None:
    """The first run on main, and the night after."""
    up = script(stack, "up")
    night = script(stack, "drift")

    assert up.code == 0, up.text
    assert night.code == 0, night.text
    assert_in_sync(world, stack)


def test_the_script_takes_out_of_the_environment_what_breaks_the_engine_s_own_processes(in_sync: Stack) -> None:
    """A Python that hides the program's folder, and a proxy for what the engine and the program tell each other."""
    night = script(in_sync, "drift", PYTHONSAFEPATH="1", http_proxy="http://127.0.0.1:9")

    assert night.code == 0, night.text


def test_drift_ends_with_7_and_a_preview_of_the_same_with_0(world: World, in_sync: Stack) -> None:
    """A pull request's preview may propose changes; the nightly check may not."""
    world.leave(GROUP)

    night = script(in_sync, "drift")
    preview = script(in_sync, "preview")

    assert night.code == 7, night.text
    assert preview.code == 0, preview.text
    for run in (night, preview):
        assert f"authentik account {world.username}: left group {GROUP}" in run.text
    assert world.groups() == set()


@pytest.mark.parametrize("command", ["preview", "drift", "up", "summary"])
def test_a_fault_ends_with_1_and_names_what_to_change(command: str, world: World, in_sync: Stack) -> None:
    """A refused token is no drift."""
    run = script(in_sync, command, FORGEJO_TOKEN="wrong")

    assert run.code == 1, run.text
    assert "answered 401" in run.text
    assert "check FORGEJO_TOKEN" in run.text


def test_the_summary_says_the_dates_and_that_all_is_in_sync(world: World, in_sync: Stack, tmp_path: Path) -> None:
    """On the screen, and appended to the job's summary where the CI names a file."""
    file = tmp_path / "summary.md"
    file.write_text("from an earlier step\n")
    outputs = in_sync.outputs()[world.username]

    run = script(in_sync, "summary", GITHUB_STEP_SUMMARY=str(file))

    assert run.code == 0, run.text
    # The look that it takes is a use.
    (listed,) = world.keys(world.field() or "")
    used = listed["lastUsed"][:10]
    assert rows(run.text) == [
        ["account", "age", "rotates on", "expires on", "last used", "drift"],
        [world.username, "0 d", outputs["rotates_on"], outputs["expires_on"], used, "in sync"],
    ]
    assert file.read_text() == "from an earlier step\n" + run.text


@pytest.mark.embedded
def test_the_summary_says_age_and_drift_by_the_registry_s_clock(world: World, in_sync: Stack) -> None:
    """What a preview sees now, in its own words; drift is no fault of the summary."""
    world.estate.zot.clock.advance(days=91)
    world.leave(GROUP)

    run = script(in_sync, "summary")

    assert run.code == 0, run.text
    (_, row) = rows(run.text)
    assert row[1] == "91 d"
    assert row[5] == "5 to change: 91 days old, rotates after 90"
    assert f"- authentik account {world.username}: left group {GROUP}" in run.text.splitlines()


def test_the_summary_of_a_failed_preview_claims_nothing(world: World, in_sync: Stack) -> None:
    """Dates from the state are still there."""
    run = script(in_sync, "summary", AUTHENTIK_TOKEN="wrong")

    assert rows(run.text)[1][5] == "not known: the preview failed"
    assert rows(run.text)[1][2] == in_sync.outputs()[world.username]["rotates_on"]


def test_the_summary_of_an_account_without_a_key_says_so(world: World, stack: Stack) -> None:
    """The first `up` was for the account alone."""
    component = f"**RegistryCredential::{world.username}"
    up = stack.up("--target", component, "--target", f"**{world.username}-service-account")

    run = script(stack, "summary")

    assert up.code == 0, up.text
    assert run.code == 0, run.text
    assert rows(run.text)[1] == [world.username, "no key", "", "", "never", "4 to change"]
    assert stack.outputs()[world.username]["published_to"] == []


@pytest.mark.embedded
def test_the_summary_shows_no_secret(world: World, in_sync: Stack) -> None:
    """In sync, with drift, and failed."""
    texts = [script(in_sync, "summary").text]
    world.set_field("edited by hand")
    texts += [script(in_sync, "summary").text, script(in_sync, "summary", FORGEJO_TOKEN="wrong").text]

    assert "holds another value" in texts[1]
    assert world.estate.secrets.found_in("\n".join(texts)) == []


def test_rotate_replaces_a_young_key_and_ends_the_old_one(world: World, in_sync: Stack) -> None:
    """A leaked key: one command, and the old one is refused."""
    old = world.secret()

    run = script(in_sync, "rotate", world.username)

    assert run.code == 0, run.text
    assert not world.accepts(old)
    assert_in_sync(world, in_sync)


@pytest.mark.embedded
def test_rotating_a_leaked_key_ends_all_older_ones_in_that_run_whatever_the_grace(world: World, in_sync: Stack) -> None:
    """It says so before; the places hold the new key first; and the settings' own grace counts again afterwards."""
    first = world.secret()
    in_sync.configure(world.config(retireAfterDays=30))
    assert script(in_sync, "rotate", world.username).code == 0
    leaked = world.secret()
    assert world.accepts(first)
    leaked_uuid = in_sync.outputs()[world.username]["uuid"]
    world.estate.log.clear()

    run = script(in_sync, "rotate", world.username, "--keep-old", "0")

    assert run.code == 0, run.text
    assert f"then this run revokes {leaked_uuid}" in run.text
    assert run.text.index("this run revokes") < run.text.index("zot: created key")
    assert [world.accepts(key) for key in (first, leaked, world.secret())] == [False, False, True]
    writes = [call for call in calls(world, "zot", "forgejo") if call.startswith(("PUT /api", "DELETE /zot"))]
    steps = [call.rpartition("/")[2] for call in writes]
    assert steps == [SECRET, "apikey", "apikey"]
    assert_in_sync(world, in_sync)


def test_rotating_an_unknown_account_names_the_known_ones_and_changes_nothing(world: World, in_sync: Stack) -> None:
    """A slip of the pen."""
    old = world.secret()

    run = script(in_sync, "rotate", "nobody")

    assert run.code == 1
    assert f"the state holds no key of nobody; it has those of: {world.username}" in run.text
    assert world.secret() == old


def test_rotating_an_account_that_left_the_settings_is_refused(world: World, in_sync: Stack) -> None:
    """An `up` would revoke its key and make no other."""
    old = world.secret()
    in_sync.configure(world.config(username="another"))

    run = script(in_sync, "rotate", world.username)

    assert run.code == 1
    assert f"{world.username} is no longer in the settings" in run.text
    assert world.secret() == old
    assert world.accepts(old)


def test_a_stack_that_is_not_there_is_named(stack: Stack) -> None:
    """The engine's own line."""
    stack.name = "elsewhere"

    run = script(stack, "summary")

    assert run.code == 1
    assert "no stack named 'elsewhere' found" in run.text
