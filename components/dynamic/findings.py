"""
What a look finds before the first `up`: what that will do, what stands in its way, and what it alone can find out.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from ..http.errors import ReconcileError
from .trouble import NO_ANSWER, REFUSED, condition_of


class Findings(msgspec.Struct):
    """
    The findings about one thing.

    Args:
        what: the thing, as messages call it.
        plans: sentences without a subject: what `up` will do with it, and what it finds there.
        faults: whole sentences: what stands in the way, and what to do.
        silences: conditions: who gave no answer, which may pass.
        open_questions: whole sentences: what cannot be known without writing; the same for all of one system.
    """

    what: str
    plans: list[str] = msgspec.field(default_factory=list)
    faults: list[str] = msgspec.field(default_factory=list)
    silences: list[str] = msgspec.field(default_factory=list)
    open_questions: list[str] = msgspec.field(default_factory=list)

    @contextmanager
    def gathering(self) -> Iterator[None]:
        """
        Make a fault of an error inside, and go on after it: every fault is wanted, not the first.
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
