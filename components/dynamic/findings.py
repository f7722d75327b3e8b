"""
What a look finds before the first `up`: what that `up` will do, what would stop it, and what only it can find out.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from ..http.errors import ReconcileError
from .conditions import NO_ANSWER, REFUSED, condition_of


class Findings(msgspec.Struct):
    """
    The findings about one thing.

    Args:
        what: the thing, as messages call it.
        plans: what `up` will do with the thing and what it finds there, in sentences without a subject.
        faults: what would stop the `up`, and what to do, in whole sentences.
        silences: conditions about systems that gave no answer, perhaps only for now.
        open_questions: what cannot be known without writing, in whole sentences; the same for all things of a system.
    """

    what: str
    plans: list[str] = msgspec.field(default_factory=list)
    faults: list[str] = msgspec.field(default_factory=list)
    silences: list[str] = msgspec.field(default_factory=list)
    open_questions: list[str] = msgspec.field(default_factory=list)

    @contextmanager
    def gathering(self) -> Iterator[None]:
        """
        Collect an error inside as a fault, and go on: all faults are wanted, not only the first.
        """
        try:
            yield
        except NO_ANSWER as exc:
            self.silences.append(condition_of(exc))
        except REFUSED as exc:
            # One credential, whatever is asked with it: one sentence.
            self.faults.append(exc.brief)
        except ReconcileError as exc:
            self.faults.append(str(exc))
