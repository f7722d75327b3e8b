"""
The states that a command can meet, each built once from another one and copied afterwards.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass

from tests.commands.ground import Account, Ground
from tests.world import FIELD, GROUP, OWNER, REPOSITORY, SECRET

UP = ("up", "--yes", "--skip-preview")

# Traits, by which a command says in which states the engine refuses it.
ALWAYS, EMPTY, DUE, PENDING, OLDER = "always", "empty", "due", "pending", "older"

_ONE = Account()
_GRACE = Account(more=(("retireAfterDays", 7),))
_SEVERAL = (
    Account(fields=(FIELD, "zot-ci-api-copy")),
    Account("zot-nightly", ("zot-nightly-api",), "ZOT_NIGHTLY_API_KEY"),
)


@dataclass(frozen=True)
class State:
    """
    A state of systems and stack.

    Args:
        build: brings the ground there, from the state *after*.
        after: the state that it begins from; the empty text for systems and a stack that nothing was done to.
        traits: what of it decides whether the engine refuses a command.
    """

    name: str
    build: Callable[[Ground], None]
    after: str = ""
    traits: frozenset[str] = frozenset()


def prepared(ground: Ground, name: str) -> None:
    """
    Put the ground into a state, building it if this is the first time.
    """
    if name not in ground.kept:
        state = STATES[name]
        if state.after:
            prepared(ground, state.after)
        else:
            ground.put_back("")
        state.build(ground)
        ground.keep(name)
    ground.put_back(name)


def _first(ground: Ground) -> None:
    ground.configure(_ONE)


def _in_sync(ground: Ground) -> None:
    ground.configure(_ONE)
    ground.done(*UP)


def _due(ground: Ground) -> None:
    ground.world.estate.clock.advance(days=91)


def _half_way(ground: Ground) -> None:
    """
    The forge refuses the new key: the field has it, the secret has the old one, and that one's deletion is pending.
    """
    env = ground.stack.env
    good = env["FORGEJO_TOKEN"]
    env["FORGEJO_TOKEN"] = ground.world.estate.forgejo.add_token(OWNER, ("read:repository",))
    assert ground.run(*UP).code != 0
    env["FORGEJO_TOKEN"] = good
    assert ground.world.field() != ground.world.secret()


def _several(ground: Ground) -> None:
    ground.configure(*_SEVERAL)
    ground.done(*UP)


def _grace(ground: Ground) -> None:
    """
    A key of a day, and the one before it, which something may still use for six days.
    """
    ground.configure(_GRACE)
    ground.done(*UP)
    ground.world.estate.clock.advance(days=91)
    ground.done(*UP)
    ground.world.estate.clock.advance(days=1)


def _adopted(ground: Ground) -> None:
    """
    Account, field and secret were there before, with a key from the web page.
    """
    world = ground.world
    world.make_account(GROUP)
    key = world.estate.zot.mint(world.username, "by hand", groups=[GROUP])
    world.set_field(key)
    world.estate.forgejo.set_value(OWNER, REPOSITORY, SECRET, key)
    ground.configure(_ONE)
    ground.done(*UP)


def _imported(ground: Ground) -> None:
    """
    Yesterday's export, taken before a rotation: its key is revoked, and the places hold a newer one.
    """
    export = str(ground.scratch / "yesterday.json")
    ground.done("stack", "export", "--file", export)
    _due(ground)
    ground.done(*UP)
    ground.done("stack", "import", "--file", export)


def _forgotten(ground: Ground) -> None:
    """
    The state was thrown away and begun anew; all that it knew is still there.
    """
    ground.done("stack", "rm", "--force", "--preserve-config", "--yes")
    ground.done("stack", "init", ground.stack.name)


def _restored(ground: Ground) -> None:
    """
    The backend's folder from a backup that was made before a rotation.
    """
    backup = ground.folder / "backup"
    shutil.copytree(ground.stack.state, backup)
    _due(ground)
    ground.done(*UP)
    shutil.rmtree(ground.stack.state)
    shutil.move(backup, ground.stack.state)


def _restored_in_grace(ground: Ground) -> None:
    """
    The same within the grace: the state's key still lives, is not due, and the places hold a newer one.
    """
    ground.configure(_GRACE)
    ground.done(*UP)
    ground.world.estate.clock.advance(days=10)
    backup = ground.folder / "backup"
    shutil.copytree(ground.stack.state, backup)
    ground.done(*UP, "--replace", ground.stack.urns()["zot-ci-api-key"])
    shutil.rmtree(ground.stack.state)
    shutil.move(backup, ground.stack.state)
    ground.world.estate.clock.advance(days=1)


STATES = {
    state.name: state
    for state in (
        State("in sync", _in_sync),
        State("due", _due, "in sync", frozenset({DUE})),
        State("first", _first, "", frozenset({EMPTY})),
        State("half-way", _half_way, "due", frozenset({PENDING})),
        State("several", _several),
        State("grace", _grace),
        State("adopted", _adopted),
        State("imported", _imported, "in sync", frozenset({DUE, OLDER})),
        State("forgotten", _forgotten, "in sync", frozenset({EMPTY, OLDER})),
        State("restored", _restored, "in sync", frozenset({DUE, OLDER})),
        State("restored in grace", _restored_in_grace, "", frozenset({OLDER})),
    )
}

# The states in which every changing request is a place to be killed at.
KILLED_IN = ("in sync", "due", "half-way")
