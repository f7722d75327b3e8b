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
        403: "FORGEJO_TOKEN needs the scope write:repository, write:organization or write:user for that kind of place "
        "(read: to preview), and must be its owner's",
        404: "no such repository or organization, or FORGEJO_TOKEN may not see it",
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
    One server. A scope is the path of a place: `repos/<owner>/<name>`, `orgs/<name>`, or `user`, the token's own.
    """

    def __init__(self, url: str, transport: httpx.BaseTransport | None = None) -> None:
        self.api = Api("Forgejo", url, transport=transport)
        self._auth = EnvironmentToken("FORGEJO_TOKEN", "the token of the repository's owner", scheme="token")

    def secret(self, scope: str, name: str) -> Secret | None:
        """
        Return the secret *name* of *scope*, None if there is none. Read-only; one request for 50 secrets.

        A user's own secrets cannot be listed (Gitea 1.26.0): do not ask for those.
        """
        path = self._path(scope)
        seen = 0
        for page in itertools.count(1):
            response = self.api.call(
                "GET",
                path,
                whose=scope,
                auth=self._auth,
                advice=_ADVICE,
                params={"page": str(page), "limit": str(_PAGE)},
            )
            secrets = self.api.parse(response, path, scope, list[Secret])
            for secret in secrets:
                if secret.name.upper() == name.upper():
                    return secret
            # A server may give smaller pages than were asked for: only its count, or an empty page, is the end.
            seen += len(secrets)
            if not secrets or seen >= int(response.headers.get("x-total-count", seen + 1)):
                break
        return None

    def publish(self, scope: str, name: str, value: str) -> None:
        """
        Write the secret, made if it is not there. May be repeated.
        """
        path = f"{self._path(scope)}/{name}"
        body = {"data": value}
        self.api.call(
            "PUT", path, whose=scope, auth=self._auth, advice=_ADVICE, repeat=True, json=body, expect=(201, 204)
        )

    def delete(self, scope: str, name: str) -> None:
        """
        Delete the secret; one that is not there is no error.
        """
        path = f"{self._path(scope)}/{name}"
        self.api.call("DELETE", path, whose=scope, auth=self._auth, advice=_ADVICE, repeat=True, expect=(204, 404))

    @staticmethod
    def _path(scope: str) -> str:
        return f"/api/v1/{scope}/actions/secrets"
