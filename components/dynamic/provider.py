"""
What the five dynamic providers share.

The engine's provider process loads each provider class by its import path, which is also written into the state of
every stack: no provider module or class may move or change its name.
"""

from __future__ import annotations

import os
import sys
from copy import copy
from typing import Any, Generic, TypeVar

from pulumi.dynamic import (
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
)

from ..http import logs
from ..http.errors import ReconcileError
from ..settings.named import is_of_this_program, named_fields
from . import border, one_line, own_process
from .border import Props as Props
from .border import written
from .claims import Identity
from .conditions import condition_of
from .entries import VolatileFacts
from .findings import Findings
from .properties import Properties, Trait, changed, having
from .reporting import log_findings
from .run import RUN
from .seen import SEEN

# Set by `scripts/stack.py` for its looks: record everything that was read, with volatile properties.
EVERY_FACT = "ZOT_CI_EVERY_FACT"

# The engine's calls of a provider.
_CALLS = ("configure", "check", "diff", "create", "read", "update", "delete")

_Wanted = TypeVar("_Wanted", bound=Properties)
_State = TypeVar("_State", bound=Properties)


class Provider(ResourceProvider, Generic[_Wanted, _State]):
    """
    The base of the providers, which log each change in one line and raise errors of one line.

    The engine calls `check`, `diff`, `create`, `read`, `update` and `delete` with dicts. Each turns the dicts into the
    typed classes of a system's own provider: *wanted* has what the program asks, and *state* adds what is recorded.
    """

    wanted: type[_Wanted]
    state: type[_State]

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        if one_line.is_wanted(sys.orig_argv):
            for name in _CALLS:
                setattr(cls, name, one_line.without_what_led_to_it(getattr(cls, name)))

    def configure(self, req: ConfigureRequest) -> None:
        """
        Set up this process's log, join the run, and note which fields the settings name. The process may be shared with
        another program's providers, which are left alone.

        Nothing else is read from *req*: on a refresh it has the configuration of the last run. A resource gets its
        settings as inputs.
        """
        logs.show_our_lines()
        logs.keep_urls_out()
        if is_of_this_program(req.config.get):
            own_process.of_providers()
        RUN.join()
        SEEN.named_fields = tuple(named_fields(req.config.get))

    # What the engine calls.

    def check(self, olds: Props, news: Props) -> CheckResult:
        """
        Note that the program has this resource. *news* is not changed, so a saved plan fits.

        In a preview, look once at each resource without state. The faults that would stop an `up` fail no resource
        here, so that all of them are logged.
        """
        wanted = self.asked(news)
        names = wanted.known_names
        SEEN.checked.update(names)
        if names and wanted.can_be_looked_for and self._is_unseen(olds, names):
            found = Findings(wanted.thing)
            with found.gathering():
                self.first_look(found, wanted)
            log_findings(found)
        self.checked(wanted, is_new=not olds)
        return CheckResult(news, [])

    def diff(self, id_: str, olds: Props, news: Props) -> DiffResult:
        """
        Compare the state with what the program asks. Volatile properties are those of this run's read. Asks no system.
        """
        aged = RUN.volatile_facts(self._key(id_)) or {}
        return self.compare(self.recorded(id_, {**olds, **aged}), self.asked(news))

    def create(self, props: Props) -> CreateResult:
        """
        Make the thing, or adopt it.
        """
        id_, state = self.make(self.asked(props))
        return CreateResult(id_, written(state))

    def read(self, id_: str, props: Props) -> ReadResult:
        """
        Return the state as it is now, and its inputs. Read-only.

        No error of a system is raised, since the engine would fail the whole run for it. A resource that could not be
        read keeps its facts, and its `condition` says why.

        If only volatile properties have changed, the old state is returned: the engine would show a change in every
        preview. `diff` gets the new values from `RUN`.
        """
        state = self.recorded(id_, props)
        try:
            found = self.observe(state)
        except ReconcileError as exc:
            found = copy(state)
            found.condition = condition_of(exc)
        outs, volatile = written(found), having(self.state, Trait.VOLATILE)
        if volatile:
            RUN.note(VolatileFacts(self._key(id_), {name: outs[name] for name in volatile if name in outs}))
        SEEN.note_look(self._key("/".join(found.names[0])))
        if not os.environ.get(EVERY_FACT) and found.without_volatile() == state.without_volatile():
            outs = props
        return ReadResult(id_, outs, {name: outs[name] for name in self.wanted.__struct_fields__ if name in outs})

    def update(self, id_: str, olds: Props, news: Props) -> UpdateResult:
        """
        Change the thing in place.
        """
        return UpdateResult(written(self.change(self.recorded(id_, olds), self.asked(news))))

    def delete(self, id_: str, props: Props) -> None:
        """
        Delete the thing, or leave it to its owner.
        """
        self.remove(self.recorded(id_, props))

    # What a system's own provider says.

    def first_look(self, found: Findings, wanted: _Wanted) -> None:
        """
        Add to *found* what an `up` that makes this resource will do. Read-only.

        Raises:
            ReconcileError: a fault in addition to those in *found*.
        """

    def checked(self, wanted: _Wanted, *, is_new: bool) -> None:
        """
        Do more once the program is known to have this resource; *is_new* if the state does not have it.
        """

    def make(self, wanted: _Wanted) -> tuple[str, _State]:
        """
        Make the thing, or adopt it; return its id, and what is recorded.
        """
        raise NotImplementedError

    def observe(self, state: _State) -> _State:
        """
        Ask the real system, and return *state* as it is now. Read-only.

        Raises:
            ReconcileError: it could not be looked at.
        """
        raise NotImplementedError

    def compare(self, olds: _State, news: _Wanted) -> DiffResult:
        """
        Compare what the last read found with what the program asks. Asks no system.
        """
        raise NotImplementedError

    def change(self, olds: _State, news: _Wanted) -> _State:
        """
        Change the thing in place, and return what is recorded.
        """
        raise NotImplementedError

    def remove(self, state: _State) -> None:
        """
        Delete the thing, or leave it to its owner.
        """
        raise NotImplementedError

    # What they share.

    def recorded(self, id_: str, props: Props) -> _State:
        """
        Read what the state has.

        Raises:
            LaterStateError, StateUnfitError: it cannot be used.
        """
        return border.recorded(self.state, props, f"{self._kind} {id_}")

    def asked(self, props: Props) -> _Wanted:
        """
        Read what the program asks.

        Raises:
            InputsUnfitError: it cannot be used.
        """
        return border.asked(self.wanted, props, self._kind)

    @property
    def _kind(self) -> str:
        return type(self).__name__.removesuffix("Provider")

    def _key(self, id_: str) -> Identity:
        return (type(self).__name__, id_)

    def _is_unseen(self, olds: Props, names: list[Identity]) -> bool:
        if olds and border.recorded(self.wanted, olds, self._kind).known_names != names:
            # It will be replaced; the engine calls `check` again without *olds*.
            return False
        return SEEN.note_look(self._key("/".join(names[0]))) and not olds and RUN.is_preview


AnyProvider = Provider[Any, Any]


def differences(olds: Properties, news: Properties) -> DiffResult:
    """
    Compare the last refresh with what the program wants, by the traits of each property. No clock and no network. A
    replacement is made before the old resource is deleted.
    """
    kind = type(news)
    replaces = changed(olds, news, having(kind, Trait.REPLACES))
    apart = having(kind, Trait.APART)
    changes = bool(changed(olds, news, [name for name in kind.__struct_fields__ if name not in apart]))
    return DiffResult(changes=changes, replaces=replaces, delete_before_replace=False)
