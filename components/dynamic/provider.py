"""
What the five dynamic providers share.

The engine's provider process loads each provider class by its import path, which is also written into the state of
every stack: no provider module or class may move or change its name.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pulumi.dynamic import CheckResult, ConfigureRequest, DiffResult, ReadResult, ResourceProvider
from pulumi.output import Unknown

from ..http import logs
from ..http.errors import MovedError, NotFoundError, ReconcileError
from ..rotation import CURRENT
from ..settings.named import is_of_this_program, named_fields
from . import one_line, own_process
from .claims import Identity
from .findings import Findings
from .run import RUN, Aged, Fault
from .seen import SEEN
from .state_shape import of_a_known_shape
from .trouble import MOVED_AS_A_WHOLE, NO_ANSWER, REFUSED, SILENT, condition_of, is_fault, whose_fault

_log = logging.getLogger(__name__)

# What the engine hands to a provider and gets back.
Props = dict[str, Any]

# Set by `scripts/stack.py` for a look of its own: record whatever was read, also what moves by itself.
EVERY_FACT = "ZOT_CI_EVERY_FACT"

# The engine's calls of a provider.
_CALLS_WITH_STATE = ("read", "diff", "update", "delete")
_CALLS = ("configure", "check", "create", *_CALLS_WITH_STATE)


class Provider(ResourceProvider):
    """
    A provider that reports changes in one line each, and errors in one line alone.

    *named_by* are the properties that *names* looks at, *inputs* those that the program gives, *volatile* those that
    move by themselves, as an age does, and *server* is the one with the system's URL, if it is a property.
    """

    named_by: tuple[str, ...]
    inputs: tuple[str, ...]
    volatile: tuple[str, ...] = ()
    server: str | None = None

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        for name in _CALLS_WITH_STATE:
            setattr(cls, name, of_a_known_shape(getattr(cls, name)))
        if one_line.is_wanted(sys.orig_argv):
            for name in _CALLS:
                setattr(cls, name, one_line.without_what_led_to_it(getattr(cls, name)))

    def configure(self, req: ConfigureRequest) -> None:
        """
        Show our lines in this process's log, join the run, and note which fields the settings name. The process may be
        shared with another program's providers: of them nothing is touched.

        Nothing else is taken from *req*: on a refresh it holds the configuration of the last run. Whatever a resource
        needs is an input.
        """
        logs.show_our_lines()
        logs.keep_urls_out()
        if is_of_this_program(req.config.get):
            own_process.of_providers()
        RUN.join()
        SEEN.named_fields = tuple(named_fields(req.config.get))

    def check(self, olds: Props, news: Props) -> CheckResult:
        """
        Note that the program has this resource. Nothing is changed in *news*, so that a saved plan fits.

        In a preview, look at what is neither in the state under this name nor was looked at in this run: nobody has
        asked the real systems about it yet. What stands in the way of an `up` fails no resource here, so that all of it
        is told.
        """
        names = self._known_names(news)
        SEEN.checked.update(names)
        if names and self._is_unseen(olds, names):
            found = Findings(self.called(news))
            with found.gathering():
                self.first_look(found, news)
            self._tell(found)
        return CheckResult(news, [])

    def read(self, id_: str, props: Props) -> ReadResult:
        """
        Return what is recorded now, and which of it are inputs. Read-only.

        Never raises for an answer, or for none: the engine would fail the whole run for it, whatever else there is to
        do. A part that could not be looked at keeps the facts of before, and its `condition` says why.

        Where nothing has changed but what is volatile, nothing is recorded anew: the engine would show it as a change
        in every preview. *as_read* has it for `diff`.
        """
        try:
            outs = {**props, **self.observe(props)}
        except ReconcileError as exc:
            outs = {**props, "condition": condition_of(exc)}
        if self.volatile:
            RUN.note(Aged(self._key(id_), {name: outs[name] for name in self.volatile if name in outs}))
        SEEN.note_look(self._key("/".join(self.names(outs)[0])))
        if not os.environ.get(EVERY_FACT) and self.without_volatile(outs) == self.without_volatile(props):
            outs = props
        return ReadResult(id_, outs, {name: outs[name] for name in self.inputs if name in outs})

    def without_volatile(self, props: Props) -> Props:
        """
        Return *props* without what moves by itself.
        """
        return {name: value for name, value in props.items() if name not in self.volatile}

    def as_read(self, id_: str, olds: Props) -> Props:
        """
        Return what was recorded, *olds*, with what is volatile as this run's read has found it. Asks nobody.
        """
        return {**olds, **(RUN.aged(self._key(id_)) or {})}

    def _key(self, id_: str) -> Identity:
        return (type(self).__name__, id_)

    def observe(self, props: Props) -> Props:
        """
        Ask the real system, and return the facts that may have changed since they were recorded in *props*. Read-only.

        Raises:
            ReconcileError: it could not be looked at.
        """
        raise NotImplementedError

    def called(self, props: Props) -> str:
        """
        Return what messages call the thing.
        """
        return str(self.names(props)[0])

    def first_look(self, found: Findings, props: Props) -> None:
        """
        Add to *found* what an `up` will find that makes this resource. Read-only.

        Raises:
            ReconcileError: a fault, beside those that are in *found*.
        """

    def names(self, props: Props) -> list[Identity]:
        """
        Return what the resource's settings call the things that it manages.
        """
        raise NotImplementedError

    def _is_unseen(self, olds: Props, names: list[Identity]) -> bool:
        if olds and self._known_names(olds) != names:
            # To be replaced; it is asked about once more, without *olds*.
            return False
        return SEEN.note_look(self._key("/".join(names[0]))) and not olds and RUN.is_preview

    def _tell(self, found: Findings) -> None:
        for plan in found.plans:
            _log.info("%s: %s", found.what, plan)
        for question in found.open_questions:
            if RUN.is_new(question):
                _log.info("%s", question)
        for sentence in found.silences:
            if RUN.is_new(whose_fault(sentence)):
                _log.warning("%s: %s", found.what, sentence)
        for number, fault in enumerate(found.faults):
            if not RUN.note(Fault(f"{found.what} {number}" if number else found.what, fault)):
                _log.warning("%s: %s", found.what, fault)

    def _known_names(self, props: Props) -> list[Identity]:
        # In a preview, another program's settings can come from a resource that does not exist yet.
        unknown = any(isinstance(props.get(name), Unknown) for name in self.named_by)
        return [] if unknown else self.names(props)

    @contextmanager
    def letting_go(self, props: Props, what: str, left: str) -> Iterator[None]:
        """
        Delete *what* inside, and let go of it in one line where it is gone, or cannot be asked for. A system that
        refuses its credential is an error, unless the settings have left that server: nobody keeps a token for it.

        Args:
            left: what stays behind then, until when, and what to do.
        """
        try:
            yield
        except NotFoundError as exc:
            _log.info("%s: there is nothing to delete any more: %s", what, exc.brief)
        except MovedError as exc:
            _log.warning("%s was left, since it moved to %s; %s", what, exc.new_name, left)
        except (*NO_ANSWER, *REFUSED) as exc:
            if isinstance(exc, REFUSED) and not RUN.has_left(props.get(self.server or "")):
                raise
            _log.warning("%s was left: %s; %s", what, exc.brief, left)

    def report(self, props: Props, what: str, sentences: Iterable[str]) -> None:
        """
        Log each of the *sentences* about *what*, since a preview without `--diff` shows no values. A system that gives
        no answer is told of once in a run, and a fault when the run ends.

        Only for what the program still has: a refresh also calls `diff`, before `check`, and for replaced instances
        whose deletion is pending.
        """
        names = self._known_names(props)
        if names and SEEN.checked.issuperset(names):
            for sentence in sentences:
                if is_fault(sentence) and RUN.note(Fault(what, sentence)):
                    continue
                once = sentence.startswith((SILENT, *MOVED_AS_A_WHOLE)) or is_fault(sentence)
                if not once or RUN.is_new(whose_fault(sentence)):
                    _log.warning("%s: %s", what, sentence)


def changed(olds: Mapping[str, Any], news: Mapping[str, Any], names: tuple[str, ...]) -> list[str]:
    """
    Return which of the properties *names* differ. A value that is not known yet, in a preview, differs.
    """
    return [name for name in names if olds.get(name) != news.get(name)]


def differences(
    olds: Mapping[str, Any], news: Mapping[str, Any], *, update: tuple[str, ...], replace: tuple[str, ...] = ()
) -> DiffResult:
    """
    Compare what the last refresh recorded with what the program wants; no clock, no network.

    Args:
        update: properties that are changed in place.
        replace: properties that make another thing of it. The new one is created before the old one is deleted.
    """
    replaces = changed(olds, news, replace)
    changes = bool(replaces or changed(olds, news, update) or olds.get("condition") != CURRENT)
    return DiffResult(changes=changes, replaces=replaces, delete_before_replace=False)


def given(**properties: Any) -> Props:
    """
    Return those of the *properties* that the settings name. An absent one is no property at all, as in older states.
    """
    return {name: value for name, value in properties.items() if value is not None}
