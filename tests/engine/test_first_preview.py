"""
The preview before the first `up`, `scripts/stack.py check`, and what a preview shows when there is nothing to do.
"""

from __future__ import annotations

import re

import pytest

from tests.engine.checks import calls
from tests.engine.stack import Stack
from tests.engine.test_stack_script import script
from tests.world import GROUP, VAULT, World

pytestmark = [pytest.mark.embedded, pytest.mark.quickly]

SYSTEMS = ("authentik", "zot", "onepassword", "forgejo")


def test_the_first_preview_says_what_up_will_find_and_asks_each_system(world: World, stack: Stack) -> None:
    """And a preview of it changes nothing."""
    world.make_account(GROUP, "admins")
    world.estate.log.clear()

    run = stack.preview()

    assert run.code == 7, run.text
    for words in (
        f"authentik account {world.username}: will be adopted",
        f"authentik account {world.username}: will be taken out of group admins",
        f"zot API key of {world.username}: the store of record holds none",
        "1Password field blumeops/Forgejo Secrets/zot-ci-api: ",
        "Forgejo secret eblume/blumeops/ZOT_CI_API_KEY: will be made",
        "only an `up` shows whether FORGEJO_TOKEN may write secrets",
    ):
        assert run.text.count(words) == 1, (words, run.text)
    assert {call.split(" ")[0] for call in calls(world, *SYSTEMS)} == {"GET"}
    assert world.groups() == {GROUP, "admins"}


def test_the_first_preview_tells_every_fault_at_once_and_fails(world: World, stack: Stack) -> None:
    """A refused token, an item that is not there, a group that is not there, and a provider that zot does not know."""
    config = world.config(
        groups=["no-such-group"], onepassword={"vault": VAULT, "item": "No Such Item", "field": "zot-ci-api"}
    )
    config["zot-ci:zot"]["oidcProvider"] = "nobody"
    stack.configure(config)
    stack.env["FORGEJO_TOKEN"] = "wrong"

    preview = stack.preview()
    check = script(stack, "check")

    for run in (preview, check):
        assert run.code == 1, run.text
        for words in ("no-such-group", "No Such Item", "check FORGEJO_TOKEN", "no OpenID provider nobody"):
            assert words in run.text, (words, run.text)
        assert "Traceback" not in run.text


def test_check_needs_no_stack_and_says_that_the_estate_is_ready(world: World, stack: Stack) -> None:
    """A newcomer's first command: nothing of the engine is asked for."""
    stack.env |= {"PULUMI_BACKEND_URL": "file:///nowhere", "PULUMI_CONFIG_PASSPHRASE": ""}

    run = script(stack, "check")

    assert run.code == 0, run.text
    assert f"ready: nothing that can be read stands in the way of the first `up` of {stack.name}" in run.text


def test_a_new_account_and_a_new_place_are_looked_at_and_others_are_not_asked_more(
    world: World, in_sync: Stack
) -> None:
    """An ordinary preview asks what it asked before."""
    world.estate.log.clear()
    assert in_sync.preview().code == 0
    ordinary = sorted(calls(world, *SYSTEMS))
    config = world.config()
    second = config["zot-ci:accounts"][0] | {"username": "mirror"}
    del second["forgejo"]
    second["onepassword"] = {**second["onepassword"], "field": "mirror"}
    config["zot-ci:accounts"].append(second)
    config["zot-ci:accounts"][0]["forgejo"][0]["secret"] = "ANOTHER"
    in_sync.configure(config)

    run = in_sync.preview()

    assert run.code == 7, run.text
    assert "authentik account mirror: will be made" in run.text
    assert "Forgejo secret eblume/blumeops/ANOTHER: will be made" in run.text
    assert f"{world.username}: will be" not in run.text
    world.estate.log.clear()
    in_sync.configure(world.config())
    assert in_sync.preview().code == 0
    assert len(calls(world, *SYSTEMS)) <= len(ordinary) + 1


@pytest.mark.parametrize("arguments", [(), ("--diff",)], ids=["plain", "diff"])
def test_a_preview_in_sync_shows_nothing_but_its_count(
    arguments: tuple[str, ...], world: World, in_sync: Stack
) -> None:
    """Also where a key of an earlier rotation is in its grace: that it gets older is no change."""
    in_sync.configure(world.config(retireAfterDays=30, rotation="once"))
    assert in_sync.up().code == 0

    run = in_sync.pulumi("preview", *arguments)

    assert run.code == 0, run.text
    assert "7 unchanged" in run.text
    assert not re.search(r"^ *(~|\+|-|\+-) ", _without_progress(run.text), re.MULTILINE), run.text
    assert "Outputs:" not in run.text
    assert "Diagnostics:" not in run.text


def _without_progress(text: str) -> str:
    """Leave out the lines that say only that something is being looked at, and the engine's own line for its root."""
    text = text.replace("~ pulumi:pulumi:Stack: (refresh)", "")
    return "\n".join(line for line in text.splitlines() if not re.search(r" refresh(ing)?\b", line))


def test_what_polls_1password_is_thought_of_by_check_and_by_the_preview_of_a_rotation(
    world: World, stack: Stack
) -> None:
    """An account without a forge; until the grace is written out, 0 included, and not by a preview in sync."""
    words = f"{world.username}: a rotation revokes the old key in the same run, so whatever polls 1Password"
    config = world.config()
    del config["zot-ci:accounts"][0]["forgejo"]
    stack.configure(config)
    check = script(stack, "check")
    assert stack.up().code == 0

    in_sync = stack.preview()
    world.estate.zot.clock.advance(days=91)
    due = stack.preview()
    config["zot-ci:accounts"][0]["retireAfterDays"] = 0
    stack.configure(config)
    written_out, check_again = stack.preview(), script(stack, "check")

    assert check.code == 0, check.text
    assert check.text.count(words) == 1, check.text
    assert (in_sync.code, due.code, written_out.code) == (0, 7, 7), due.text
    assert due.text.count(words) == 1, due.text
    assert [words in run.text for run in (in_sync, written_out, check_again)] == [False, False, False]
