"""
What authentik shows of accounts, groups and its brand, as far as this program asks.
"""

from __future__ import annotations

import pydantic


class Group(pydantic.BaseModel):
    """
    A group, as far as this program asks.
    """

    pk: str
    name: str


class Account(pydantic.BaseModel):
    """
    An account and its groups.
    """

    pk: int
    uuid: str
    username: str
    type: str
    is_active: bool
    email: str = ""
    groups: list[Group] = pydantic.Field(alias="groups_obj")

    @property
    def group_names(self) -> list[str]:
        """
        The names of its groups, sorted.
        """
        return sorted(group.name for group in self.groups)


class Pagination(pydantic.BaseModel):
    """
    The number of the page after this one; 0 where there is none.
    """

    next: float = 0


class Accounts(pydantic.BaseModel):
    """
    One page of accounts.
    """

    results: list[Account]
    pagination: Pagination = Pagination()


class Groups(pydantic.BaseModel):
    """
    One page of groups.
    """

    results: list[Group]


class Brand(pydantic.BaseModel):
    """
    The flows that the server's brand uses; None for one that was not chosen.
    """

    flow_authentication: str | None
    flow_invalidation: str | None = None
