"""
What authentik shows of accounts, groups and its brand, as far as this program asks.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from ..http.shapes import Instant


class _Parent(msgspec.Struct, frozen=True):
    name: str


class Group(msgspec.Struct, frozen=True):
    """
    A group, as far as this program asks.
    """

    pk: str
    name: str
    # Several, where they are asked for (2025.12 and newer); one in older versions (both read in its interface).
    parents_obj: list[_Parent] | None = None
    parent_name: str | None = None

    @property
    def parents(self) -> list[str]:
        """
        The names of the groups that it inherits from directly, as far as they were asked for; sorted.
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
    The number of the page after this one; 0 where there is none.
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
    Whose a token is.
    """

    pk: int


class ApiToken(msgspec.Struct, frozen=True):
    """
    A token as its own user may see it, without the token itself.
    """

    intent: str
    expiring: bool = False
    expires: Instant | None = None
    owner: Owner | None = msgspec.field(default=None, name="user_obj")

    @property
    def ends_at(self) -> datetime | None:
        """
        When it ends; None for never. A token that does not expire may show a time all the same.
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
    The flows that the server's brand uses; None for one that was not chosen.
    """

    flow_authentication: str | None
    flow_invalidation: str | None = None
