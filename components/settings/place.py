"""
A place from which a consumer reads the key. Pure values, no Pulumi.
"""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec.structs import replace

Kind = Literal["field", "repository", "organization", "user"]


class Place(msgspec.Struct, frozen=True):
    """
    One place that holds the key.

    Args:
        kind: a field of a 1Password item, or a Forgejo secret by the kind of its owner.
        path: the names that lead there, outermost first: vault, item and field; owner, repository and secret;
            organization and secret; or, for the token's own user, the secret alone.
        server: for a secret, the name of its Forgejo server; empty for a server without a name, and for a field.
    """

    kind: Kind
    path: tuple[str, ...]
    server: str = ""

    @classmethod
    def field(cls, vault: str, item: str, field: str) -> Place:
        """
        Return the place of one field of a 1Password item.
        """
        return cls("field", (vault, item, field))

    @classmethod
    def secret(
        cls, name: str, *, repository: str | None = None, organization: str | None = None, server: str = ""
    ) -> Place:
        """
        Return the place of an Actions secret of a *repository* (owner/name), of an *organization*, or else of the
        token's own user, on the Forgejo *server* of that name.
        """
        if repository is not None:
            return cls("repository", (*repository.split("/", 1), name), server)
        if organization is not None:
            return cls("organization", (organization, name), server)
        return cls("user", (name,), server)

    def moved_to(self, name: str) -> Place:
        """
        Return the place of the same secret after its owner got another *name* (owner/name for a repository).
        """
        return replace(self, path=(*name.split("/", 1), self.path[-1]))

    @property
    def name(self) -> str:
        """
        The place's name for people. A slash within a part is written %2F, so no two places have the same name.
        """
        parts = ("user", *self.path) if self.kind == "user" else self.path
        return "/".join(_quoted(part) for part in parts) + self._at

    @property
    def suffix(self) -> str:
        """
        The end of its resource's name: the same for two spellings of one place, different for two places. A field's
        parts are compared letter by letter; a forge ignores case.
        """
        joined = "/".join(_quoted(part) for part in self.path) + self._at
        return joined if self.kind == "field" else joined.lower()

    @property
    def _at(self) -> str:
        # No forge allows an @ in these names.
        return f"@{self.server}" if self.server else ""

    @property
    def identity(self) -> tuple[str, ...]:
        """
        The identity, the same for two spellings of one place.
        """
        return (self.kind, self.suffix)

    def __str__(self) -> str:
        return f"1Password {self.name}" if self.kind == "field" else f"Forgejo {self.name}"

    @property
    def thing(self) -> str:
        """
        The place in a sentence: its kind and its name.
        """
        return f"1Password field {self.name}" if self.kind == "field" else f"Forgejo secret {self.name}"


def _quoted(part: str) -> str:
    return part.replace("%", "%25").replace("/", "%2F")
