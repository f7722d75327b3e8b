"""
What a stack of the model has, and what of it a command names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from zot_ci.dynamic.provider import AnyProvider, Props

# Dependents after what they depend on, for deletions; the name of a resource's class.
KINDS = ("ServiceAccount", "ApiKey", "ItemField", "ActionsSecret", "RetiredKeys")

# What depends on each in the state. The sweep waits for the places and depends on the key alone.
_NEEDING = {
    "ServiceAccount": KINDS[1:],
    "ApiKey": KINDS[2:],
    "ItemField": ("ActionsSecret",),
    "ActionsSecret": (),
    "RetiredKeys": (),
}


@dataclass
class Held:
    """
    One resource in the state. Its name stands for its URN; two of one name differ in *pending_delete*.
    """

    name: str
    kind: str
    provider: AnyProvider
    id: str
    inputs: Props
    outputs: Props
    pending_delete: bool = False
    tainted: bool = False


@dataclass(frozen=True)
class Part:
    """
    One account's resources of one kind; of its fields, with *only*, the "store" of record or the "copies".
    """

    username: str
    kind: str
    only: str = ""

    def is_it(self, name: str, kind: str) -> bool:
        """
        Whether a resource is one of them.
        """
        if self.only and (name == f"{self.username}-item-field") != (self.only == "store"):
            return False
        return kind == self.kind and name.startswith(f"{self.username}-")

    @property
    def with_dependents(self) -> frozenset[Part]:
        """
        These, and what depends on them.
        """
        if self.only == "copies":
            return frozenset({self})
        return frozenset(Part(self.username, kind) for kind in (self.kind, *_NEEDING[self.kind]))


@dataclass(frozen=True)
class Flags:
    """
    What an `up` is told: what it is to replace, and what it is to look at or to leave out, by default all; and whether
    it goes on after a step that failed (`--continue-on-error`).
    """

    replace: frozenset[Part] = frozenset()
    target: frozenset[Part] = frozenset()
    exclude: frozenset[Part] = frozenset()
    goes_on: bool = False

    def replaces(self, name: str, kind: str) -> bool:
        """
        Whether a resource is to be replaced in any case.
        """
        return any(part.is_it(name, kind) for part in self.replace)

    def leaves_out(self, name: str, kind: str) -> bool:
        """
        Whether a resource is none of this run's business.
        """
        if self.target:
            return not any(part.is_it(name, kind) for part in self.target)
        return any(part.is_it(name, kind) for part in self.exclude)


PLAIN = Flags()


def needed_by(kind: str) -> tuple[str, ...]:
    """
    Return the kinds that one of that kind needs.
    """
    return tuple(one for one, needing in _NEEDING.items() if kind in needing)


def account_of(held: Held) -> str:
    """
    Return whose resource it is.
    """
    return re.split(r"-(?:service-account|api-key|item-field|actions-secret|retired-keys)", held.name)[0]
