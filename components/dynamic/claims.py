"""
Who has what: the one rule by which a deletion leaves a thing alone. Pure: no file, no Pulumi.

A thing is a place for a key, an account, or the *lineage* of an account's keys at a registry: a key and its successors.
A thing has its name in the settings and, once it exists, the id that its system gave it. A renamed thing has two names
and one id. There are two kinds of claims:

- **The program's**, by name: this run's program has the thing, by the instance with that mark. The first such claim has
  no mark and is made before the instance is known, so it also covers what a run leaves out or fails to create. The
  second one says which key a place has: where the run leaves the place out, by the state.
- **An instance's**, by name and id: the resource with that mark exists, perhaps with a key. Its provider makes the
  claim whenever the engine shows the instance: in a refresh, before the place is written, and after. It has all names
  by which the settings can call the thing, since they may call it by another one now.

A deletion of one instance leaves a thing **that the program claims for another instance, or that a newer instance
claims**. Marks sort by time, so neither the order of the calls nor their threads matter.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable

import msgspec

# The kind of a thing and its name or id; no two things have the same.
Identity = tuple[str, ...]

# Sorts before all marks.
_OLDEST = "0"


def server(url: str) -> Identity:
    """
    Return the identity of the server at *url*.
    """
    return ("server", url)


class ProgramClaim(msgspec.Struct, frozen=True):
    """
    The program of this run has a thing.

    Args:
        thing: by its name in the settings.
        mark: the mark of its instance; empty where no instance is known yet.
        key_uuid: for a place, the key that the instance wrote to it; empty for none, or where that is not known.
        called: for a place, its name in messages.
        proven_uuid: for a place, the key that it is known to work with, if that is another one.
        username: for a place, the account whose key it is to hold.
    """

    thing: Identity
    mark: str = ""
    key_uuid: str = ""
    called: str = ""
    proven_uuid: str = ""
    username: str = ""


class Claim(msgspec.Struct, frozen=True):
    """
    An instance of a resource has a thing.

    Args:
        thing: by its name, or by the ids that its system gave it.
        mark: the instance's own.
        key_uuid: for a place, the key that this instance wrote to it; empty for none.
        called: for a place with a key, its name in messages.
        made_here: this program made the thing and did not adopt it.
        labels: for the sweep of old keys, the labels that it covers.
        proven_uuid: for a place, the key that it is known to work with, if that is another one.
        names: for a place with a key, all that the settings can call it.
    """

    thing: Identity
    mark: str
    key_uuid: str = ""
    called: str = ""
    made_here: bool = False
    labels: tuple[str, ...] = ()
    proven_uuid: str = ""
    names: tuple[Identity, ...] = ()


class Release(msgspec.Struct, frozen=True):
    """
    The newest instance of a *thing*, the one with *mark*, has released it. From then on no claim of an older instance
    counts.
    """

    thing: Identity
    mark: str


class Claims:
    """
    The claims of one run that one of its processes knows. Safe for one writer and several readers at a time.
    """

    def __init__(self) -> None:
        self._of_program: dict[Identity, ProgramClaim] = {}
        self._newest: dict[Identity, Claim] = {}
        self._holding: dict[Identity, Claim] = {}
        self._released: dict[Identity, str] = {}
        self._last = 0

    def add(self, claim: ProgramClaim | Claim | Release) -> None:
        """
        Add a claim or a release.
        """
        thing = claim.thing
        if isinstance(claim, ProgramClaim):
            self._of_program[thing] = claim
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
        Return the mark of a new instance: later than all known marks, whatever this machine's clock says.
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
        Whether the program of this run has *thing*, by any instance.
        """
        return thing in self._of_program

    def program_awaits(self, thing: Identity) -> bool:
        """
        Whether the program of this run has *thing*, and no instance of it is known.
        """
        return thing in self._of_program and not self._of_program[thing].mark

    @property
    def has_program(self) -> bool:
        """
        Whether this run has a program: a `refresh` and a plain `destroy` have none.
        """
        return bool(self._of_program)

    def belong_to_another(self, things: Iterable[Identity], mark: str) -> bool:
        """
        Whether a deletion of the instance with *mark* must leave a thing alone; *things* are its names and ids.
        """
        return any(
            (thing in self._of_program and self._of_program[thing].mark != mark)
            or (thing in self._newest and self._newest[thing].mark > mark)
            for thing in things
        )

    def places_with(self, key_uuid: str) -> list[str]:
        """
        Return the places that hold that key, or are known to work with it only, by their names in messages.
        """
        return sorted({one.called for one in self._with(key_uuid)})

    def program_places_with(self, key_uuid: str, *, besides: str | None = None) -> list[str]:
        """
        Return those of them that the program of this run has, perhaps by another name than before; *besides* those of
        the account with that user name.
        """
        found = set()
        for one in self._with(key_uuid):
            if any(claim.username != besides for claim in self._in_program(one)):
                found.add(one.called)
        return sorted(found)

    def handed_over(self, place: str, key_uuid: str) -> Claim | None:
        """
        Return the claim of a place of that name in messages that an account had with that key, if another account of
        this run's program has it now and nobody has said that it holds another key; else None. Without a refresh, or
        once the old instance is gone, nobody else makes that claim.
        """
        names = tuple(one.thing for one in list(self._of_program.values()) if one.called == place)
        claims: list[Claim | ProgramClaim] = [*self._newest.values(), *self._of_program.values()]
        said = {one.key_uuid for one in claims if one.called == place and one.key_uuid}
        return (
            Claim(("handed over", place), _OLDEST, key_uuid, place, names=names)
            if names and said <= {key_uuid}
            else None
        )

    def _with(self, key_uuid: str) -> list[Claim | ProgramClaim]:
        found: list[Claim | ProgramClaim] = [
            one for one in list(self._holding.values()) if _has(one, key_uuid) and not self._is_past(one, key_uuid)
        ]
        for one in list(self._of_program.values()):
            if _has(one, key_uuid) and one.mark > self._released.get(one.thing, ""):
                found.append(one)
        return found

    def _is_past(self, held: Claim, key_uuid: str) -> bool:
        """
        Whether the program knows of another key in the place by now: the secret moved with its server, say, or somebody
        removed the field and it was added anew.
        """
        return any(one.mark >= held.mark and one.key_uuid and not _has(one, key_uuid) for one in self._in_program(held))

    def _in_program(self, claim: Claim | ProgramClaim) -> list[ProgramClaim]:
        """
        Return the program's claims of that thing, by each name that the settings can call it.
        """
        names = [claim.thing] if isinstance(claim, ProgramClaim) else [claim.thing, *claim.names]
        return [one for name in names if (one := self._of_program.get(name))]


def _has(claim: Claim | ProgramClaim, key_uuid: str) -> bool:
    return bool(key_uuid) and key_uuid in (claim.key_uuid, claim.proven_uuid)
