"""
Who has what: the one rule by which a deletion leaves a thing alone. Pure: no file, no Pulumi.

A thing is a place for a key, an account, or the slot of an account's key at a registry. It is told from others by its
name in the settings, and, once it exists, by what the system itself calls it; a renamed thing has two names and one id.
Two kinds of claims are made of it:

- **The program's**, by name: this run's program has it, by the instance with that mark. It is made before anything is
  known of the instance, without a mark, so that what a run leaves out, or fails to make, is claimed as well.
- **An instance's**, by name and id: the resource with that mark is there, perhaps with a key. Its provider makes it
  whenever the engine shows the instance: in a refresh, before the place is written, after it was.

A deletion of one instance leaves a thing **that the program claims for another instance, or that a newer instance
claims**. Marks sort by time, so the order of the calls does not matter, nor on which thread they come.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable

import msgspec

# What tells two things apart, beginning with their kind.
Identity = tuple[str, ...]


def server(url: str) -> Identity:
    """
    Return the server at *url*, as a thing that a program can have.
    """
    return ("server", url)


class ProgramClaim(msgspec.Struct, frozen=True):
    """
    The program of this run has a thing.

    Args:
        thing: by its name in the settings.
        mark: of the instance by which it has it; empty where none exists yet, or where that is not known yet.
    """

    thing: Identity
    mark: str = ""


class Claim(msgspec.Struct, frozen=True):
    """
    An instance of a resource has a thing.

    Args:
        thing: by its name, or by the ids that its system gave it.
        mark: the instance's own.
        key_uuid: for a place, the key that it holds as this instance knows it; empty where it does not.
        called: for a place with a key, what messages call it.
        made_here: the thing was made by this program, not adopted.
        labels: for the sweep of old keys, the labels that it covers.
    """

    thing: Identity
    mark: str
    key_uuid: str = ""
    called: str = ""
    made_here: bool = False
    labels: tuple[str, ...] = ()


class Release(msgspec.Struct, frozen=True):
    """
    The instance with *mark*, the newest that has the *thing*, lets go of it: what it may still hold is nobody's matter
    any more, whatever an older instance says of it.
    """

    thing: Identity
    mark: str


class Claims:
    """
    The claims of one run, as far as one of its processes knows them. For one writer at a time, and readers beside it.
    """

    def __init__(self) -> None:
        self._of_program: dict[Identity, str] = {}
        self._newest: dict[Identity, Claim] = {}
        self._holding: dict[Identity, Claim] = {}
        self._released: dict[Identity, str] = {}
        self._last = 0

    def add(self, claim: ProgramClaim | Claim | Release) -> None:
        """
        Take a claim in, or a release.
        """
        thing = claim.thing
        if isinstance(claim, ProgramClaim):
            self._of_program[thing] = claim.mark
        elif isinstance(claim, Release):
            self._released[thing] = max(claim.mark, self._released.get(thing, ""))
            if thing in self._holding and self._holding[thing].mark <= claim.mark:
                del self._holding[thing]
        else:
            self._last = max(self._last, int(claim.mark.partition("-")[0] or 0))
            if thing not in self._newest or self._newest[thing].mark <= claim.mark:
                self._newest[thing] = claim
            known = self._holding[thing].mark if thing in self._holding else ""
            if claim.key_uuid and claim.mark >= known and claim.mark > self._released.get(thing, ""):
                self._holding[thing] = claim

    def new_mark(self) -> str:
        """
        Return the mark of a new instance: later than each that is known here, whatever this machine's clock says.
        """
        self._last = max(time.time_ns(), self._last + 1)
        return f"{self._last:020d}-{secrets.token_hex(4)}"

    def newest(self, thing: Identity) -> Claim | None:
        """
        Return the claim of the newest instance that has *thing*.
        """
        return self._newest.get(thing)

    def of_kind(self, kind: str) -> list[Identity]:
        """
        Return the things of that kind that any instance has.
        """
        return [thing for thing in list(self._newest) if thing[0] == kind]

    def program_has(self, thing: Identity) -> bool:
        """
        Whether the program of this run has *thing*, by whatever instance.
        """
        return thing in self._of_program

    @property
    def has_program(self) -> bool:
        """
        Whether this run has a program: a `refresh` and a plain `destroy` have none.
        """
        return bool(self._of_program)

    def are_anothers(self, things: Iterable[Identity], mark: str) -> bool:
        """
        Whether a deletion of the instance with *mark* is to leave these *things*, the names and ids of one.
        """
        return any(
            self._of_program.get(thing, mark) != mark or (thing in self._newest and self._newest[thing].mark > mark)
            for thing in things
        )

    def places_with(self, key_uuid: str) -> list[str]:
        """
        Return what messages call the places that hold that key.
        """
        return sorted({claim.called for claim in list(self._holding.values()) if claim.key_uuid == key_uuid})
