"""
The program's claims: what it has, by its name and then by its instance (see `claims.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pulumi

from ..settings.place import Place
from .claims import Identity, ProgramClaim
from .run import RUN


def claim(thing: Identity, mark: pulumi.Output[str] | None = None) -> None:
    """
    Claim a *thing* for this program in a real run, and later for its instance, by the instance's *mark*.
    """
    claim_at("", lambda _: thing, mark)


def claim_place(
    place: Place, mark: pulumi.Output[str] | None = None, key_uuid: pulumi.Output[str] | None = None
) -> None:
    """
    Claim a *place* for this program in a real run, and later for its instance, with the key that the instance wrote.
    """
    if pulumi.runtime.is_dry_run():
        return

    def claim(found: Sequence[str | None]) -> None:
        RUN.note(ProgramClaim(place.identity, found[0] or "", found[1] or "", str(place)))

    if mark is None:
        claim(("", ""))
    else:
        pulumi.Output.all(mark, key_uuid).apply(claim)


def claim_at(
    url: pulumi.Input[str], thing_at: Callable[[str], Identity], mark: pulumi.Output[str] | None = None
) -> None:
    """
    Claim a thing whose identity has the *url* of its server in it; another resource may give that URL.
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
