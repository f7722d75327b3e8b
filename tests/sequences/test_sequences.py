"""
Any sequence of drifts, clock jumps, interruptions, settings changes and commands of the engine ends in sync with one
more `up`, and on the way no place that CI reads is ever left without a live key.

A short search that is the same each time. `HYPOTHESIS_PROFILE=deep pytest tests/sequences` looks further, elsewhere
each time, for minutes.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from tests.engine.prepared import Prepared
from tests.oracle.evidence import Place, look
from tests.oracle.instant import Watch
from tests.sequences.by_hand import AS_TOLD, BY_HAND, CHOICES
from tests.sequences.engine_run import RefusedError
from tests.sequences.ground import STACK, Ground
from tests.sequences.model import Engine
from tests.sequences.parts import KINDS, PLAIN, Flags, Held, Part
from tests.sequences.process import DiedError, Interruption, Moment, Process, Wire
from tests.sequences.wanted import USERNAMES, place_of_field, place_of_secret
from tests.world import World, credentials
from zot_ci.http import connections
from zot_ci.http.errors import ReconcileError

_UNBOUNDED = (HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large)
PROFILES = {
    "gate": settings(
        max_examples=40,
        stateful_step_count=15,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=_UNBOUNDED,
    ),
    "deep": settings(
        max_examples=int(os.environ.get("HYPOTHESIS_EXAMPLES", "400")),
        stateful_step_count=30,
        deadline=None,
        print_blob=True,
        suppress_health_check=_UNBOUNDED,
    ),
}


EVERYTHING = frozenset(Part(username, kind) for username in USERNAMES for kind in KINDS)
# What is typed after `pulumi up`, for one kind of resources of one account.
TOLD: dict[str, Callable[[Part], Flags]] = {
    "--replace": lambda part: Flags(replace=frozenset({part})),
    "--replace, of each": lambda part: Flags(replace=EVERYTHING),
    "--target": lambda part: Flags(target=frozenset({part})),
    "--target --target-dependents": lambda part: Flags(target=part.with_dependents),
    "--target-replace": lambda part: Flags(target=frozenset({part}), replace=frozenset({part})),
    "--exclude": lambda part: Flags(exclude=frozenset({part})),
    "--exclude, with dependents": lambda part: Flags(exclude=part.with_dependents),
}
EDITS: dict[str, Callable[[Engine, Part], object]] = {
    "state taint": Engine.taint,
    "state rename": Engine.rename,
    "state delete --target-dependents": lambda engine, part: engine.forget(part.with_dependents),
}

INTERRUPTIONS = st.sampled_from(Moment).flatmap(
    lambda moment: st.builds(Interruption, st.just(moment), st.integers(1, 45 if moment.counts_requests else 20))
)
# What a command names: the resources of one kind, or of the fields only some.
NAMED = (*KINDS, "ItemField, store", "ItemField, copies")
# One of today's accounts, the first or the one beside it, and what of it.
PARTS = st.tuples(st.integers(0, 1), st.sampled_from(NAMED))


class Sequences(RuleBasedStateMachine):
    """
    One stack's life, in a world where nothing has happened yet.
    """

    def __init__(self, world: World) -> None:
        super().__init__()
        self._open = ExitStack()
        self._open.callback(world.estate.check)
        tokens = credentials(world)
        tokens["FORGEJO_TOKEN_MAIN"] = tokens["FORGEJO_TOKEN"]
        self._open.enter_context(mock.patch.dict(os.environ, tokens))
        self.wire = Wire(world.estate)
        self._open.enter_context(self.wire.laid())
        self.ground = Ground(world)
        self.engine = Engine(STACK)
        self.state_is_exported()

    @rule(what=st.sampled_from(sorted(BY_HAND)))
    def by_hand(self, what: str) -> None:
        """
        Somebody changes something.
        """
        BY_HAND[what](self.ground)

    @rule(days=st.integers(1, 400))
    def days_pass(self, days: int) -> None:
        """
        Nobody runs anything meanwhile. A key that dies of it is time's doing.
        """
        self.ground.world.estate.clock.advance(days=days)

    @rule(change=st.sampled_from(sorted(CHOICES)).flatmap(lambda k: st.tuples(st.just(k), st.sampled_from(CHOICES[k]))))
    def settings_change(self, change: tuple[str, Any]) -> None:
        """
        Somebody edits the stack file.
        """
        self.ground.wanted = replace(self.ground.wanted, **dict([change]))

    @rule(interruption=INTERRUPTIONS, goes_on=st.booleans())
    def up_is_interrupted(self, interruption: Interruption, goes_on: bool = False) -> None:
        """
        A run that dies or fails somewhere; or does neither, if it is over before that.
        """
        with suppress(DiedError, ReconcileError):
            self._run(interruption, Flags(goes_on=goes_on))

    @rule(told=st.sampled_from(sorted(TOLD)), part=PARTS, interruption=st.none() | INTERRUPTIONS, goes_on=st.booleans())
    def up_is_told(
        self, told: str, part: tuple[int, str], interruption: Interruption | None, goes_on: bool = False
    ) -> None:
        """
        A run that is forced to replace something, or to look at some resources only. It may fail for what is left out.
        """
        self.up_with(replace(TOLD[told](self._part(part)), goes_on=goes_on), interruption)

    def up_with(self, flags: Flags, interruption: Interruption | None) -> None:
        """
        The same with any flags.
        """
        with suppress(DiedError, ReconcileError, RefusedError):
            self._run(interruption, flags)

    @rule(edit=st.sampled_from(sorted(EDITS)), part=PARTS)
    def state_is_edited(self, edit: str, part: tuple[int, str]) -> None:
        """
        Somebody edits the state. Nothing outside is changed.
        """
        EDITS[edit](self.engine, self._part(part))
        self._forget_labels()

    @rule()
    def stack_is_renamed(self) -> None:
        """
        With it the label that our keys are to have.
        """
        self.engine.stack = "renamed" if self.engine.stack == STACK else STACK
        self.ground.rename_stack(self.engine.stack, {str(held.inputs.get("label")) for held in self.engine.state})
        self._forget_labels()

    @rule()
    def state_is_exported(self) -> None:
        """
        Or a backup of it is made.
        """
        self.exported = self.engine.export(), self.engine.stack, self.ground.earlier_labels

    @rule()
    def export_is_imported(self) -> None:
        """
        Whatever happened since is unknown to the state. An export of the stack under another name does not fit.
        """
        state, stack, labels = self.exported
        if stack == self.engine.stack:
            self.engine.state, self.ground.earlier_labels = state, labels
            for username in USERNAMES:
                self.ground.forget_sweeps(username)
            # The state is in use now: another import needs another export.
            self.state_is_exported()

    @rule(part=PARTS, interruption=st.none() | INTERRUPTIONS)
    def part_is_destroyed(self, part: tuple[int, str], interruption: Interruption | None) -> None:
        """
        `destroy --target --target-dependents`: what it names goes, and nothing else.
        """
        parts, ground, username = self._part(part).with_dependents, self.ground, self._part(part).username
        told = self._places(lambda name, kind: any(one.is_it(name, kind) for one in parts))
        keys = {username} if Part(username, "ApiKey") in parts else set()
        accounts = {username} if Part(username, "ServiceAccount") in parts else set()
        if keys:
            told |= {place for place, holder in ground.held_by().items() if holder == username}
        try:
            with ground.watched(told, keys=keys, accounts=accounts) as watch, self._process(watch, interruption):
                self.engine.destroy(parts, self.wire.process)
        except (DiedError, ReconcileError):
            pass
        finally:
            self._forget_labels()

    @rule()
    def up(self) -> None:
        """
        Nothing disturbs it: afterwards all is in sync. A line that says what to do is followed, and `up` run again.
        """
        before = look(self.ground.world.estate, self.ground.ours)
        moved = self._keys_at_another_url()
        for held in moved:
            # A dead one can revoke no other of its label, which the run says.
            if self.ground.key(held.outputs["api_key"]) is None:
                self.ground.forget_labels(held.inputs["username"])
        for _ in range(len(AS_TOLD) + 1):
            try:
                self._run()
                failed, said = None, " ".join(str(held.outputs.get("condition")) for held in self.engine.state)
            except ReconcileError as exc:
                failed, said = exc, str(exc)
            told = [words for words in AS_TOLD if words in said]
            if not told:
                break
            for words in told:
                AS_TOLD[words](self.ground)
        if failed:
            raise failed
        assert self.ground.out_of_sync(before, moved=bool(moved)) == []
        assert [held.name for held in self.engine.state if held.pending_delete] == []
        assert self.engine.preview(self.ground.wanted.settings(self.ground.world)) == []

    @invariant()
    def nothing_is_violated(self) -> None:
        """
        Looked at between any two requests.
        """
        assert self.ground.violations == []

    def teardown(self) -> None:
        """
        Whatever happened, one `up` is enough.
        """
        try:
            if sys.exc_info()[0] is None:
                self.up()
                self.nothing_is_violated()
        finally:
            self.close()

    def close(self) -> None:
        """
        Give the network and the environment back.
        """
        self._open.close()

    def _run(self, interruption: Interruption | None = None, flags: Flags = PLAIN) -> None:
        settings, left_out = self.ground.wanted.settings(self.ground.world), self._places(flags.leaves_out)
        # Nobody knows any more whose key is in a place that another account had and that the state has forgotten.
        owners, known = self.ground.ours.owners, self._places_of_state(lambda *_: True)
        forgotten = {at for at, holder in self.ground.held_by().items() if owners.get(at, holder) != holder} - known
        try:
            with self.ground.watched(forgotten, left_out) as watch, self._process(watch, interruption):
                self.engine.up(settings, self.wire.process, flags)
        finally:
            self._forget_labels(flags)

    @contextmanager
    def _process(self, watch: Watch, interruption: Interruption | None) -> Iterator[None]:
        self.wire.process = Process(watch.look, interruption)
        try:
            yield
        finally:
            self.wire.process = None

    def _keys_at_another_url(self) -> list[Held]:
        url = self.ground.wanted.settings(self.ground.world).zot.url
        return [held for held in self.engine.state if held.kind == "ApiKey" and held.inputs["zot_url"] != url]

    def _part(self, chosen: tuple[int, str]) -> Part:
        at, named = chosen
        accounts = self.ground.wanted.accounts
        kind, _, only = named.partition(", ")
        return Part(accounts[min(at, len(accounts) - 1)].username, kind, only)

    def _places(self, chosen: Callable[[str, str], bool]) -> set[Place]:
        """
        The places of today's settings, and of the state, whose resources are *chosen* by name and kind.
        """
        places = self._places_of_state(chosen)
        for account in self.ground.wanted.accounts:
            (store, *copies), secrets = map(place_of_field, account.fields), map(place_of_secret, account.secrets)
            places |= {store} if chosen(f"{account.username}-item-field", "ItemField") else set()
            places |= set(copies) if chosen(f"{account.username}-item-field-", "ItemField") else set()
            places |= set(secrets) if chosen(f"{account.username}-", "ActionsSecret") else set()
        return places

    def _places_of_state(self, chosen: Callable[[str, str], bool]) -> set[Place]:
        """
        The places of the state whose resources are *chosen*.
        """
        places: set[Place] = set()
        for held in self.engine.state:
            if chosen(held.name, held.kind) and held.kind in ("ItemField", "ActionsSecret"):
                places.add(self.ground.place_of(held.inputs))
        return places

    def _forget_labels(self, flags: Flags = PLAIN) -> None:
        """
        Forget what the state does: all earlier labels with the sweep, and, in a run that left the sweep out, those that
        only a key had that is gone from it. A sweep that is replaced begins each grace anew.
        """
        for username in USERNAMES:
            held = [one for one in self.engine.state if one.name.startswith(f"{username}-")]
            if not any(one.kind == "RetiredKeys" for one in held):
                self.ground.forget_labels(username)
                self.ground.forget_sweeps(username)
            elif flags.leaves_out(f"{username}-retired-keys", "RetiredKeys"):
                labels = [[one.outputs.get("label"), *one.outputs.get("earlier_labels", ())] for one in held]
                self.ground.forget_labels(username, known={label for some in labels for label in some})
            sweep = Part(username, "RetiredKeys")
            if sweep in flags.replace or any(one.tainted and sweep.is_it(one.name, one.kind) for one in held):
                self.ground.forget_sweeps(username)


@pytest.mark.slow
@pytest.mark.embedded
def test_any_sequence_ends_in_sync_and_no_place_is_ever_without_a_live_key(prepared: Prepared) -> None:
    """Up to 15 steps, and then one `up`."""
    profile = PROFILES[os.environ.get("HYPOTHESIS_PROFILE", "gate")]

    class Fresh(Sequences):
        def __init__(self) -> None:
            connections.forget_all()
            super().__init__(prepared.reset())

    run_state_machine_as_test(Fresh, settings=profile)
