"""
Forgejo's and Gitea's Actions secrets: write, delete, and list, without values. HTTP only.

Measured on Gitea 1.26.0, and for a repository on Forgejo 8.0.2: a value is never shown, and `created_at` stays the same
when a value is overwritten. Before Forgejo 9 and Gitea 1.23 a repository's secret also had its owner's number, so a
write could hit a secret of the owner (read in Forgejo's source; the answers of 8.0.2 fit).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import partial
from typing import Any

import httpx

from ..dynamic.errors import NotOursError
from ..http.api import Advice, Api
from ..http.connections import shared
from ..http.errors import MovedError, NotFoundError
from ..http.once import Once
from ..onepassword.reference import token
from ..settings.place import Place
from ..settings.server import ForgejoServer
from .description import marked
from .model import Before, Page
from .model import Owner as Owner
from .model import Secret as Secret
from .own_answers import OWN_ANSWERS
from .redirects import new_name
from .workflows import Workflows

_PAGE = 50  # the server's largest page
# A run can wait an hour for a canary, and a list is out of date after that.
_SECONDS = 60.0
_REDIRECTS = (301, 302, 307, 308)


def _advice(token: str) -> Advice:
    return Advice(
        {
            400: "the name is reserved or not a secret's name, or the value is too long",
            401: f"check {token}",
            403: f"{token} needs the scope write:repository (read:repository to preview), write:organization or "
            "write:user for such a place, and must be its owner's",
            404: f"no such repository, organization or user, or {token} may not see it",
        }
    )


class Forgejo:
    """
    One server. If its token is not in 1Password, the variable FORGEJO_TOKEN has it, or FORGEJO_TOKEN_<NAME> for a
    server with a name. Messages contain the server's name, and call the token *token_name*.
    """

    def __init__(self, server: ForgejoServer, *, transport: httpx.BaseTransport | None = None) -> None:
        self.api = Api(f"Forgejo {server.name}".rstrip(), server.url, own_answers=OWN_ANSWERS, transport=transport)
        self._auth = token(server.variable, "the token of the repository's owner", server.token, "token")
        self.token_name = self._auth.name
        self._advice = _advice(self._auth.name)
        self.workflows = Workflows(self.api, self._auth)
        self._owners: Once[str, Owner] = Once()
        self._pages: Once[tuple[str, int], Page] = Once(_SECONDS)

    def close(self) -> None:
        """
        Close the connections.
        """
        self.api.close()

    def owner(self, place: Place) -> Owner:
        """
        Return the repository, organization or user of the secret at *place*. Read-only; asked once in a process.

        Raises:
            NotFoundError: it does not exist, or it is an archived repository.
            MovedError: it has another name now.
        """
        found = self.any_owner(place)
        if found.archived:
            hint = "take it out of the archive, or out of the settings"
            msg = f"{self.api.system} repository {_holder(place)} is archived, so nothing in it reads a secret; {hint}"
            raise NotFoundError(msg, brief=f"the repository is archived; {hint}")
        return found

    def any_owner(self, place: Place) -> Owner:
        """
        Return the same, also an archived repository, whose secrets can be deleted.

        Raises:
            NotFoundError, MovedError: as *owner* does.
        """
        return self._owners.get(_scope(place).lower(), lambda: self._owner(place))

    def _owner(self, place: Place) -> Owner:
        path, whose = f"/api/v1/{_scope(place)}", _holder(place)
        try:
            return self.api.parse(self._call("GET", path, place), path, whose, Owner)
        except NotFoundError as exc:
            brief = f"no such {place.kind} any more, or {self._auth.name} may not see it"
            raise NotFoundError(str(exc), brief=brief) from None

    def ask(self, method: str, path: str, whose: str, advice: Advice, **more: Any) -> httpx.Response:
        """
        Send one request with the server's token, as `Api.call` does.
        """
        return self.api.call(method, path, whose=whose, auth=self._auth, advice=advice, **more)

    def _call(
        self, method: str, path: str, place: Place, expect: tuple[int, ...] = (200,), **more: Any
    ) -> httpx.Response:
        """
        Send one request. A redirect is never followed; one to a new name of the owner raises MovedError.
        """
        whose = _holder(place)
        response = self.ask(method, path, whose, self._advice, expect=(*expect, *_REDIRECTS), **more)
        if response.status_code not in _REDIRECTS:
            return response
        renamed = new_name(response, place)
        if not renamed:
            raise self.api.refusal(response, path, whose, self._advice)
        call = f"{self.api.system} {method} {path} answered {response.status_code} for {whose}"
        msg = f"{call}: it moved to {renamed}; set that name in the settings"
        raise MovedError(msg, new_name=renamed)

    def secret(self, place: Place) -> Secret | None:
        """
        Return the secret at *place*, None if there is none. Read-only; one request lists 50 secrets and serves all
        questions about them for a minute.

        A user's own secrets cannot be listed: do not ask for those.
        """
        name = place.path[-1].upper()
        return next((page.secrets[name] for _, page in self._listed(place) if name in page.secrets), None)

    def published(self, place: Place, *, afresh: bool = False) -> Secret | None:
        """
        Return the secret at *place*, which was just written. A known list without it is read again; with *afresh*, any
        known list is.
        """
        secret = None if afresh else self.secret(place)
        if secret is None:
            self._forget(place)
            secret = self.secret(place)
        return secret

    def names(self, place: Place) -> set[str]:
        """
        Return the names of all secrets in the list that *place* is in. Read-only; asked for as in *secret*.
        """
        return {name for _, page in self._listed(place) for name in page.secrets}

    def _listed(self, place: Place) -> Iterator[tuple[int, Page]]:
        """
        Yield the pages of the list that *place* is in, each with its number; each page is read when it is needed.
        """
        path, seen = _path(place), set[str]()
        for number in itertools.count(1):
            page = self._pages.get((path.lower(), number), partial(self._page, place, number))
            yield number, page
            # A server may send smaller pages than asked for, and a proxy the same page again. So the list ends at the
            # server's count, or at a page with nothing new.
            if page.secrets.keys() <= seen or (
                page.total is not None and len(seen | page.secrets.keys()) >= page.total
            ):
                return
            seen |= page.secrets.keys()

    def _page(self, place: Place, number: int) -> Page:
        path, whose = _path(place), _holder(place)
        response = self._call("GET", path, place, params={"page": str(number), "limit": str(_PAGE)})
        secrets = {one.name.upper(): one for one in self.api.parse(response, path, whose, list[Secret])}
        total = response.headers.get("x-total-count", "")
        return Page(secrets=secrets, total=int(total) if total.isdecimal() else None)

    def insist_on(self, place: Place, owner_id: int | None) -> int:
        """
        Return the number of the owner of the secret at *place*; it has to be *owner_id* if that is known.

        Raises:
            NotOursError: the name belongs to another repository, organization or user now.
        """
        owner = self.owner(place)
        if owner_id is not None and owner.id != owner_id:
            hint = f"if it is meant, set `id: {owner.id}` beside its name in the settings"
            what = f"{self.api.system} {place.kind} {_holder(place)} is not the one that it was"
            msg = f"{what}: its number is {owner.id}, not {owner_id}, and nothing was published there; {hint}"
            raise NotOursError(msg)
        return owner.id

    def publish(self, place: Place, value: str, key_uuid: str = "") -> Before:
        """
        Write the secret, and return what the list showed before. The request may be repeated. Call *insist_on* first,
        since the name may belong to another owner now.

        On a server with descriptions an existing one stays and gets the mark of the key *key_uuid*; a write without a
        description would erase it. The description comes from the list, read at most a minute ago. A user's own secrets
        cannot be listed, so their description is lost.
        """
        before = Before() if place.kind == "user" else self._before(place)
        text = before.description
        if text is not None and key_uuid:
            text = marked(text, key_uuid)
        body = {"data": value} | ({} if text is None else {"description": text})
        if self._write("PUT", place, body, (201, 204)).status_code == httpx.codes.CREATED:
            self._forget(place)
        elif text is not None:
            name = place.path[-1].upper()
            self._pages.amend((_path(place).lower(), before.page), lambda page: page.described(name, text))
        return before

    def _before(self, place: Place) -> Before:
        name, others = place.path[-1].upper(), dict[str, Secret]()
        for number, page in self._listed(place):
            if name in page.secrets:
                return Before(page.secrets[name].description, number)
            others |= page.secrets
        # An empty list does not show whether the server has descriptions; a server without them ignores ours.
        has_some = not others or any(one.description is not None for one in others.values())
        return Before("" if has_some else None, names=frozenset(others))

    def delete(self, place: Place) -> bool:
        """
        Delete the secret, and return whether it existed; a missing secret is no error.
        """
        try:
            return self._write("DELETE", place, None, (204, 404)).status_code == httpx.codes.NO_CONTENT
        finally:
            self._forget(place)

    def _forget(self, place: Place) -> None:
        """
        Forget the list that *place* is in. An overwritten value is no reason to, since a list does not show it.
        """
        path = _path(place).lower()
        self._pages.forget(lambda page: page[0] == path)

    def _write(self, method: str, place: Place, body: dict[str, str] | None, expect: tuple[int, ...]) -> httpx.Response:
        path = f"{_path(place)}/{place.path[-1]}"
        return self._call(method, path, place, expect, repeat=True, json=body)

    def run_workflow(self, repository: str, workflow: str, ref: str, seconds: float) -> str:
        """
        Start a workflow and wait for its end; return its conclusion ("success", "failure", …), or "unfinished" if it
        has none after *seconds*. Sent once: a repeat would start it twice.
        """
        return self.workflows.run_to_its_end(repository, workflow, ref, seconds)


def _holder(place: Place) -> str:
    """
    Return the name of the secret's owner.
    """
    return "/".join(place.path[:-1]) or "the token's user"


def _scope(place: Place) -> str:
    match place.kind:
        case "repository":
            return f"repos/{_holder(place)}"
        case "organization":
            return f"orgs/{_holder(place)}"
        case "user":
            return "user"
        case "field":
            msg = f"{place} is no secret"
            raise ValueError(msg)


def _path(place: Place) -> str:
    """
    Return the path of the list that *place* is in.
    """
    return f"/api/v1/{_scope(place)}/actions/secrets"


def forgejo_at(server: ForgejoServer) -> Forgejo:
    """
    Return this process's client of a Forgejo or Gitea server.
    """
    return shared(Forgejo, server)
