"""
The parts of authentik's answers that this program uses: accounts, groups, tokens and the brand.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from ..http.shapes import Instant


class _Parent(msgspec.Struct, frozen=True):
    name: str


class Group(msgspec.Struct, frozen=True):
    """
    A group.
    """

    pk: str
    name: str
    # A list of parents if the request asks for it (2025.12 and newer), one parent in older versions (both read).
    parents_obj: list[_Parent] | None = None
    parent_name: str | None = None

    @property
    def parents(self) -> list[str]:
        """
        The names of the groups that it inherits from directly, sorted; empty if the request did not ask for them.
        """
        named = [parent.name for parent in self.parents_obj or []]
        return sorted({*named, *([self.parent_name] if self.parent_name else [])})


class Account(msgspec.Struct, frozen=True):
    """
    An account and its groups.
    """

    pk: int
    uuid: str
    username: str
    type: str
    is_active: bool
    groups: list[Group] = msgspec.field(name="groups_obj")
    email: str = ""

    @property
    def group_names(self) -> list[str]:
        """
        The names of its groups, sorted.
        """
        return sorted(group.name for group in self.groups)


class Pagination(msgspec.Struct, frozen=True):
    """
    The number of the next page; 0 after the last one.
    """

    next: float = 0


class Accounts(msgspec.Struct, frozen=True):
    """
    One page of accounts.
    """

    results: list[Account]
    pagination: Pagination = Pagination()


class Groups(msgspec.Struct, frozen=True):
    """
    One page of groups.
    """

    results: list[Group]


class Owner(msgspec.Struct, frozen=True):
    """
    The user of a token.
    """

    pk: int


class ApiToken(msgspec.Struct, frozen=True):
    """
    A token as its user may see it, without its value.
    """

    intent: str
    expiring: bool = False
    expires: Instant | None = None
    owner: Owner | None = msgspec.field(default=None, name="user_obj")

    @property
    def expires_at(self) -> datetime | None:
        """
        When it expires; None for never. A token that never expires may show a time all the same.
        """
        return self.expires if self.expiring else None

    @property
    def user(self) -> int | None:
        """
        The number of its user, if that is shown.
        """
        return self.owner.pk if self.owner else None


class ApiTokens(msgspec.Struct, frozen=True):
    """
    One page of tokens.
    """

    results: list[ApiToken]


class Brand(msgspec.Struct, frozen=True):
    """
    The flows that the server's brand uses; None if none was chosen.
    """

    flow_authentication: str | None
    flow_invalidation: str | None = None
