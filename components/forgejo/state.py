"""
What the program asks of a secret, and what is recorded of it.
"""

from __future__ import annotations

import msgspec

from ..dynamic.claims import Claim, Identity
from ..dynamic.key_place import PlaceWanted
from ..dynamic.properties import Apart, Moment, Naming, OrEmpty, Replacing
from ..settings.place import Place
from ..settings.reference import StoredToken


class Canary(msgspec.Struct):
    """
    A workflow of the repository that uses the secret. It is run after each create and update of the resource, and not
    when `republication.py` writes a kept secret again.

    Args:
        workflow: the file's name.
        ref: the branch.
        timeout_seconds: how long to wait for its end.
    """

    workflow: str
    ref: str
    timeout_seconds: float


class Proof(msgspec.Struct):
    """
    A canary that has succeeded, for people: `status` shows it.

    Args:
        key_uuid: with which key.
        at: when.
    """

    key_uuid: str
    at: Moment


class SecretWanted(PlaceWanted, kw_only=True):
    """
    What the program asks of a secret.

    Args:
        forgejo_url: the server.
        server: its name, where the settings know several; two servers' secrets are two places, whatever their URLs.
        forgejo_token: where the server's token is kept in 1Password, if it is not in the environment.
        repository, organization: what the secret belongs to, the repository as owner/name; neither for the token's
            own user.
        secret: the secret's name, in upper case.
        canary: asked before an older key may end.
        confirmed_id: the number of the repository, organization or user that is meant, where another one has its name
            by now; the number is recorded, so that it need not stay.
    """

    forgejo_url: str
    server: Naming[Replacing[str]] = ""
    forgejo_token: StoredToken | None = None
    repository: Naming[Replacing[str | None]] = None
    organization: Naming[Replacing[str | None]] = None
    secret: Naming[Replacing[str]]
    canary: Canary | None = None
    confirmed_id: Apart[int | None] = None

    @property
    def place(self) -> Place:
        """
        Where the secret is.
        """
        return Place.secret(self.secret, repository=self.repository, organization=self.organization, server=self.server)


class SecretState(SecretWanted, kw_only=True):
    """
    What is recorded.

    Args:
        owner_id: the number of what the secret belongs to, which outlives a name.
        created_at: by the server's clock; None for a user's own secret, which cannot be listed.
        canary_end: how the canary ended when the secret was published last; empty without one.
        proven_uuid: the key that the place has been seen to work with: until the canary has succeeded, the key before
            this one may not end.
        described: the mark of the key that the server was seen to keep in the secret's description, empty if it keeps
            none; None where it has no descriptions.
        proof: of the last canary that has succeeded.
        mark: the instance's own (`dynamic/claims.py`).
    """

    owner_id: int | None = None
    created_at: OrEmpty[Moment]
    canary_end: str = ""
    proven_uuid: str
    described: str | None = None
    proof: Proof | None = None
    mark: str

    @property
    def identities(self) -> list[Identity]:
        """
        What tells this secret from others: its name, and the number of what it belongs to.
        """
        place = self.place
        by_number = ("secret", self.forgejo_url, place.kind, str(self.owner_id), place.path[-1].upper())
        return [place.identity] if self.owner_id is None else [place.identity, by_number]

    @property
    def claims(self) -> list[Claim]:
        """
        What this instance has, by name and by number; it is by its name that a secret holds a key.
        """
        by_name, *by_number = self.identities
        held = Claim(by_name, self.mark, self.key_uuid, str(self.place))
        return [held, *(Claim(identity, self.mark) for identity in by_number)]
