"""
What the program asks for a secret, and what is recorded about it.
"""

from __future__ import annotations

import msgspec

from ..dynamic.claims import Claim, Identity
from ..dynamic.key_place import PlaceWanted
from ..dynamic.properties import Apart, Moment, Naming, OrEmpty, Replacing
from ..settings.place import Place
from ..settings.reference import StoredToken


def secret_at(place: Place, url: str) -> Identity:
    """
    Return the identity of the secret at *place* of the server at *url*, whatever the settings call that server.
    """
    return ("secret at", url, *secret_named(place))


def secret_named(place: Place) -> Identity:
    """
    Return the identity of a secret of that name, at whatever server; a forge ignores case.
    """
    return ("secret named", place.kind, *(part.lower() for part in place.path))


class Canary(msgspec.Struct):
    """
    A workflow of the repository that uses the secret. It runs after each create and update of the resource, but not
    when `republication.py` publishes an unchanged secret again.

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
    The success of a canary, which `status` shows.

    Args:
        key_uuid: the key that was published then.
        at: when.
    """

    key_uuid: str
    at: Moment


class SecretWanted(PlaceWanted, kw_only=True):
    """
    What the program asks for a secret.

    Args:
        forgejo_url: the server.
        server: its name, if the settings have several; secrets of two server names are two places.
        forgejo_token: where the server's token is kept in 1Password, if it is not in the environment.
        repository, organization: the secret's owner, a repository as owner/name; neither for the token's own user.
        secret: the secret's name, in upper case.
        canary: it has to succeed before an older key is revoked.
        confirmed_id: the number of the owner, to confirm that another one has its name now. It is recorded, so the
            setting can be removed later.
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

    @property
    def owner(self) -> Identity:
        """
        The repository, organization or user that the secret is in, by name; a forge ignores case.
        """
        place = self.place
        return ("owner", self.forgejo_url, place.kind, *(part.lower() for part in place.path[:-1]))


class SecretState(SecretWanted, kw_only=True):
    """
    What is recorded.

    Args:
        owner_id: the owner's number, which a renaming does not change.
        created_at: by the server's clock; None for a user's own secret, which cannot be listed.
        canary_end: the result of the canary after the last publication; empty without one.
        proven_uuid: the key that the place is known to work with. Until the canary has succeeded this is the key
            before, which must not be revoked.
        described: the key's mark that the server kept in the secret's description; empty if it kept none, None if it
            has no descriptions.
        proof: the last success of the canary.
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
        The secret's identities: by its name in the settings, by its server's URL, and by its owner's number.
        """
        place = self.place
        by_name = [place.identity, secret_at(place, self.forgejo_url)]
        by_number = ("secret", self.forgejo_url, place.kind, str(self.owner_id), place.path[-1].upper())
        return by_name if self.owner_id is None else [*by_name, by_number]

    @property
    def claims(self) -> list[Claim]:
        """
        The instance's claims, by name and by number. The last one has the key: a renaming does not change the number.
        """
        *names, lasting = self.identities
        proven = self.proven_uuid if self.proven_uuid != self.key_uuid else ""
        held = Claim(lasting, self.mark, self.key_uuid, str(self.place), proven_uuid=proven, names=tuple(names))
        return [*(Claim(name, self.mark) for name in names), held]
