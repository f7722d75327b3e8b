"""
What the log gets from the providers: findings, conditions, and what a deletion left behind.

A sentence that is the same for many resources is logged once in a run. A fault goes to the program, which logs all
faults when the run ends.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from ..http.errors import CredentialMissingError, MovedError, NotFoundError
from .conditions import MOVED_AS_A_WHOLE, NO_ANSWER, REFUSED, SILENT, is_fault, whose_fault
from .entries import Fault
from .findings import Findings
from .properties import Properties
from .run import RUN
from .seen import SEEN

_log = logging.getLogger(__name__)


def log_findings(found: Findings) -> None:
    """
    Log what a first look has found.
    """
    for plan in found.plans:
        _log.info("%s: %s", found.what, plan)
    for question in found.open_questions:
        if RUN.note_report(question):
            _log.info("%s", question)
    for sentence in found.silences:
        if RUN.note_report(whose_fault(sentence)):
            _log.warning("%s: %s", found.what, sentence)
    for number, fault in enumerate(found.faults):
        if not RUN.note(Fault(f"{found.what} {number}" if number else found.what, fault)):
            _log.warning("%s: %s", found.what, fault)


def report(wanted: Properties, what: str, sentences: Iterable[str]) -> None:
    """
    Log each of the *sentences* about *what*: a preview without `--diff` shows no values.

    Only what the program still has is reported: a refresh also calls `diff`, before `check`, and for replaced instances
    whose deletion is pending.
    """
    names = wanted.known_names
    if names and SEEN.checked.issuperset(names):
        for sentence in sentences:
            if is_fault(sentence) and RUN.note(Fault(what, sentence)):
                continue
            once = sentence.startswith((SILENT, *MOVED_AS_A_WHOLE)) or is_fault(sentence)
            if not once or RUN.note_report(whose_fault(sentence)):
                _log.warning("%s: %s", what, sentence)


@contextmanager
def deleting(what: str, left: str, url: str | None = None) -> Iterator[None]:
    """
    Delete *what* inside. If it does not exist or gives no answer, one line says so and the state forgets it. A
    credential that is refused or missing is an error, unless the settings no longer name that server: then nobody has a
    token for it.

    Args:
        left: what stays behind then, until when, and what to do.
        url: its server, if the settings can stop naming it.
    """
    try:
        yield
    except NotFoundError as exc:
        _log.info("%s: there is nothing to delete any more: %s", what, exc.brief)
    except MovedError as exc:
        _log.warning("%s was left, since it moved to %s; %s", what, exc.new_name, left)
    except (*NO_ANSWER, *REFUSED, CredentialMissingError) as exc:
        if not isinstance(exc, NO_ANSWER) and not RUN.has_left(url):
            raise
        _log.warning("%s was left: %s; %s", what, exc.brief, left)
