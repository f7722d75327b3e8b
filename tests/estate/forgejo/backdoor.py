"""Back doors of the embedded Forgejo: what a test or a person does to it. No such call on a real server."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.estate.core import SecretBook
from tests.estate.forgejo import api
from tests.estate.forgejo.model import Account, Organization, Repository, Secret, Token

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.estate.core import Clock


class BackDoors:
    """What stands behind Forgejo's HTTP side, for tests."""

    clock: Clock
    secrets: SecretBook
    users: dict[str, Account]
    orgs: dict[str, Organization]
    repos: dict[tuple[str, str], Repository]
    moved: dict[tuple[str, str], int]
    moved_owners: dict[str, int]
    tokens: dict[str, Token]
    if TYPE_CHECKING:
        next_number: Callable[[], int]

    def add_user(self, name: str, is_admin: bool = False) -> Account:
        """Back door: make a user."""
        if name.lower() not in self.users:
            self.users[name.lower()] = Account(id=self.next_number(), name=name, is_admin=is_admin)
        return self.users[name.lower()]

    def add_org(self, name: str, owners: tuple[str, ...] = ()) -> Organization:
        """Back door: make an organization with its *owners*."""
        people = {user.lower() for user in owners}
        if name.lower() not in self.orgs:
            self.orgs[name.lower()] = Organization(id=self.next_number(), name=name, owners=people)
        return self.orgs[name.lower()]

    def delete_org(self, name: str) -> None:
        """Back door: somebody deletes the organization, with its repositories; made again it has another id."""
        del self.orgs[name.lower()]
        self.repos = {key: repo for key, repo in self.repos.items() if key[0] != name.lower()}

    def add_repo(self, owner: str, name: str, collaborators: dict[str, str] | None = None) -> Repository:
        """Back door: make a private repository; an owner that is neither user nor organization becomes a user."""
        if owner.lower() not in self.orgs:
            self.add_user(owner)
        people = {user.lower(): role for user, role in (collaborators or {}).items()}
        key = (owner.lower(), name.lower())
        if key not in self.repos:
            # Whoever was here before is no longer led to: the address is somebody's again.
            self.moved.pop(key, None)
            self.repos[key] = Repository(id=self.next_number(), owner=owner, name=name, collaborators=people)
        return self.repos[key]

    def rename(self, owner: str, repo: str, new_owner: str, new_name: str) -> None:
        """Back door: somebody renames or transfers a repository; its old address leads to the new one."""
        held = self.repos.pop((owner.lower(), repo.lower()))
        self.moved.pop((new_owner.lower(), new_name.lower()), None)
        self.moved[owner.lower(), repo.lower()] = held.id
        if new_owner.lower() not in self.orgs:
            self.add_user(new_owner)
        held.owner, held.name = new_owner, new_name
        self.repos[new_owner.lower(), new_name.lower()] = held

    def rename_owner(self, name: str, new_name: str) -> None:
        """Back door: somebody renames an organization or a user, with all repositories; the old name leads on."""
        if name.lower() in self.orgs:
            org = self.orgs[new_name.lower()] = self.orgs.pop(name.lower())
            org.name, number = new_name, org.id
        else:
            user = self.users[new_name.lower()] = self.users.pop(name.lower())
            user.name, number = new_name, user.id
        self.moved_owners.pop(new_name.lower(), None)
        self.moved_owners[name.lower()] = number
        for text, token in self.tokens.items():
            if token.user == name.lower():
                self.tokens[text] = replace(token, user=new_name.lower())
        for org in self.orgs.values():
            org.owners = {new_name.lower() if owner == name.lower() else owner for owner in org.owners}
        for key in [key for key in self.repos if key[0] == name.lower()]:
            repo = self.repos[new_name.lower(), key[1]] = self.repos.pop(key)
            repo.owner = new_name

    def delete_repo(self, owner: str, repo: str) -> None:
        """Back door: somebody deletes a repository, with its secrets; made again (*add_repo*) it has another id."""
        del self.repos[owner.lower(), repo.lower()]

    def archive_repo(self, owner: str, repo: str, archived: bool = True) -> None:
        """Back door: somebody archives a repository, or takes it back out."""
        self.repos[owner.lower(), repo.lower()].archived = archived

    def add_workflow(self, owner: str, repo: str, name: str, text: str, ref: str = "main") -> None:
        """Back door: somebody pushes a workflow to the branch *ref*."""
        self.repos[owner.lower(), repo.lower()].workflows[ref, name] = text

    def remove_workflow(self, owner: str, repo: str, name: str, ref: str = "main") -> None:
        """Back door: somebody removes it from that branch."""
        del self.repos[owner.lower(), repo.lower()].workflows[ref, name]

    def switch_actions(self, owner: str, repo: str, on: bool) -> None:
        """Back door: the owner switches Actions of the repository on or off."""
        self.repos[owner.lower(), repo.lower()].has_actions = on

    def add_token(self, user: str, scopes: tuple[str, ...] = ("write:repository",)) -> str:
        """Back door: make an access token of *user* with these *scopes*."""
        self.add_user(user)
        text = self.secrets.new(40)
        self.tokens[text] = Token(user.lower(), frozenset(scopes))
        return text

    def revoke_token(self, token: str) -> None:
        """Back door: end a token."""
        self.tokens.pop(token, None)

    def value(self, owner: str, repo: str, name: str) -> str | None:
        """Back door: what a run of this repository would read, ``None`` where the secret is absent."""
        secret = self.repos[owner.lower(), repo.lower()].secrets.get(name.upper())
        return secret.value if secret else None

    def org_value(self, org: str, name: str) -> str | None:
        """Back door: the value of an organization's secret."""
        secret = self.orgs[org.lower()].secrets.get(name.upper())
        return secret.value if secret else None

    def user_value(self, user: str, name: str) -> str | None:
        """Back door: the value of a user's secret."""
        secret = self.users[user.lower()].secrets.get(name.upper())
        return secret.value if secret else None

    def set_value(self, owner: str, repo: str, name: str, value: str, description: str | None = None) -> None:
        """
        Back door: somebody stores a value by hand; ``created_at`` stays if the secret was there, and so does the
        description, with which the web page's form is filled, unless another one is given.
        """
        held = self.repos[owner.lower(), repo.lower()].secrets
        old = held.get(name.upper())
        created = old.created_at if old else api.second(self.clock)
        before = old.description if old else ""
        text = before if description is None else description
        held[name.upper()] = Secret(name.upper(), self.secrets.add(value), created, text)

    def description(self, owner: str, repo: str, name: str) -> str:
        """Back door: the description of a repository's secret, as Gitea's web page shows it."""
        return self.repos[owner.lower(), repo.lower()].secrets[name.upper()].description

    def describe(self, owner: str, repo: str, name: str, description: str) -> None:
        """Back door: somebody edits the description alone."""
        self.repos[owner.lower(), repo.lower()].secrets[name.upper()].description = description

    def delete_value(self, owner: str, repo: str, name: str) -> None:
        """Back door: somebody deletes the secret."""
        self.repos[owner.lower(), repo.lower()].secrets.pop(name.upper(), None)
