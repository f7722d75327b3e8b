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

from ..http.api import Advice, Api
from ..http.connections import shared
from ..onepassword.reference import token
from ..settings.place import Place
from ..settings.reference import StoredToken

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


class Forgejo:
    """
    One server.

    Args:
        stored: where its token is kept in 1Password; without it, FORGEJO_TOKEN has the token.
    """

    def __init__(
        self, url: str, stored: StoredToken | None = None, *, transport: httpx.BaseTransport | None = None
    ) -> None:
        self.api = Api("Forgejo", url, transport=transport)
        self._auth = token("FORGEJO_TOKEN", "the token of the repository's owner", stored, "token")
        self._advice = _advice(self._auth.name)
        self._canary_advice = _canary_advice(self._auth.name)

    def close(self) -> None:
        """
        Close the connections.
        """
        self.api.close()

    def secret(self, place: Place) -> Secret | None:
        """
        Return the secret at *place*, None if there is none. Read-only; one request for 50 secrets.

        A user's own secrets cannot be listed: do not ask for those.
        """
        path, whose, name = _path(place), _holder(place), place.path[-1].upper()
        seen: set[str] = set()
        for page in itertools.count(1):
            response = self.api.call(
                "GET",
                path,
                whose=whose,
                auth=self._auth,
                advice=self._advice,
                params={"page": str(page), "limit": str(_PAGE)},
            )
            secrets = {one.name.upper(): one for one in self.api.parse(response, path, whose, list[Secret])}
            if name in secrets:
                return secrets[name]
            # A server may give smaller pages than were asked for, and a proxy the same page again: the end is where
            # the count says, or where nothing new comes.
            total = response.headers.get("x-total-count", "")
            if secrets.keys() <= seen or (total.isdecimal() and len(seen | secrets.keys()) >= int(total)):
                break
            seen |= secrets.keys()
        return None

    def publish(self, place: Place, value: str) -> None:
        """
        Write the secret, made if it is not there. May be repeated.
        """
        self._write("PUT", place, {"data": value}, (201, 204))

    def delete(self, place: Place) -> None:
        """
        Delete the secret; one that is not there is no error.
        """
        self._write("DELETE", place, None, (204, 404))

    def _write(self, method: str, place: Place, body: dict[str, str] | None, expect: tuple[int, ...]) -> None:
        self.api.call(
            method,
            f"{_path(place)}/{place.path[-1]}",
            whose=_holder(place),
            auth=self._auth,
            advice=self._advice,
            repeat=True,
            json=body,
            expect=expect,
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


def _holder(place: Place) -> str:
    """
    Name what the secret belongs to.
    """
    return "/".join(place.path[:-1]) or "the token's user"


def _path(place: Place) -> str:
    """
    Return the path of the secrets that the one at *place* is among.
    """
    match place.kind:
        case "repository":
            scope = f"repos/{_holder(place)}"
        case "organization":
            scope = f"orgs/{_holder(place)}"
        case "user":
            scope = "user"
        case "field":
            msg = f"{place} is no secret"
            raise ValueError(msg)
    return f"/api/v1/{scope}/actions/secrets"


def forgejo_at(url: str, stored: StoredToken | None = None) -> Forgejo:
    """
    Return this process's client of the Forgejo or Gitea server at *url*.
    """
    return shared(Forgejo, url, stored)
