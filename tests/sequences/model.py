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

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from tests.processes import another_process, another_process_of_the_run
from tests.sequences.engine_run import Calls, Run, UnknownYetError
from tests.sequences.parts import PLAIN, Flags, Held, Part
from zot_ci import Settings
from zot_ci.dynamic.program_run import fault_lines
from zot_ci.http.errors import ReconcileError


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
        return self._go(Run(self.state, self.stack, calls or Calls(), flags, dry=False), settings)

    def preview(self, settings: Settings) -> list[str]:
        """
        Return the steps that an `up` would take, up to the first one whose outcome decides the later ones; none in
        sync. The state stays as it is.
        """
        kept, configured = self.export(), self.configured
        run = Run(self.state, self.stack, Calls(), PLAIN, dry=True)
        try:
            return self._go(run, settings)
        except UnknownYetError:
            return run.steps
        finally:
            self.state, self.configured = kept, configured

    def destroy(self, parts: frozenset[Part], calls: Calls | None = None) -> list[str]:
        """
        Take *parts* away, and return the steps that were taken.
        """
        run = Run(self.state, self.stack, calls or Calls(), Flags(target=parts), dry=False)
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

    def _go(self, run: Run, settings: Settings) -> list[str]:
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
