"""
States that earlier versions wrote: every later version previews them in sync and destroys them.

A state is the export of a stack in sync, with the names of this run's servers, key and ids left open. When a version
is released, its state is added here and none is taken away. `components.json` is 0.2.0's as a checkout wrote it before
2026-11-29, when a state's name of this program was that of the folder.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.engine.checks import assert_in_sync, calls
from tests.engine.frozen import frozen, shape
from tests.engine.stack import Stack
from tests.messages import assert_names
from tests.world import FIELD, GROUP, ITEM, OWNER, REPOSITORY, SECRET, VAULT, World
from zot_ci.forgejo.api import forgejo_at
from zot_ci.settings.place import Place
from zot_ci.settings.server import ForgejoServer
from zot_ci.zot.api import KeyAuth, zot_at

FOLDER = Path(__file__).parent / "states"
# Provider paths and properties changed once, before the first release: a state of 0.1.0 is given up, not read.
GIVEN_UP = FOLDER / "0.1.0.json"
NEWEST = FOLDER / "0.2.0.json"
STATES = sorted(path for path in FOLDER.glob("*.json") if path != GIVEN_UP)

pytestmark = pytest.mark.quickly


def _values(world: World) -> dict[str, Any]:
    """
    What the estate's systems call the things that a state names.
    """
    key = world.field() or ""
    (listed,) = zot_at(world.zot_url).listing(KeyAuth("zot-ci", key), "zot-ci").keys
    secret = forgejo_at(ForgejoServer(world.env["FORGEJO_URL"])).secret(
        Place.secret(SECRET, repository=f"{OWNER}/{REPOSITORY}")
    )
    item = world.estate.onepassword.item(VAULT, ITEM)
    account = world.account()
    assert secret is not None
    assert account is not None
    return {
        "authentik": world.authentik_url,
        "zot": world.zot_url,
        "forgejo": world.env["FORGEJO_URL"],
        "key": key,
        "uuid": listed.uuid,
        "created": listed.created_at.isoformat(),
        "expires": listed.expires_at.isoformat() if listed.expires_at else "",
        "published": secret.created_at.isoformat(),
        "vault_id": world.estate.onepassword.vault(VAULT).id,
        "item_id": item.id,
        "account_uuid": account["uuid"],
        "field_id": item.labelled(FIELD)[0]["id"],
        "pk": account["pk"],
    }


def _filled(state: str, world: World) -> str:
    """
    Make an estate that is as the state says, and fill in what its systems call things.
    """
    world.make_account(GROUP)
    key = world.estate.zot.mint("zot-ci", "zot-ci/test/zot-ci", groups=(GROUP,))
    world.set_field(key)
    world.estate.forgejo.set_value(OWNER, REPOSITORY, SECRET, key)
    values = _values(world)
    state = state.replace('"{pk}"', str(values["pk"]))
    for name, value in values.items():
        state = state.replace(f"{{{name}}}", str(value))
    return state


@pytest.mark.embedded
def test_the_newest_state_is_what_today_s_code_writes(signed_in: World, in_sync: Stack) -> None:
    """
    Until the version is released its state follows the code: RECORD=1 writes it. After that a difference here is
    another shape, with another number and a file of its own.
    """
    now = frozen(in_sync, _values(signed_in))
    if os.environ.get("RECORD"):
        NEWEST.write_text(now)

    assert shape(json.loads(now)) == shape(json.loads(NEWEST.read_text()))


def _refusals(world: World, stack: Stack, change: Callable[[dict[str, Any]], None]) -> list[str]:
    """
    Change each resource in the stack's state, and return what each command says, which must not succeed.
    """
    export = json.loads(stack.pulumi("stack", "export", streams="out").text)
    for resource in export["deployment"]["resources"]:
        change(resource)
    changed = stack.folder / "changed.json"
    changed.write_text(json.dumps(export))
    assert stack.pulumi("stack", "import", "--file", str(changed)).code == 0
    world.estate.log.clear()
    runs = [stack.preview(), stack.up(), stack.up("--refresh=false"), stack.destroy()]
    assert 0 not in [run.code for run in runs]
    return [run.text for run in runs]


@pytest.mark.embedded
def test_a_state_of_a_later_version_is_refused(world: World, in_sync: Stack) -> None:
    """By every command, in one line; whatever is in it may mean something else there."""

    def later(resource: dict[str, Any]) -> None:
        if "shape" in resource.get("outputs", {}):
            resource["inputs"]["shape"] = resource["outputs"]["shape"] = 2

    for text in _refusals(world, in_sync, later):
        assert "a later version of zot-ci has written it (shape 2, this version knows 1)" in text
        assert "Traceback" not in text
    assert [
        call for call in calls(world, "authentik", "zot", "forgejo", "onepassword") if not call.startswith("GET")
    ] == []
    assert world.accepts(world.field())


@pytest.mark.embedded
def test_a_state_that_was_edited_by_hand_is_refused(world: World, in_sync: Stack) -> None:
    """By every command, in one line for each resource, which names the properties and shows no value."""

    def edited(resource: dict[str, Any]) -> None:
        if resource["type"].endswith(":ItemField"):
            del resource["outputs"]["mark"]
            resource["outputs"]["made_here"] = "what somebody wrote"

    for text in _refusals(world, in_sync, edited):
        # The engine says it where it happens, and once more at the end.
        lines = {line.partition("StateUnfitError: ")[2] for line in text.splitlines()} - {""}
        assert len(lines) == 1, text
        assert_names(lines.pop(), "the state of ItemField ", "made_here is not what it should be", "mark is missing")
        assert "what somebody wrote" not in text
        assert "Traceback" not in text
    assert [call for call in calls(world, "onepassword") if not call.startswith("GET")] == []
    assert world.accepts(world.field())


@pytest.mark.embedded
@pytest.mark.parametrize("path", STATES, ids=lambda path: str(path.stem))
def test_a_state_of_an_earlier_version_is_in_sync_and_can_be_destroyed(
    path: Path, signed_in: World, stack: Stack, tmp_path: Path
) -> None:
    """Module paths, class names, types and properties are as that version wrote them."""
    _import(path, signed_in, stack, tmp_path)

    assert_in_sync(signed_in, stack)

    destroyed = stack.destroy()
    assert destroyed.code == 0, destroyed.text
    assert signed_in.secret() is None
    assert signed_in.field() is None
    assert signed_in.account() is None


@pytest.mark.embedded
@pytest.mark.parametrize("away", ["field", "key"])
def test_a_first_run_that_fails_takes_the_state_over_all_the_same(
    away: str, signed_in: World, stack: Stack, tmp_path: Path
) -> None:
    """
    In this state the sweep depends on every place, as it did until 2026-11-29. The secret is taken out of the stack
    file while the field, or the key itself, cannot be served: the state that is written must be one that is read.
    """
    _import(FOLDER / "components.json", signed_in, stack, tmp_path)
    old = signed_in.field() or ""
    signed_in.estate.clock.advance(days=91)
    settings = signed_in.config()
    del settings["zot-ci:accounts"][0]["forgejo"]
    stack.configure(settings)
    stack.env["PULUMI_CONTINUE_ON_ERROR"] = "true"
    system = signed_in.estate.onepassword if away == "field" else signed_in.estate.zot
    system.down = True

    failed = stack.up()

    system.down = False
    assert failed.code != 0
    assert "snapshot integrity" not in failed.text
    assert "panic" not in failed.text
    assert signed_in.accepts(old)
    again = stack.up()
    assert again.code == 0, again.text
    assert signed_in.secret() is None
    assert signed_in.accepts(signed_in.field())
    assert stack.preview().code == 0


@pytest.mark.embedded
def test_a_state_of_0_1_0_is_given_up_and_everything_is_taken_over(
    signed_in: World, stack: Stack, tmp_path: Path
) -> None:
    """As the changelog says: the next `up` adopts account, field and secret, and the key that CI has mints the next."""
    _import(GIVEN_UP, signed_in, stack, tmp_path)
    before = signed_in.field() or ""
    assert "No module named" in stack.preview().text

    for command in (("stack", "rm", "--force", "--preserve-config", "--yes"), ("stack", "init", stack.name)):
        run = stack.pulumi(*command)
        assert run.code == 0, run.text
    up = stack.up()

    assert up.code == 0, up.text
    assert not signed_in.accepts(before)
    assert_in_sync(signed_in, stack)
    assert [call for call in calls(signed_in, "authentik") if not call.startswith("GET")] == []


def _import(path: Path, world: World, stack: Stack, folder: Path) -> None:
    """
    Give *stack* the state at *path*, for an estate that is as it says.
    """
    filled = folder / "state.json"
    state = json.loads(_filled(path.read_text(), world))
    # The state's secrets are in the file as the engine exports them in clear; this stack's passphrase encrypts them.
    empty = json.loads(stack.pulumi("stack", "export", streams="out").text)
    state["deployment"]["secrets_providers"] = empty["deployment"]["secrets_providers"]
    filled.write_text(json.dumps(state))
    imported = stack.pulumi("stack", "import", "--file", str(filled))
    assert imported.code == 0, imported.text
    world.estate.log.clear()


def test_there_is_a_state_to_be_compatible_with() -> None:
    """The tests above are of files, and could be of none."""
    assert "0.2.0" in [path.stem for path in STATES]
