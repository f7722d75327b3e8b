"""
One part is away for a whole run: it gives no answer, speaks of its own fault only, or refuses its token. Or something
in front of it answers in its place, which is to count as no answer.

What is looked at: exit codes, that each place which does not need the part is served, that no key ends which the silent
place may hold, that the part is named once in a preview, and that everything is in sync after the next `up`.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.engine.stack import Run
from tests.faults.proxy import Fault
from tests.oracle.evidence import Place, Seen
from tests.oracle.instant import what_is_not_ours_stays
from tests.oracle.rest import (
    nothing_of_ours_is_left,
    the_live_keys_are_the_newest_and_what_a_missing_place_may_hold,
    what_needs_no_missing_part_is_served,
    what_was_taken_out_is_gone,
)
from tests.oracle.shown import (
    a_preview_changes_nothing,
    one_more_up_ends_well,
    the_run_says_what_it_left_out,
)
from tests.parts import ground as grounds
from tests.parts.ground import FIRST, NEXT, PLACES, REMOVED, SPARE, Ground, MayGo, config, first_of, where

PARTS = {
    "authentik": "authentik",
    "zot": "zot",
    "1Password": "onepassword",
    "Forgejo": "forgejo",
    "one vault": "",
    "one repository": "forgejo /eblume/second",
}
KINDS = {"refuse": Fault.REFUSE, "503": Fault.ERROR_503, "stall": Fault.STALL, "refused": None}
# By the name that `tests.estate.front` has for the answer.
IN_FRONT = {"404 in front": "404", "403 in front": "403"}
_TOKENS = {"authentik": "AUTHENTIK_TOKEN", "Forgejo": "FORGEJO_TOKEN", "1Password": "OP_CONNECT_TOKEN"}
SCENARIOS = {
    "in sync": grounds.IN_SYNC,
    "due": grounds.DUE,
    "drifted": grounds.DRIFTED,
    "first up": grounds.FURNISHED,
    "removed": grounds.IN_SYNC,
    "destroy": grounds.IN_SYNC,
}


@dataclass(frozen=True)
class Cell:
    """
    A part, how it is away, and what the run has to do meanwhile.
    """

    part: str
    kind: str
    scenario: str

    def __str__(self) -> str:
        return f"{self.part} away ({self.kind}), {self.scenario}"

    @property
    def row(self) -> tuple[str, str]:
        """
        Where it is in the table.
        """
        return f"something in front of {self.part}" if self.kind in IN_FRONT else f"{self.part} away", self.scenario


def cells() -> list[Cell]:
    """
    All that can be: one vault that is away answers 503, if nothing in front does, and only three systems take a token.
    """
    return [
        Cell(part, kind, scenario)
        for scenario in SCENARIOS
        for part in PARTS
        for kind in (*KINDS, *IN_FRONT)
        if (kind != "refused" or part in _TOKENS) and (part != "one vault" or kind == "503" or kind in IN_FRONT)
    ]


def play(ground: Ground, cell: Cell) -> tuple[list[str], str]:
    """
    Play a cell; return what is not as promised, and all that the engine said.
    """
    ground.begin(SCENARIOS[cell.scenario])
    faults: list[str] = []
    said: list[Run] = []
    if cell.scenario == "removed":
        settings = config(ground.world)
        account = first_of(settings)
        account["onepassword"], account["forgejo"] = account["onepassword"][:1], account["forgejo"][:1]
        ground.stack.configure(settings)
    before = ground.look()
    _send_away(ground, cell)
    watch = ground.watch(MayGo(where(_removed(cell)), destroy=cell.scenario == "destroy"))
    if cell.scenario == "destroy":
        said.append(ground.destroy())
        faults += _after_a_destroy(cell, said[-1])
    else:
        said.append(ground.preview())
        faults += _after_a_preview(cell, said[-1])
        faults += a_preview_changes_nothing(before, ground.look())
        said.append(ground.up())
        faults += _after_an_up(ground, cell, said[-1], before)
    watch.look("its end")
    faults += watch.findings
    _bring_back(ground)
    if cell.scenario == "destroy":
        said.append(ground.destroy())
        faults += one_more_up_ends_well(said[-1].code, "the next destroy")
        faults += nothing_of_ours_is_left(ground.ours(), ground.look(), _may_stay(cell))
    else:
        broken, runs = ground.up_in_sync(without=_removed(cell))
        faults += broken
        said += runs
        faults += what_was_taken_out_is_gone(ground.look(), where(_removed(cell)) - _unasked(cell))
    faults += what_is_not_ours_stays(before.others, ground.look())
    return faults, "\n=====\n".join(run.text for run in said)


def _removed(cell: Cell) -> frozenset[str]:
    return frozenset(REMOVED) if cell.scenario == "removed" else frozenset()


def _unasked(cell: Cell) -> frozenset[Place]:
    """
    The places that were deleted while their part was silent: the run warns of them, and the state has forgotten them.
    """
    if cell.kind == "refused":
        return frozenset()
    return where([name for name, place in PLACES.items() if cell.part in place.needs])


def _may_stay(cell: Cell) -> frozenset[Place | str]:
    """
    What may be left after both destroys: what could not be asked in the first one, and an account that was there.
    """
    accounts = {NEXT, FIRST} if cell.part in ("authentik", "zot") else {NEXT}
    return frozenset({*_unasked(cell), *accounts})


def _send_away(ground: Ground, cell: Cell) -> None:
    if cell.kind == "refused":
        ground.stack.env[_TOKENS[cell.part]] = "a-token-that-nobody-knows"
    elif cell.kind in IN_FRONT:
        system, below = _front(ground, cell.part)
        ground.world.estate.systems[system].answer_instead(IN_FRONT[cell.kind], below=below)
    elif cell.part == "one vault":
        ground.world.estate.onepassword.silent_vaults = {SPARE}
    else:
        fault = KINDS[cell.kind]
        assert fault is not None
        if fault is Fault.STALL:
            ground.stack.env["ZOT_CI_TIMEOUT_SECONDS"] = "0.5"
        ground.proxies.plan.away = {PARTS[cell.part]: fault}


def _front(ground: Ground, part: str) -> tuple[str, str]:
    """
    Return the system that a part belongs to, and below which of its paths something else answers.
    """
    if part == "one vault":
        return "onepassword", f"/v1/vaults/{ground.world.estate.onepassword.vault(SPARE).id}"
    system, _, path = PARTS[part].partition(" ")
    return system, f"/api/v1/repos{path}" if path else "/"


def _bring_back(ground: Ground) -> None:
    ground.proxies.plan.away = {}
    for system in ground.world.estate.systems.values():
        system.instead.clear()
    ground.stack.env.pop("ZOT_CI_TIMEOUT_SECONDS", None)
    ground.world.estate.onepassword.silent_vaults = set()
    for variable in _TOKENS.values():
        ground.stack.env[variable] = ground.tokens[variable]


def _is_needed(cell: Cell) -> bool:
    """
    Whether something that is still in the stack file needs the part.
    """
    return not (cell.scenario == "removed" and cell.part in ("one vault", "one repository"))


def _after_a_preview(cell: Cell, run: Run) -> list[str]:
    wanted = 1 if cell.kind == "refused" else 7
    faults = [] if run.code == wanted else [f"the preview ended with {run.code}, not {wanted}"]
    if _is_needed(cell):
        summary = run.text.partition("\nDiagnostics:")[2]
        # Before the first `up` there is no read whose condition says it.
        said = ("not checked: ", "answered 401", "answered 403" if cell.scenario == "first up" else "refused: ")
        faults += the_run_says_what_it_left_out(summary, said, times=1)
    return faults


def _after_an_up(ground: Ground, cell: Cell, run: Run, before: Seen) -> list[str]:
    silent_authentik = cell.part == "authentik" and cell.kind != "refused" and cell.scenario != "first up"
    fails = not silent_authentik and _is_needed(cell)
    faults = [] if bool(run.code) == fails else [f"the up ended with {run.code}"]
    gone = _removed(cell)
    if "there is no key for" in run.text:
        faults.append("what depends on a key that could not be made has failed as well")
    if cell.scenario == "first up" and _blocks_the_first_key(cell):
        return faults
    now, ours = ground.look(), ground.ours()
    needing = where([name for name, place in PLACES.items() if cell.part in place.needs])
    if not (cell.part == "zot" and cell.scenario == "due"):
        faults += what_needs_no_missing_part_is_served(ours, now, ours.owners.keys() - needing - where(gone))
    if cell.scenario == "due" and cell.part != "zot":
        faults += the_live_keys_are_the_newest_and_what_a_missing_place_may_hold(ours, before, now, needing)
    return faults


def _blocks_the_first_key(cell: Cell) -> bool:
    # It takes a login, and the field is looked into before.
    return cell.part in ("zot", "authentik", "1Password")


def _after_a_destroy(cell: Cell, run: Run) -> list[str]:
    # What may be left at a silent place is a warning; a key that cannot be ended, and a refused token, are errors.
    fails = cell.part == "zot" or cell.kind == "refused"
    faults = [] if bool(run.code) == fails else [f"the destroy ended with {run.code}"]
    if not fails and cell.part != "authentik":
        faults += the_run_says_what_it_left_out(run.text, [" was left"])
    return faults
