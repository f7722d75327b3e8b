"""
Forgejo's and Gitea's Actions secrets: write, delete, and the little that can be seen of them. HTTP only.

Measured on Gitea 1.26.0: a value is never shown, and `created_at` stays the same when a value is overwritten.
"""

from __future__ import annotations

import itertools
from datetime import datetime

import httpx
import pydantic

from components.clients.credentials import EnvironmentToken
from components.clients.http import Advice, Api

_PAGE = 50  # the most that is given in one page

_ADVICE = Advice(
    {
        400: "the name is reserved or not a secret's name, or the value is too long",
        401: "check FORGEJO_TOKEN",
        403: "FORGEJO_TOKEN needs the scope write:repository (read:repository to preview) and must be its owner's",
        404: "no such repository, or FORGEJO_TOKEN may not see it",
        405: "it is archived, or this server is too old for Actions secrets",
    }
)


class Secret(pydantic.BaseModel):
    """
    What can be seen of a secret.
    """

    name: str
    created_at: datetime


class Forgejo:
    """
    One server. A repository is named `owner/name`.
    """

    def __init__(self, url: str, transport: httpx.BaseTransport | None = None) -> None:
        self.api = Api("Forgejo", url, transport=transport)
        self._auth = EnvironmentToken("FORGEJO_TOKEN", "the token of the repository's owner", scheme="token")

    def secret(self, repository: str, name: str) -> Secret | None:
        """
        Return the secret *name* of *repository*, None if there is none. Read-only; one request for 50 secrets.
        """
        path = self._path(repository)
        seen: set[str] = set()
        for page in itertools.count(1):
            response = self.api.call(
                "GET",
                path,
                whose=repository,
                auth=self._auth,
                advice=_ADVICE,
                params={"page": str(page), "limit": str(_PAGE)},
            )
            secrets = {one.name.upper(): one for one in self.api.parse(response, path, repository, list[Secret])}
            if name.upper() in secrets:
                return secrets[name.upper()]
            # A server may give smaller pages than were asked for, and a proxy the same page again: the end is where
            # the count says, or where nothing new comes.
            total = response.headers.get("x-total-count", "")
            if secrets.keys() <= seen or (total.isdecimal() and len(seen | secrets.keys()) >= int(total)):
                break
            seen |= secrets.keys()
        return None

    def publish(self, repository: str, name: str, value: str) -> None:
        """
        Write the secret, made if it is not there. May be repeated.
        """
        path = f"{self._path(repository)}/{name}"
        body = {"data": value}
        self.api.call(
            "PUT", path, whose=repository, auth=self._auth, advice=_ADVICE, repeat=True, json=body, expect=(201, 204)
        )

    def delete(self, repository: str, name: str) -> None:
        """
        Delete the secret; one that is not there is no error.
        """
        path = f"{self._path(repository)}/{name}"
        self.api.call("DELETE", path, whose=repository, auth=self._auth, advice=_ADVICE, repeat=True, expect=(204, 404))

    @staticmethod
    def _path(repository: str) -> str:
        return f"/api/v1/repos/{repository}/actions/secrets"
