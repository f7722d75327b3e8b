"""Back doors of the embedded authentik: what a test or a person does to it. No such call on a real server."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from tests.estate.authentik.model import Application, Device, Grant, Group, Session, Token, User
from tests.estate.core import Clock, SecretBook

if TYPE_CHECKING:
    from collections.abc import Callable

# What the program needs, each measured to be needed; here granted globally, as the account does not exist at first.
BOT_PERMISSIONS = (
    "add_user",
    "view_user",
    "change_user",
    "delete_user",
    "reset_user_password",
    "impersonate",
    "view_group",
    "add_user_to_group",
    "remove_user_from_group",
)
ON_USER = ("view_user", "change_user", "reset_user_password", "impersonate")
ON_GROUP = ("view_group", "add_user_to_group", "remove_user_from_group")


class BackDoors:
    """What stands behind authentik's HTTP side, for tests."""

    clock: Clock
    secrets: SecretBook
    users: dict[str, User]
    groups: dict[str, Group]
    tokens: dict[str, Token]
    sessions: dict[str, Session]
    applications: dict[str, Application]
    if TYPE_CHECKING:
        next_pk: Callable[[], int]

    def add_group(self, name: str) -> Group:
        """Back door: make a group, or return the one of that name."""
        return self.groups.setdefault(name, Group(name, 10_000 + self.next_pk()))

    def rename_group(self, name: str, new_name: str) -> None:
        """Back door: somebody renames a group; it keeps its members and its pk."""
        group = self.groups[new_name] = self.groups.pop(name)
        group.name = new_name
        for user in self.users.values():
            if name in user.groups:
                user.groups = user.groups - {name} | {new_name}

    def add_user(
        self,
        username: str,
        groups: Iterable[str] = (),
        type: str = "service_account",  # the vendor's own word for it
        is_active: bool = True,
        is_superuser: bool = False,
        name: str = "",
        password: str | None = None,
        email: str = "",
    ) -> User:
        """Back door: make an account, as a blueprint does without an address; groups that do not exist are made too."""
        now = self.clock.now()
        user = User(self.next_pk(), username, name or username, type, is_active, is_superuser, now)
        user.groups = {self.add_group(group).name for group in groups}
        user.password = self.secrets.add(password) if password else None
        user.email = email
        self.users[username] = user
        return user

    def set_password(self, username: str, password: str) -> None:
        """Back door: set a password; who was logged in with the old one is nobody now."""
        user = self.users[username]
        user.password = self.secrets.add(password) or password
        user.password_changes += 1
        user.password_changed = user.updated = self.clock.now()

    def delete_user(self, username: str) -> None:
        """Back door: somebody deletes the account."""
        self.forget(self.users[username])

    def forget(self, user: User) -> None:
        """Delete an account (the system itself knows what hangs on it)."""
        raise NotImplementedError

    def add_token(self, username: str, grants: Iterable[Grant] = (), expires: datetime | None = None) -> str:
        """Back door: an API token of *username* (made if unknown), who is also granted *grants*."""
        user = self.users.get(username) or self.add_user(username)
        user.grants |= set(grants)
        text = self.secrets.new(60)
        self.tokens[text] = Token(user, expires, f"token-{len(self.tokens) + 1}")
        return text

    def revoke_token(self, token: str) -> None:
        """Back door: end an API token."""
        self.tokens.pop(token, None)

    def bot_grants(self) -> list[Grant]:
        """Back door: everything the program needs, globally, the making of accounts included."""
        return [Grant(permission) for permission in BOT_PERMISSIONS]

    def least_grants(self, username: str, groups: Iterable[str]) -> list[Grant]:
        """Back door: the least privilege for an account that exists, each permission on the one object."""
        user = self.users[username]
        mine = [Grant(permission, user) for permission in ON_USER]
        return mine + [Grant(permission, self.groups[group]) for group in groups for permission in ON_GROUP]

    def add_device(self, username: str, kind: str = "static") -> Device:
        """Back door: a device: ``static`` as a killed run leaves it, ``totp`` or ``webauthn`` as a person enrols it."""
        codes = [self.secrets.new(8) for _ in range(6)] if kind == "static" else []
        device = Device(self.next_pk(), kind, "Static Token" if kind == "static" else kind, codes)
        self.users[username].devices.append(device)
        return device

    def sessions_of(self, username: str) -> list[Session]:
        """Back door: the sessions nobody ended, impersonations included, in which this account is."""
        return [s for s in list(self.sessions.values()) if s.user is not None and s.user.username == username]

    def add_application(self, slug: str, redirect_uri: str, groups: Iterable[str] = ()) -> Application:
        """Back door: an application with its OAuth2 provider; the client id is the slug."""
        application = Application(slug, slug, self.secrets.new(128), [redirect_uri], set(groups))
        self.applications[slug] = application
        return application
