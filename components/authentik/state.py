"""
What the program asks of an account, and what is recorded of it.
"""

from __future__ import annotations

from ..dynamic.claims import Identity
from ..dynamic.properties import Apart, Naming, Properties, Replacing
from ..settings.reference import StoredToken
from .api import SERVICE_ACCOUNT


class AccountWanted(Properties, kw_only=True):
    """
    What the program asks.

    Args:
        username: the account's name, its identity here.
        authentik_url: the server.
        authentik_token: where the server's token is kept in 1Password, if it is not in the environment.
        groups: names of exactly the groups it should be in, sorted.
        display_name: for an account that is made here; the user name by default.
    """

    username: Naming[Replacing[str]]
    authentik_url: str
    authentik_token: StoredToken | None = None
    groups: list[str]
    type: str = SERVICE_ACCOUNT
    is_active: bool = True
    display_name: Apart[str] = ""

    @property
    def name(self) -> Identity:
        """
        The account, by its name.
        """
        return ("account", self.username)

    @property
    def names(self) -> list[Identity]:
        """
        What the account is called.
        """
        return [self.name]

    @property
    def thing(self) -> str:
        """
        What messages call it.
        """
        return f"authentik account {self.username}"


class AccountState(AccountWanted, kw_only=True):
    """
    What is recorded: of the inputs, `type`, `is_active` and `groups` as they were found last.

    Args:
        pk: authentik's number, which after a new set-up of it can be anybody's.
        account_uuid: authentik's uuid, which tells.
        applied_groups: the groups that the last change has left.
        made_here: it was made by this program, not adopted.
        mark: the instance's own (`dynamic/claims.py`).
    """

    pk: int
    account_uuid: str
    applied_groups: list[str]
    made_here: bool
    mark: str

    @property
    def identity(self) -> Identity:
        """
        The account, by its uuid.
        """
        return identity_of(self.account_uuid)


def identity_of(uuid: str) -> Identity:
    """
    Return the account with that *uuid*.
    """
    return ("account", "uuid", uuid)
