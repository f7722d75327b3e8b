"""
What the program asks for an account, and what is recorded about it.
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
        groups: the names of exactly the groups that it should be in, sorted.
        display_name: for an account that this program makes; the user name by default.
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
        The account's identities, by its name in the settings.
        """
        return [self.name]

    @property
    def thing(self) -> str:
        """
        The account's name in messages.
        """
        return f"authentik account {self.username}"


class AccountState(AccountWanted, kw_only=True):
    """
    What is recorded: of the inputs, `type`, `is_active` and `groups` as they were found last.

    Args:
        pk: authentik's number, which another account can have in a newly set-up authentik.
        account_uuid: authentik's uuid, which no other account has.
        applied_groups: the groups after the last change.
        made_here: this program made it and did not adopt it.
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
