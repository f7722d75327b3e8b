"""
Forgejo's and Gitea's Actions secrets: write, delete, and the little that can be seen of them. HTTP only.

Measured on Gitea 1.26.0, and for a repository on Forgejo 8.0.2: a value is never shown, and `created_at` stays the same
when a value is overwritten. Before Forgejo 9 and Gitea 1.23 a repository's secret also had its owner's number, so that
one of the owner could be written over it (read in Forgejo's source; the answers of 8.0.2 fit).
"""

from __future__ import annotations

import contextlib
import itertools

import httpx
import pydantic
import stamina

from components.clients.credentials import EnvironmentToken, Token
from components.clients.http import Advice, Api

_PAGE = 50  # the most that is given in one page


def _advice(token: str) -> Advice:
    return Advice(
        {
            400: "the name is reserved or not a secret's name, or the value is too long",
            401: f"check {token}",
            403: f"{token} needs the scope write:repository (read:repository to preview), write:organization or "
            "write:user for such a place, and must be its owner's",
            404: f"no such repository, organization or user, or {token} may not see it",
            405: "it is archived, or this server is too old for Actions secrets",
        }
    )


def _canary_advice(token: str) -> Advice:
    return Advice(
        {
            204: "this server is too old to say which run it started: it cannot have a canary",
            403: f"{token} needs the scope write:repository to start a workflow",
            404: "no such workflow on that branch, or Actions are off in that repository",
            422: "the workflow has no workflow_dispatch trigger, or there is no such branch",
        }
    )


# Forgejo puts the end of a run into its status, Gitea into a conclusion beside it.
_RUNNING = frozenset({"queued", "waiting", "blocked", "running", "in_progress", "completed", "unknown"})


class _UnfinishedError(Exception):
    """
    The run goes on.
    """


class _Started(pydantic.BaseModel):
    id: int = pydantic.Field(validation_alias=pydantic.AliasChoices("workflow_run_id", "id"))


class _Run(pydantic.BaseModel):
    status: str
    conclusion: str | None = None

    @property
    def end(self) -> str:
        """
        How the run ended; empty while it goes on.
        """
        return self.conclusion or ("" if self.status in _RUNNING else self.status)


class Secret(pydantic.BaseModel):
    """
    What can be seen of a secret.
    """

    name: str
    created_at: pydantic.AwareDatetime


def place_of(scope: str) -> str:
    """
    Name a place as people do, without the API's word for its kind.
    """
    return scope.removeprefix("repos/").removeprefix("orgs/")


class Forgejo:
    """
    One server. A scope is the path of a place: `repos/<owner>/<name>`, `orgs/<name>`, or `user`, the token's own. The
    *token*, with the scheme `token`, is in FORGEJO_TOKEN if nothing else is said.
    """

    def __init__(self, url: str, transport: httpx.BaseTransport | None = None, *, token: Token | None = None) -> None:
        self.api = Api("Forgejo", url, transport=transport)
        self._auth = token or EnvironmentToken("FORGEJO_TOKEN", "the token of the repository's owner", "token")
        self._advice = _advice(self._auth.name)
        self._canary_advice = _canary_advice(self._auth.name)

    def secret(self, scope: str, name: str) -> Secret | None:
        """
        Return the secret *name* of *scope*, None if there is none. Read-only; one request for 50 secrets.

        A user's own secrets cannot be listed: do not ask for those.
        """
        path = self._path(scope)
        seen: set[str] = set()
        for page in itertools.count(1):
            response = self.api.call(
                "GET",
                path,
                whose=place_of(scope),
                auth=self._auth,
                advice=self._advice,
                params={"page": str(page), "limit": str(_PAGE)},
            )
            secrets = {one.name.upper(): one for one in self.api.parse(response, path, place_of(scope), list[Secret])}
            if name.upper() in secrets:
                return secrets[name.upper()]
            # A server may give smaller pages than were asked for, and a proxy the same page again: the end is where
            # the count says, or where nothing new comes.
            total = response.headers.get("x-total-count", "")
            if secrets.keys() <= seen or (total.isdecimal() and len(seen | secrets.keys()) >= int(total)):
                break
            seen |= secrets.keys()
        return None

    def publish(self, scope: str, name: str, value: str) -> None:
        """
        Write the secret, made if it is not there. May be repeated.
        """
        path = f"{self._path(scope)}/{name}"
        body = {"data": value}
        self.api.call(
            "PUT",
            path,
            whose=place_of(scope),
            auth=self._auth,
            advice=self._advice,
            repeat=True,
            json=body,
            expect=(201, 204),
        )

    def delete(self, scope: str, name: str) -> None:
        """
        Delete the secret; one that is not there is no error.
        """
        path = f"{self._path(scope)}/{name}"
        self.api.call(
            "DELETE", path, whose=place_of(scope), auth=self._auth, advice=self._advice, repeat=True, expect=(204, 404)
        )

    def run_workflow(self, repository: str, workflow: str, ref: str, seconds: float) -> str:
        """
        Start a workflow and wait for its end; return its conclusion ("success", "failure", …), or "unfinished" if it
        has none after *seconds*. Sent once: a repeat would start it twice.

        Measured on Gitea 1.26.0, which names the run when asked to; Forgejo's own way of asking was read.
        """
        path = f"/api/v1/repos/{repository}/actions/workflows/{workflow}/dispatches"
        started = self.api.call(
            "POST",
            path,
            whose=repository,
            auth=self._auth,
            advice=self._canary_advice,
            params={"return_run_details": "true"},
            json={"ref": ref, "return_run_info": True},
            expect=(200, 201),
        )
        run = self.api.parse(started, path, repository, _Started)
        path = f"/api/v1/repos/{repository}/actions/runs/{run.id}"
        with contextlib.suppress(_UnfinishedError):
            for attempt in stamina.retry_context(
                on=_UnfinishedError, attempts=None, timeout=seconds, wait_initial=0.5, wait_max=10
            ):
                with attempt:
                    answer = self.api.call("GET", path, whose=repository, auth=self._auth, advice=self._canary_advice)
                    conclusion = self.api.parse(answer, path, repository, _Run).end
                    if not conclusion:
                        raise _UnfinishedError
                    return conclusion
        return "unfinished"

    @staticmethod
    def _path(scope: str) -> str:
        return f"/api/v1/{scope}/actions/secrets"
