"""
A part is gone, moved, or somebody else's by now: what a preview and an `up` say and do, that everything else goes on,
and that a corrected stack file or a destroy ends it. And a system that is at another URL, the old one dead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.engine.leaks import leaks
from tests.engine.stack import Run
from tests.faults.proxy import Fault
from tests.parts import ground as grounds
from tests.parts.ground import (
    ANOTHER_GROUP,
    FIRST,
    NEXT,
    PLACES,
    SECOND,
    SPARE,
    Ground,
    config,
    first_of,
)
from tests.world import GROUP, OWNER, SECRET, World

_Settings = dict[str, Any]


def _without_the_second(world: World, settings: _Settings) -> None:
    del first_of(settings)["forgejo"][1]


def _without_the_copy(world: World, settings: _Settings) -> None:
    del first_of(settings)["onepassword"][1]


def _renamed(world: World, settings: _Settings) -> None:
    first_of(settings)["forgejo"][1]["repository"] = f"{OWNER}/renamed"


def _confirmed(world: World, settings: _Settings) -> None:
    first_of(settings)["forgejo"][1]["id"] = world.estate.forgejo.repos[OWNER, SECOND].id


def _in_another_group(world: World, settings: _Settings) -> None:
    first_of(settings)["groups"] = [ANOTHER_GROUP]


def _name_taken(world: World) -> None:
    world.estate.forgejo.delete_repo(OWNER, SECOND)
    world.estate.forgejo.add_repo(OWNER, SECOND)


def _group_deleted(world: World) -> None:
    world.estate.authentik.groups.pop(GROUP)
    for user in world.estate.authentik.users.values():
        user.groups.discard(GROUP)


@dataclass(frozen=True)
class Loss:
    """
    What somebody did, and how the stack file is corrected.

    Args:
        place: the one that cannot be written any more; empty for none.
        words: what a preview and an `up` say of it.
        corrections: each makes the next `up` end in sync, by its name.
        keeps: the corrections after which the place is still one.
    """

    by_hand: Callable[[World], object]
    place: str
    words: tuple[str, ...]
    corrections: Mapping[str, Callable[[World, _Settings], None]]
    keeps: frozenset[str] = frozenset()


_OUT = {"taken out": _without_the_second}
LOSSES = {
    "repository deleted": Loss(
        lambda world: world.estate.forgejo.delete_repo(OWNER, SECOND),
        "second secret",
        ("gone: no such repository any more",),
        _OUT,
    ),
    "repository archived": Loss(
        lambda world: world.estate.forgejo.archive_repo(OWNER, SECOND),
        "second secret",
        ("gone: the repository is archived",),
        _OUT,
    ),
    "repository renamed": Loss(
        lambda world: world.estate.forgejo.rename(OWNER, SECOND, OWNER, "renamed"),
        "second secret",
        (f"moved to {OWNER}/renamed: put that into the stack file",),
        {"new name": _renamed, **_OUT},
    ),
    "name taken": Loss(
        _name_taken,
        "second secret",
        ("another repository has that name now",),
        {"confirmed": _confirmed, **_OUT},
        frozenset({"confirmed"}),
    ),
    "item archived": Loss(
        lambda world: world.estate.onepassword.archive_item(SPARE, "CI"),
        "copy",
        ("gone: ",),
        {"taken out": _without_the_copy},
    ),
    "item deleted": Loss(
        lambda world: world.estate.onepassword.delete_item(SPARE, "CI", for_good=True),
        "copy",
        ("gone: ",),
        {"taken out": _without_the_copy},
    ),
    "vault deleted": Loss(
        lambda world: world.estate.onepassword.delete_vault(SPARE),
        "copy",
        ("gone: ",),
        {"taken out": _without_the_copy},
    ),
    "group deleted": Loss(_group_deleted, "", (f"left group {GROUP}",), {"another group": _in_another_group}),
}
BEGINS = {"in sync": grounds.IN_SYNC, "due": grounds.DUE}
_SYSTEMS = {"authentik": "zot-ci:authentik", "zot": "zot-ci:zot", "Forgejo": "zot-ci:forgejo", "Connect": ""}


@dataclass(frozen=True)
class Cell:
    """
    A loss by a beginning and by what is done about it: "destroy", or a correction of the stack file. Or a system that
    *moved*.
    """

    loss: str
    begins: str
    then: str

    def __str__(self) -> str:
        return f"{self.loss}, {self.begins}, {self.then}"

    @property
    def row(self) -> tuple[str, str]:
        """
        Where it is in the table.
        """
        return self.loss, self.begins


def cells() -> list[Cell]:
    """
    All that can be.
    """
    lost = [
        Cell(loss, begins, then)
        for begins in BEGINS
        for loss, what in LOSSES.items()
        for then in (*what.corrections, "destroy")
    ]
    return lost + [Cell(f"{name} at another URL", begins, "new URL") for begins in BEGINS for name in _SYSTEMS]


def play(ground: Ground, cell: Cell) -> tuple[list[str], str]:
    """
    Play a cell; return what is not as promised, and all that the engine said.
    """
    ground.begin(BEGINS[cell.begins])
    faults, said = _move(ground, cell) if cell.then == "new URL" else _lose(ground, cell)
    text = "\n=====\n".join(run.text for run in said)
    faults += [f"a secret in the output: {leak}" for leak in leaks(set(ground.world.estate.secrets), text.encode())]
    faults += ["a traceback in the output"] if "Traceback" in text else []
    return faults, text


def _lose(ground: Ground, cell: Cell) -> tuple[list[str], list[Run]]:
    loss = LOSSES[cell.loss]
    before = ground.remember()
    loss.by_hand(ground.world)
    gone = frozenset({loss.place} - {""})
    if cell.then == "destroy":
        run = ground.destroy()
        faults = [f"the destroy ended with {run.code}"] if run.code else []
        return faults + [f"a key of {name} is left" for name in (FIRST, NEXT) if ground.live(name)], [run]
    preview = ground.preview()
    faults = [] if preview.code == 7 else [f"the preview ended with {preview.code}"]
    faults += [f"the preview does not say {words}" for words in loss.words if words not in preview.text]
    up = ground.up()
    faults += [] if up.code else ["the up ended with 0"]
    faults += [f"the {name} has lost its live key" for name in ground.lost(before, gone)]
    faults += _served(ground, gone, due=cell.begins == "due")
    settings = config(ground.world)
    loss.corrections[cell.then](ground.world, settings)
    ground.stack.configure(settings)
    corrected = ground.up()
    faults += [f"the up of the corrected stack file ended with {corrected.code}"] if corrected.code else []
    kept = cell.then in loss.keeps or not loss.place
    faults += [f"after it {fault}" for fault in ground.out_of_sync(frozenset() if kept else gone)]
    if cell.then == "new name":
        key = ground.live(FIRST)[-1]
        if ground.world.estate.forgejo.value(OWNER, "renamed", SECRET) != key:
            faults.append("the renamed repository does not hold the key")
    last = ground.preview()
    faults += [f"the preview after it ended with {last.code}"] if last.code else []
    return faults, [preview, up, corrected, last]


def _served(ground: Ground, gone: frozenset[str], *, due: bool) -> list[str]:
    """
    Whether all other places have the current key, and no key has ended that the lost place may hold.
    """
    faults, held = [], ground.held()
    for account in (FIRST, NEXT):
        keys = ground.live(account)
        places = {name for name, place in PLACES.items() if place.account == account}
        faults += [f"the {name} was not served" for name in places - gone if [held[name]] != keys[-1:]]
        wanted = 2 if due and places & gone else 1
        if len(keys) != wanted:
            faults.append(f"{account} has {len(keys)} live keys with our label, not {wanted}")
    return faults


def _move(ground: Ground, cell: Cell) -> tuple[list[str], list[Run]]:
    """
    A system answers at another URL; nobody does at the old one.
    """
    name = cell.loss.partition(" ")[0]
    system = {"Connect": "onepassword"}.get(name, name.lower())
    now = ground.world.estate.listening[system]
    before = ground.remember()
    ground.proxies.plan.away = {system: Fault.REFUSE}
    if name == "Connect":
        ground.stack.env["OP_CONNECT_HOST"] = now
    else:
        settings = config(ground.world)
        settings[_SYSTEMS[name]]["url"] = now
        ground.stack.configure(settings)
    up = ground.up()
    faults = [f"the up ended with {up.code}"] if up.code else []
    faults += [f"the {place} has lost its live key" for place in ground.lost(before)]
    if name == "zot":
        # It is the same registry: what could not be ended at the old URL lives on there, and the run says so.
        faults += [] if "lives until" in up.text else ["the up does not say until when the old key lives"]
    else:
        faults += [f"after it {fault}" for fault in ground.out_of_sync()]
    preview = ground.preview()
    faults += [f"the preview after it ended with {preview.code}"] if preview.code else []
    return faults, [up, preview]
