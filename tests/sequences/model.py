"""
What the engine does with the program's resources, in this process: a small model to run thousands of times.

Only what `contracts/pulumi.md` says and real runs show (`tests/engine/test_sequences.py` holds the two side by side):

- a run first reads every resource of the state, those whose deletion is pending too, each by its own old properties,
  and compares what it read with the old inputs;
- that is one process of providers. Where the settings are not those of the last run the rest is another one, which
  knows of it what the first has noted for the run: the engine starts the provider anew with the new configuration;
- then the program registers its resources in order, and each is checked, compared (old outputs, new inputs) and left,
  updated, made, or replaced: the new one first, the old one kept for the end;
- deletions come last, what depends on others first, and not at all if anything failed;
- what is forced to be replaced is not compared, and its check is that of something new;
- where targets are chosen, the rest is not asked about at all; what of it does not exist has what was put in for what
  would come out, and the run ends at the first step of what depends on it, since the engine refuses the state then;
- a step that fails, or that the process does not outlive, leaves the state as it was before that step;
- where a run is to go on after such a step, only what needs the failed one is left out, and the deletions come.

The wiring is not written down a second time: the component itself runs here, with real outputs, and a registration
that is done at once in the place of Pulumi's (`tests/sequences/program.py`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from tests.processes import another_process, another_process_of_the_run
from tests.sequences.program import Program
from zot_ci import RegistryCredential, Settings
from zot_ci.checked_credential import CheckedCredential
from zot_ci.dynamic.program_run import fault_lines
from zot_ci.dynamic.provider import AnyProvider, Props
from zot_ci.http.errors import ReconcileError

# Dependents after what they depend on, for deletions; the name of a resource's class.
KINDS = ("ServiceAccount", "ApiKey", "ItemField", "ActionsSecret", "RetiredKeys")

# What depends on each in the state. The sweep waits for the places and depends on the key alone.
_NEEDING = {
    "ServiceAccount": KINDS[1:],
    "ApiKey": KINDS[2:],
    "ItemField": ("ActionsSecret",),
    "ActionsSecret": (),
    "RetiredKeys": (),
}


@dataclass
class Held:
    """
    One resource in the state. Its name stands for its URN; two of one name differ in *pending_delete*.
    """

    name: str
    kind: str
    provider: AnyProvider
    id: str
    inputs: Props
    outputs: Props
    pending_delete: bool = False
    tainted: bool = False


@dataclass(frozen=True)
class Part:
    """
    One account's resources of one kind; of its fields, with *only*, the "store" of record or the "copies".
    """

    username: str
    kind: str
    only: str = ""

    def is_it(self, name: str, kind: str) -> bool:
        """
        Whether a resource is one of them.
        """
        if self.only and (name == f"{self.username}-item-field") != (self.only == "store"):
            return False
        return kind == self.kind and name.startswith(f"{self.username}-")

    @property
    def with_dependents(self) -> frozenset[Part]:
        """
        These, and what depends on them.
        """
        if self.only == "copies":
            return frozenset({self})
        return frozenset(Part(self.username, kind) for kind in (self.kind, *_NEEDING[self.kind]))


@dataclass(frozen=True)
class Flags:
    """
    What an `up` is told: what it is to replace, and what it is to look at or to leave out, by default all; and whether
    it goes on after a step that failed (`--continue-on-error`).
    """

    replace: frozenset[Part] = frozenset()
    target: frozenset[Part] = frozenset()
    exclude: frozenset[Part] = frozenset()
    goes_on: bool = False

    def replaces(self, name: str, kind: str) -> bool:
        """
        Whether a resource is to be replaced in any case.
        """
        return any(part.is_it(name, kind) for part in self.replace)

    def leaves_out(self, name: str, kind: str) -> bool:
        """
        Whether a resource is none of this run's business.
        """
        if self.target:
            return not any(part.is_it(name, kind) for part in self.target)
        return any(part.is_it(name, kind) for part in self.exclude)


PLAIN = Flags()


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


@dataclass
class Engine:
    """
    A stack: its state, and what can be done with it.

    Args:
        stack: its name, which is in the keys' labels.
        configured: the settings of the last run that got as far as the program.
    """

    stack: str = "test"
    state: list[Held] = field(default_factory=list)
    configured: Settings | None = None

    def up(self, settings: Settings, calls: Calls | None = None, flags: Flags = PLAIN) -> list[str]:
        """
        Reconcile the systems with *settings*, as far as *flags* say, and return the steps that were taken.

        Raises:
            ReconcileError: a step failed.
            RefusedError: the engine ended the run.
        """
        return self._go(_Run(self, calls or Calls(), flags, dry=False), settings)

    def preview(self, settings: Settings) -> list[str]:
        """
        Return the steps that an `up` would take, up to the first one whose outcome decides the later ones; none in
        sync. The state stays as it is.
        """
        kept, configured = self.export(), self.configured
        run = _Run(self, Calls(), PLAIN, dry=True)
        try:
            return self._go(run, settings)
        except _UnknownYetError:
            return run.steps
        finally:
            self.state, self.configured = kept, configured

    def destroy(self, parts: frozenset[Part], calls: Calls | None = None) -> list[str]:
        """
        Take *parts* away, and return the steps that were taken.
        """
        run = _Run(self, calls or Calls(), Flags(target=parts), dry=False)
        with _memory_of_a_process():
            run.refresh()
            run.clear_away()
        return run.steps

    def forget(self, parts: frozenset[Part]) -> bool:
        """
        Take *parts* out of the state, unless one of their names stands for two: the engine refuses that.
        """
        found = [held for held in self.state if any(part.is_it(held.name, held.kind) for part in parts)]
        if any(held.pending_delete for held in found):
            return False
        self.state = [held for held in self.state if held not in found]
        return True

    def taint(self, part: Part) -> None:
        """
        Mark what the next `up` is to replace.
        """
        for held in self.state:
            if part.is_it(held.name, held.kind) and not held.pending_delete:
                held.tainted = True

    def rename(self, part: Part) -> None:
        """
        Give resources of the state names that the program does not have.
        """
        for held in self.state:
            if part.is_it(held.name, held.kind) and not held.pending_delete:
                held.name = f"{held.name}-{len(self.state)}"

    def export(self) -> list[Held]:
        """
        Return the state as it is now; to set *state* to it later is an import, or a backup that is restored.
        """
        return [Held(**vars(held)) for held in self.state]

    def _go(self, run: _Run, settings: Settings) -> list[str]:
        with ExitStack() as processes:
            processes.enter_context(_memory_of_a_process())
            run.refresh()
            if self.configured not in (None, settings):
                another_process_of_the_run()
            self.configured = settings
            run.register(settings)
            run.clear_away()
            run.end()
            _end(fault_lines())
        return run.steps


def _end(faults: Sequence[str]) -> None:
    """
    End a run as the program does: with another exit code where it tells *faults* that failed no resource.
    """
    if faults:
        raise ReconcileError("\n".join(faults))


class RefusedError(Exception):
    """
    "snapshot integrity failure": a resource depends on one that the run left out and that was never made.
    """


class _UnknownYetError(Exception):
    """
    A preview came to what depends on a step that it does not take.
    """


class _Run:
    def __init__(self, engine: Engine, calls: Calls, flags: Flags, *, dry: bool) -> None:
        self.engine = engine
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
        for held in self.engine.state:
            if self.flags.leaves_out(held.name, held.kind):
                continue
            with self.calls.call(f"read {held.name}"):
                result = held.provider.read(held.id, _copy(held.outputs))
            outs = _wire(result.outs or {})
            held.provider.diff(held.id, _copy(outs), _copy(held.inputs))
            read.append((held, str(result.id), outs, _wire(result.inputs or {})))
        for held, id_, outs, inputs in read:
            held.id, held.outputs, held.inputs = id_, outs, inputs

    def register(self, settings: Settings) -> None:
        """
        Run the program.
        """

        def step(kind: str, name: str, provider: AnyProvider, props: Props, needs: frozenset[str]) -> Props:
            return self._step(kind, name, provider, _wire(props), needs)

        wanted = [CheckedCredential.of(settings, account, self.engine.stack) for account in settings.accounts]
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
            for held in self.engine.state
            if (held.pending_delete or held.name not in self._seen) and not self.flags.leaves_out(held.name, held.kind)
        ]
        # What needs them could not be deleted.
        stay: list[Held] = []
        for held in sorted(doomed, key=lambda one: KINDS.index(one.kind), reverse=True):
            if any(held.kind in _needs(one.kind) and _account_of(held) == _account_of(one) for one in stay):
                stay.append(held)
                continue
            self._take(f"delete {held.name}")
            try:
                with self.calls.call(f"delete {held.name}"):
                    held.provider.delete(held.id, _copy(held.outputs))
            except ReconcileError as exc:
                self._go_on(exc)
                stay.append(held)
            else:
                self.engine.state.remove(held)

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
            held = [held for held in self.engine.state if held.name == name and not held.pending_delete]
            self._missing |= set() if held else {name}
            return _copy(held[0].outputs if held else inputs)
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
        old = next((held for held in self.engine.state if held.name == name and not held.pending_delete), None)
        if old is None:
            return self._create(kind, name, provider, inputs)
        if old.tainted or self.flags.replaces(name, kind):
            outs = self._create(kind, name, provider, inputs)
            old.pending_delete = True
            return outs
        provider.check(_copy(old.inputs), _copy(inputs))
        with self.calls.call(f"diff {name}"):
            diff = provider.diff(old.id, _copy(old.outputs), _copy(inputs))
        if diff.replaces:
            outs = self._create(kind, name, provider, inputs)
            old.pending_delete = True
            return outs
        if diff.changes:
            self._take(f"update {name}")
            with self.calls.call(f"update {name}"):
                result = provider.update(old.id, _copy(old.outputs), _copy(inputs))
            old.outputs = _wire(result.outs or {})
        old.inputs = inputs
        return _copy(old.outputs)

    def _create(self, kind: str, name: str, provider: AnyProvider, inputs: Props) -> Props:
        provider.check({}, _copy(inputs))
        self._take(f"create {name}")
        with self.calls.call(f"create {name}"):
            result = provider.create(_copy(inputs))
        made = Held(name, kind, provider, str(result.id), inputs, _wire(result.outs or {}))
        self.engine.state.append(made)
        return _copy(made.outputs)

    def _take(self, step: str) -> None:
        self.steps.append(step)
        if self.dry:
            raise _UnknownYetError


def _needs(kind: str) -> tuple[str, ...]:
    """
    Return the kinds that one of that kind needs.
    """
    return tuple(one for one, needing in _NEEDING.items() if kind in needing)


def _account_of(held: Held) -> str:
    """
    Return whose resource it is.
    """
    return re.split(r"-(?:service-account|api-key|item-field|actions-secret|retired-keys)", held.name)[0]


@contextmanager
def _memory_of_a_process() -> Iterator[None]:
    """
    Give the providers an empty memory, and let go of their connections before and at the end, however it comes.
    """
    try:
        another_process()
        yield
    finally:
        another_process()


def _wire(props: Props) -> Props:
    """
    Return *props* as they come over the wire: no top-level None, and every number a float.
    """
    wired: Props = json.loads(json.dumps(props), parse_int=float)
    return {name: value for name, value in wired.items() if value is not None}


def _copy(props: Props) -> Props:
    return _wire(props)
