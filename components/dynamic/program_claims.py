"""
The program's claims: what it has, by its name and then by its instance (see `claims.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pulumi

from .claims import Identity, ProgramClaim
from .run import RUN


def claim(thing: Identity, mark: pulumi.Output[str] | None = None) -> None:
    """
    Say, in a real run, that this program has a *thing*, and by which instance, once that is known.
    """
    claim_at("", lambda _: thing, mark)


def claim_at(
    url: pulumi.Input[str], thing_at: Callable[[str], Identity], mark: pulumi.Output[str] | None = None
) -> None:
    """
    Say the same of a thing that is told by the *url* of its server, which another resource may give.
    """
    if pulumi.runtime.is_dry_run():
        return

    def claim(found: Sequence[str | None]) -> None:
        RUN.note(ProgramClaim(thing_at(found[0] or ""), found[1] or ""))

    if mark is None and isinstance(url, str):
        # At once: an output is taken up only when the program waits.
        claim((url, ""))
    else:
        pulumi.Output.all(url, mark).apply(claim)
