"""
Forgejo's and Gitea's Actions secrets: write, delete, and the little that can be seen of them. HTTP only.

Measured on Gitea 1.26.0: a value is never shown, and `created_at` stays the same when a value is overwritten.
"""

from __future__ import annotations

import itertools
from datetime import datetime

import httpx
import pydantic

from components.clients.credentials import Referenced, Token
from components.clients.http import Advice, Api

_PAGE = 50  # the most that is given in one page


def _advice(token: str) -> Advice:
    return Advice(
        {
            400: "the name is reserved or not a secret's name, or the value is too long",
            401: f"check {token}",
            403: f"{token} needs the scope write:repository (read:repository to preview) and must be its owner's",
            404: f"no such repository, or {token} may not see it",
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
    One server. A repository is named `owner/name`. *token* says where the token is kept, if not in FORGEJO_TOKEN.
    """

    def __init__(
        self, url: str, transport: httpx.BaseTransport | None = None, *, token: Referenced | None = None
    ) -> None:
        self.api = Api("Forgejo", url, transport=transport)
        self._auth = Token("FORGEJO_TOKEN", "the token of the repository's owner", "token", token)
        self._advice = _advice(self._auth.name)

    def secret(self, repository: str, name: str) -> Secret | None:
        """
        Return the secret *name* of *repository*, None if there is none. Read-only; one request for 50 secrets.
        """
        path = self._path(repository)
        seen = 0
        for page in itertools.count(1):
            response = self.api.call(
                "GET",
                path,
                whose=repository,
                auth=self._auth,
                advice=self._advice,
                params={"page": str(page), "limit": str(_PAGE)},
            )
            secrets = self.api.parse(response, path, repository, list[Secret])
            for secret in secrets:
                if secret.name.upper() == name.upper():
                    return secret
            # A server may give smaller pages than were asked for: only its count, or an empty page, is the end.
            seen += len(secrets)
            if not secrets or seen >= int(response.headers.get("x-total-count", seen + 1)):
                break
        return None

    def publish(self, repository: str, name: str, value: str) -> None:
        """
        Write the secret, made if it is not there. May be repeated.
        """
        path = f"{self._path(repository)}/{name}"
        body = {"data": value}
        self.api.call(
            "PUT",
            path,
            whose=repository,
            auth=self._auth,
            advice=self._advice,
            repeat=True,
            json=body,
            expect=(201, 204),
        )

    def delete(self, repository: str, name: str) -> None:
        """
        Delete the secret; one that is not there is no error.
        """
        path = f"{self._path(repository)}/{name}"
        self.api.call(
            "DELETE", path, whose=repository, auth=self._auth, advice=self._advice, repeat=True, expect=(204, 404)
        )

    @staticmethod
    def _path(repository: str) -> str:
        return f"/api/v1/repos/{repository}/actions/secrets"
