"""
The program's claims: what it has, by its name and then by its instance (see `claims.py`).
"""

from __future__ import annotations

from collections.abc import Callable

import pulumi

from ..settings.place import Place
from .claims import Identity, ProgramClaim
from .run import RUN


def claim(thing: Identity, mark: pulumi.Output[str] | None = None) -> None:
    """
    Claim a *thing* for this program in a real run, and later for its instance, by the instance's *mark*.
    """
    _note(lambda mark: ProgramClaim(thing, mark), mark)


def claim_place(
    place: Place,
    username: str,
    mark: pulumi.Output[str] | None = None,
    key_uuid: pulumi.Output[str] | None = None,
    proven_uuid: pulumi.Output[str] | None = None,
) -> None:
    """
    Claim a *place* for this program in a real run, for the account with that user name, and later for its instance,
    with the key that the instance wrote and the one that the place is known to work with.
    """

    def made(mark: str, key_uuid: str, proven_uuid: str) -> ProgramClaim:
        return ProgramClaim(place.identity, mark, key_uuid, str(place), proven_uuid, username)

    _note(made, mark, key_uuid, proven_uuid)


def claim_at(
    url: pulumi.Input[str],
    thing_at: Callable[[str], Identity],
    mark: pulumi.Output[str] | None = None,
    *,
    username: str = "",
) -> None:
    """
    Claim a thing whose identity has the *url* of its server in it; another resource may give that URL. *username* is
    that of the account whose key a place is to hold.
    """
    _note(lambda url, mark: ProgramClaim(thing_at(url), mark, username=username), url, mark)


def _note(claim_of: Callable[..., ProgramClaim], *parts: pulumi.Input[str] | None) -> None:
    """
    Note the claim that is made of the values of *parts*; what is not known is empty.
    """
    if pulumi.runtime.is_dry_run():
        return
    if all(part is None or isinstance(part, str) for part in parts):
        # At once: an output is taken up only when the program waits.
        RUN.note(claim_of(*(part or "" for part in parts)))
    else:
        pulumi.Output.all(*parts).apply(lambda found: RUN.note(claim_of(*(part or "" for part in found))))
