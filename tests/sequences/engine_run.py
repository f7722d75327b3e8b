"""
One run of the model's engine: refresh, registrations, deletions.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from tests.sequences.parts import KINDS, Flags, Held, account_of, needed_by
from tests.sequences.program import Program
from zot_ci import RegistryCredential, Settings
from zot_ci.checked_credential import CheckedCredential
from zot_ci.dynamic.provider import AnyProvider, Props
from zot_ci.http.errors import ReconcileError


class Calls:
    """
    What stands between the engine and a provider: here nothing, elsewhere the end of the process.
    """

    @contextmanager
    def call(self, name: str) -> Iterator[None]:
        """
        Wrap one call of a provider.
        """
        yield


class RefusedError(Exception):
    """
    "snapshot integrity failure": a resource depends on one that the run left out and that was never made.
    """


class UnknownYetError(Exception):
    """
    A preview came to what depends on a step that it does not take.
    """


class Run:
    """
    One run of the engine, with the steps that it took.
    """

    def __init__(self, state: list[Held], stack: str, calls: Calls, flags: Flags, *, dry: bool) -> None:
        self._state = state
        self._stack = stack
        self.calls = calls
        self.flags = flags
        self.dry = dry
        self.steps: list[str] = []
        self._seen: set[str] = set()
        self._missing: set[str] = set()
        self._failed: set[str] = set()
        self._errors: list[ReconcileError] = []

    def refresh(self) -> None:
        """
        Read everything that is looked at; what was read counts only when all was.
        """
        read = []
        for held in self._state:
            if self.flags.leaves_out(held.name, held.kind):
                continue
            with self.calls.call(f"read {held.name}"):
                result = held.provider.read(held.id, _wire(held.outputs))
            outs = _wire(result.outs or {})
            held.provider.diff(held.id, _wire(outs), _wire(held.inputs))
            read.append((held, str(result.id), outs, _wire(result.inputs or {})))
        for held, id_, outs, inputs in read:
            held.id, held.outputs, held.inputs = id_, outs, inputs

    def register(self, settings: Settings) -> None:
        """
        Run the program.
        """

        def step(kind: str, name: str, provider: AnyProvider, props: Props, needs: frozenset[str]) -> Props:
            return self._step(kind, name, provider, _wire(props), needs)

        wanted = [CheckedCredential.of(settings, account, self._stack) for account in settings.accounts]
        with Program.running(step, dry=self.dry):
            for one in wanted:
                # The engine takes no registration before the program has claimed all by their names: it waits for
                # nothing until then. Here a registration is done at once.
                first = RegistryCredential.__new__(RegistryCredential)
                first._wanted = one
                first._claim_by_name()
            for one in wanted:
                self._missing = set()
                RegistryCredential(one.account.username, one)

    def clear_away(self) -> None:
        """
        Delete what was replaced and what is in the settings no more.
        """
        doomed = [
            held
            for held in self._state
            if (held.pending_delete or held.name not in self._seen) and not self.flags.leaves_out(held.name, held.kind)
        ]
        # What needs them could not be deleted.
        stay: list[Held] = []
        for held in sorted(doomed, key=lambda one: KINDS.index(one.kind), reverse=True):
            if any(held.kind in needed_by(one.kind) and account_of(held) == account_of(one) for one in stay):
                stay.append(held)
                continue
            self._take(f"delete {held.name}")
            try:
                with self.calls.call(f"delete {held.name}"):
                    held.provider.delete(held.id, _wire(held.outputs))
            except ReconcileError as exc:
                self._go_on(exc)
                stay.append(held)
            else:
                self._state.remove(held)

    def end(self) -> None:
        """
        End the run with what failed in it.
        """
        if self._errors:
            raise self._errors[0]

    def _go_on(self, error: ReconcileError) -> None:
        if not self.flags.goes_on:
            raise error
        self._errors.append(error)

    def _step(self, kind: str, name: str, provider: AnyProvider, inputs: Props, needs: frozenset[str]) -> Props:
        self._seen.add(name)
        if self.flags.leaves_out(name, kind):
            held = [held for held in self._state if held.name == name and not held.pending_delete]
            self._missing |= set() if held else {name}
            return _wire(held[0].outputs if held else inputs)
        if self._failed & needs:
            self._failed.add(name)
            return {}
        try:
            outs = self._taken(kind, name, provider, inputs)
        except ReconcileError as exc:
            self._go_on(exc)
            self._failed.add(name)
            return {}
        if self._missing & needs:
            raise RefusedError
        return outs

    def _taken(self, kind: str, name: str, provider: AnyProvider, inputs: Props) -> Props:
        old = next((held for held in self._state if held.name == name and not held.pending_delete), None)
        if old is None:
            return self._create(kind, name, provider, inputs)
        if old.tainted or self.flags.replaces(name, kind):
            outs = self._create(kind, name, provider, inputs)
            old.pending_delete = True
            return outs
        provider.check(_wire(old.inputs), _wire(inputs))
        with self.calls.call(f"diff {name}"):
            diff = provider.diff(old.id, _wire(old.outputs), _wire(inputs))
        if diff.replaces:
            outs = self._create(kind, name, provider, inputs)
            old.pending_delete = True
            return outs
        if diff.changes:
            self._take(f"update {name}")
            with self.calls.call(f"update {name}"):
                result = provider.update(old.id, _wire(old.outputs), _wire(inputs))
            old.outputs = _wire(result.outs or {})
        old.inputs = inputs
        return _wire(old.outputs)

    def _create(self, kind: str, name: str, provider: AnyProvider, inputs: Props) -> Props:
        provider.check({}, _wire(inputs))
        self._take(f"create {name}")
        with self.calls.call(f"create {name}"):
            result = provider.create(_wire(inputs))
        made = Held(name, kind, provider, str(result.id), inputs, _wire(result.outs or {}))
        self._state.append(made)
        return _wire(made.outputs)

    def _take(self, step: str) -> None:
        self.steps.append(step)
        if self.dry:
            raise UnknownYetError


def _wire(props: Props) -> Props:
    """
    Return a copy of *props* as they come over the wire: no top-level None, and every number a float.
    """
    wired: Props = json.loads(json.dumps(props), parse_int=float)
    return {name: value for name, value in wired.items() if value is not None}
