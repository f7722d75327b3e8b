"""
A part is gone, moved, or somebody else's by now: what a preview and an `up` say and do, that everything else goes on,
and that a corrected stack file or a destroy ends it. And a system that is at another URL, the old one dead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.engine.stack import Run
from tests.faults.proxy import Fault
from tests.oracle.evidence import Seen
from tests.oracle.instant import what_is_not_ours_stays
from tests.oracle.rest import (
    nothing_of_ours_is_left,
    the_live_keys_are_the_newest_and_what_a_missing_place_may_hold,
    what_needs_no_missing_part_is_served,
)
from tests.oracle.shown import (
    a_preview_after_it_is_empty,
    a_preview_changes_nothing,
    one_more_up_ends_well,
    the_run_says_what_it_left_out,
)
from tests.parts import ground as grounds
from tests.parts.ground import (
    ANOTHER_GROUP,
    NEXT,
    RENAMED,
    SECOND,
    SPARE,
    Ground,
    MayGo,
    config,
    first_of,
    where,
)
from tests.world import GROUP, OWNER, World

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
        ("not found: no such repository any more",),
        _OUT,
    ),
    "repository archived": Loss(
        lambda world: world.estate.forgejo.archive_repo(OWNER, SECOND),
        "second secret",
        ("not found: the repository is archived",),
        _OUT,
    ),
    "repository renamed": Loss(
        lambda world: world.estate.forgejo.rename(OWNER, SECOND, OWNER, "renamed"),
        "second secret",
        (f"moved to {OWNER}/renamed: set that name in the settings",),
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
        ("not found: ",),
        {"taken out": _without_the_copy},
    ),
    "item deleted": Loss(
        lambda world: world.estate.onepassword.delete_item(SPARE, "CI", for_good=True),
        "copy",
        ("not found: ",),
        {"taken out": _without_the_copy},
    ),
    "vault deleted": Loss(
        lambda world: world.estate.onepassword.delete_vault(SPARE),
        "copy",
        ("not found: ",),
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
    return faults, "\n=====\n".join(run.text for run in said)


def _lose(ground: Ground, cell: Cell) -> tuple[list[str], list[Run]]:
    loss = LOSSES[cell.loss]
    then = ground.look()
    loss.by_hand(ground.world)
    before = ground.look()
    gone = frozenset({loss.place} - {""})
    watch = ground.watch(MayGo(where(gone), destroy=cell.then == "destroy"))
    if cell.then == "destroy":
        run = ground.destroy()
        watch.look("its end")
        return [
            *watch.findings,
            *one_more_up_ends_well(run.code, "the destroy"),
            *nothing_of_ours_is_left(ground.ours(), ground.look(), {*where(gone), NEXT}),
            *what_is_not_ours_stays(before.others, ground.look()),
        ], [run]
    preview = ground.preview()
    faults = [] if preview.code == 7 else [f"the preview ended with {preview.code}"]
    faults += a_preview_changes_nothing(before, ground.look())
    for words in loss.words:
        faults += the_run_says_what_it_left_out(preview.text, [words])
    up = ground.up()
    faults += [] if up.code else ["the up ended with 0"]
    watch.look("its end")
    faults += watch.findings
    faults += _served(ground, then, gone)
    settings = config(ground.world)
    loss.corrections[cell.then](ground.world, settings)
    ground.stack.configure(settings)
    kept = cell.then in (*loss.keeps, "new name") or not loss.place
    wanted = {"another group": ground.ours(group=ANOTHER_GROUP), "new name": ground.ours(second_secret=RENAMED)}
    what = "the up of the corrected stack file"
    broken, runs = ground.up_in_sync(what, frozenset() if kept else gone, wanted.get(cell.then))
    return faults + broken, [preview, up, *runs]


def _served(ground: Ground, then: Seen, gone: frozenset[str]) -> list[str]:
    """
    Whether all other places have the current key, and no key has ended that the lost place may hold.
    """
    ours, now = ground.ours(), ground.look()
    return [
        *what_needs_no_missing_part_is_served(ours, now, ours.owners.keys() - where(gone)),
        *the_live_keys_are_the_newest_and_what_a_missing_place_may_hold(ours, then, now, where(gone)),
    ]


def _move(ground: Ground, cell: Cell) -> tuple[list[str], list[Run]]:
    """
    A system answers at another URL; nobody does at the old one.
    """
    name = cell.loss.partition(" ")[0]
    system = {"Connect": "onepassword"}.get(name, name.lower())
    now = ground.world.estate.listening[system]
    ground.proxies.plan.away = {system: Fault.REFUSE}
    if name == "zot":
        return _move_the_registry(ground, now)
    if name == "Connect":
        ground.stack.env["OP_CONNECT_HOST"] = now
    else:
        settings = config(ground.world)
        settings[_SYSTEMS[name]]["url"] = now
        ground.stack.configure(settings)
    return ground.up_in_sync("the up")


def _move_the_registry(ground: Ground, url: str) -> tuple[list[str], list[Run]]:
    """
    It is the same registry: what could not be ended at the old URL lives on there, and the run says so.
    """
    settings = config(ground.world)
    settings[_SYSTEMS["zot"]]["url"] = url
    ground.stack.configure(settings)
    watch, ours = ground.watch(), ground.ours()
    up = ground.up()
    now = watch.look("its end")
    faults = [
        *watch.findings,
        *one_more_up_ends_well(up.code, "the up"),
        *what_needs_no_missing_part_is_served(ours, now, ours.owners),
        *the_run_says_what_it_left_out(up.text, ["lives until"]),
    ]
    preview = ground.preview()
    faults += a_preview_after_it_is_empty(preview.code)
    faults += a_preview_changes_nothing(now, ground.look())
    return faults, [up, preview]
