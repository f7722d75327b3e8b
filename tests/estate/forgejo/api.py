"""
The HTTP side of the embedded Forgejo: who may, what is asked, what is answered.

Refusals come in the order of Gitea 1.26.0: token (401), scope (403), sight of the repository (404), ownership (403).
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.estate.core import Clock, act_as, json_body
from tests.estate.forgejo.model import Account, Organization, Repository, Scope, Secret, Token

if TYPE_CHECKING:
    from tests.estate.forgejo import Forgejo

type_of_scope = {"repo": "repository", "org": "organization", "user": "user"}

Handler = Callable[["Forgejo", Request, str], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]

METHODS = ["GET", "POST", "PUT", "DELETE"]
NOT_FOUND = "The target couldn't be found."
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
RESERVED = ("GITHUB_", "GITEA_", "FORGEJO_")
LONGEST = 65536
PAGE, LARGEST_PAGE = 30, 50


class Refusal(Exception):
    """An answer that ends the request: a status and the vendor's sentence."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message

    def response(self, forgejo: Forgejo) -> Response:
        """Return the vendor's error body."""
        return JSONResponse({"message": self.message, "url": f"{forgejo.url}/api/swagger"}, self.status)


class Moved(Refusal):
    """
    A repository has another name now: 301 to the same request under that name. For an organization or user it is 307.
    """

    def __init__(self, location: str, status: int = 301) -> None:
        super().__init__(status, "")
        self.location = location

    def response(self, forgejo: Forgejo) -> Response:
        """Return the redirect, relative as the vendor writes it."""
        return Response(status_code=self.status, headers={"location": self.location})


def second(clock: Clock) -> str:
    """Return now to the second, in UTC."""
    return clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")


def in_zone(forgejo: Forgejo, moment: str) -> str:
    """Write a time in the server's zone: the same instant, and another text."""
    if forgejo.zone is None:
        return moment
    return datetime.fromisoformat(moment).astimezone(forgejo.zone).isoformat(timespec="seconds")


async def version(forgejo: Forgejo, request: Request, kind: str) -> Response:
    """Answer the version, which needs no token."""
    return JSONResponse({"version": "1.26.0" if forgejo.flavour == "gitea" else "14.0.0+gitea-1.22.0"})


async def repository(forgejo: Forgejo, request: Request, kind: str) -> Response:
    """Answer a repository to whoever sees it: its owners and its collaborators; it is private."""
    token = _token(forgejo, request, needed=False)
    if token is not None:
        _check_scope(token, "repository", reading=True)
    repo = _repository(forgejo, request)
    role = _role(forgejo, token, repo) if token else ""
    if not role:
        raise Refusal(404, NOT_FOUND)
    admin, write = role in ("owner", "admin"), role in ("owner", "admin", "write")
    return JSONResponse(
        {
            "id": repo.id,
            "owner": {"login": repo.owner},
            "name": repo.name,
            "full_name": f"{repo.owner}/{repo.name}",
            "private": True,
            "archived": repo.archived,
            "has_actions": repo.has_actions,
            "url": f"{forgejo.url}/api/v1/repos/{repo.owner}/{repo.name}",
            "html_url": f"{forgejo.url}/{repo.owner}/{repo.name}",
            "permissions": {"admin": admin, "push": write, "pull": True},
        }
    )


async def organization(forgejo: Forgejo, request: Request, kind: str) -> Response:
    """Answer an organization, which is public, to any token with the scope."""
    token = _token(forgejo, request)
    assert token is not None  # it was demanded
    _check_scope(token, "organization", reading=True)
    org = _organization(forgejo, request)
    return JSONResponse({"id": org.id, "name": org.name, "username": org.name, "full_name": "", "visibility": "public"})


async def user(forgejo: Forgejo, request: Request, kind: str) -> Response:
    """Answer whose token it is."""
    token = _token(forgejo, request)
    assert token is not None  # it was demanded
    _check_scope(token, "user", reading=True)
    account = forgejo.users[token.user]
    return JSONResponse({"id": account.id, "login": account.name, "username": account.name, "full_name": ""})


async def list_secrets(forgejo: Forgejo, request: Request, kind: str) -> Response:
    """Answer one page of names, without values."""
    held = sorted(_enter(forgejo, request, kind).secrets.values(), key=lambda secret: secret.name)
    page = max(_number(request, "page", 1), 1)
    limit = _number(request, "limit", PAGE)
    limit = min(limit if limit > 0 else PAGE, LARGEST_PAGE)
    shown = held[(page - 1) * limit : page * limit]
    rows = [{"name": secret.name, "created_at": in_zone(forgejo, secret.created_at)} for secret in shown]
    headers = {"X-Total-Count": str(len(held))}
    if forgejo.flavour == "gitea":
        rows = [{**row, "description": secret.description} for row, secret in zip(rows, shown, strict=True)]
        if page * limit < len(held):
            base = f"{forgejo.url}{request.url.path}?limit={limit}&page="
            last = -(-len(held) // limit)
            headers["Link"] = f'<{base}{page + 1}>; rel="next",<{base}{last}>; rel="last"'
    return JSONResponse(rows, headers=headers)


async def put_secret(forgejo: Forgejo, request: Request, kind: str) -> Response:
    """Create (201) or update (204) a secret; an update keeps ``created_at``, and the description only if it has one."""
    held = _enter(forgejo, request, kind).secrets
    body = await json_body(request)
    data = body.get("data") if isinstance(body, dict) else None
    if not isinstance(data, str) or not data:
        raise Refusal(422, "[Data]: Required")
    forgejo.secrets.add(data)
    name = _name(forgejo, request)
    if len(data.encode()) > LONGEST:
        raise Refusal(400, "data too long")
    old = held.get(name)
    # Line ends are normalised by the vendor, as for a text area of its own page (read).
    made = Secret(name, data.replace("\r\n", "\n"), old.created_at if old else second(forgejo.clock))
    if forgejo.flavour == "gitea":
        made.description = str(body.get("description") or "")[: forgejo.longest_description]
    held[name] = made
    return Response(status_code=204 if old else 201)


async def delete_secret(forgejo: Forgejo, request: Request, kind: str) -> Response:
    """Delete a secret; an absent one is 404."""
    held = _enter(forgejo, request, kind).secrets
    if held.pop(_name(forgejo, request), None) is None:
        raise Refusal(404, NOT_FOUND)
    return Response(status_code=204)


async def variable(forgejo: Forgejo, request: Request, kind: str) -> Response:
    """Read, create, update or delete a variable: unlike a secret it shows its value."""
    held = _enter(forgejo, request, kind).variables
    name = _name(forgejo, request)
    if request.method == "POST":
        if name in held:
            raise Refusal(409, f"variable already exists [name: {name}]")
        held[name] = await _value(request)
        return Response(status_code=201 if forgejo.flavour == "gitea" else 204)
    if name not in held:
        raise Refusal(404, NOT_FOUND)
    if request.method == "GET":
        return JSONResponse({"owner_id": 0, "repo_id": 0, "name": name, "data": held[name]})
    if request.method == "PUT":
        held[name] = await _value(request)
    else:
        del held[name]
    return Response(status_code=204)


async def _value(request: Request) -> str:
    body = await json_body(request)
    value = body.get("value") if isinstance(body, dict) else None
    if not isinstance(value, str) or not value:
        raise Refusal(422, "[Value]: Required")
    return value


def _name(forgejo: Forgejo, request: Request) -> str:
    """Return the name in upper case, as it is stored; a bad or reserved one is refused."""
    name = str(request.path_params["name"]).upper()
    reserved = name.startswith(RESERVED) or (forgejo.flavour == "gitea" and name == "CI")
    if reserved or not NAME.fullmatch(name):
        raise Refusal(400, "invalid variable or secret name")
    return name[: forgejo.longest_name or None]


def _number(request: Request, key: str, otherwise: int) -> int:
    text = request.query_params.get(key, "")
    return int(text) if text.isdigit() else otherwise


def _enter(forgejo: Forgejo, request: Request, kind: str) -> Scope:
    """Return what holds the secrets if the caller may touch it, else refuse in the vendor's order."""
    token = _token(forgejo, request)
    assert token is not None  # it was demanded
    _check_scope(token, type_of_scope[kind], request.method == "GET")
    user = forgejo.users[token.user]
    if kind == "user":
        return user
    if kind == "org":
        org = _organization(forgejo, request)
        if token.user not in org.owners and not user.is_admin:
            raise Refusal(403, "Must be an organization owner")
        return org
    repo = _repository(forgejo, request)
    role = _role(forgejo, token, repo)
    if role == "owner":
        return repo
    # A collaborator sees the repository and is told why not; to anybody else it does not exist.
    if role:
        raise Refusal(403, "user should be the owner of the repo")
    raise Refusal(404, NOT_FOUND)


def enter_repository(forgejo: Forgejo, request: Request, roles: tuple[str, ...]) -> Repository:
    """Return the repository if the caller has one of these *roles* in it, else refuse in the vendor's order."""
    token = _token(forgejo, request)
    assert token is not None  # it was demanded
    _check_scope(token, "repository", request.method == "GET")
    repo = _repository(forgejo, request)
    role = _role(forgejo, token, repo)
    if not role:
        raise Refusal(404, NOT_FOUND)
    if role not in roles:
        raise Refusal(403, "user should have a permission to write to a repo")
    return repo


def _token(forgejo: Forgejo, request: Request, needed: bool = True) -> Token | None:
    """Return the caller's token; one that is not good is always refused, and none at all where one is *needed*."""
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    token = forgejo.tokens.get(text) if scheme.lower() in ("token", "bearer") else None
    if token is not None:
        act_as(request, token.user)
    elif needed or text:
        raise Refusal(401, "invalid username, password or token" if text else "token is required")
    return token


def _repository(forgejo: Forgejo, request: Request) -> Repository:
    """Return the repository of that address, or lead to where it is now. The redirect asks for no right (read)."""
    owner, name = request.path_params["owner"], request.path_params["repo"]
    _lead_on(forgejo, request, owner)
    repo = forgejo.repos.get((owner.lower(), name.lower()))
    if repo is not None:
        return repo
    moved = forgejo.moved.get((owner.lower(), name.lower()))
    now = [known for known in forgejo.repos.values() if known.id == moved]
    if not now:
        raise Refusal(404, NOT_FOUND)
    path = request.url.path.replace(f"/{owner}/{name}", f"/{now[0].owner}/{now[0].name}", 1)
    raise Moved(path + (f"?{request.url.query}" if request.url.query else ""))


def _organization(forgejo: Forgejo, request: Request) -> Organization:
    """Return the organization of that name, or lead to its new name."""
    name = request.path_params["org"]
    _lead_on(forgejo, request, name)
    org = forgejo.orgs.get(name.lower())
    if org is None:
        raise Refusal(404, NOT_FOUND)
    return org


def _lead_on(forgejo: Forgejo, request: Request, owner: str) -> None:
    """
    Lead to an owner's new name with 307, by Gitea's rule: what is first spelled like the old name in the whole path is
    replaced, also where that is another part of it (run, 1.26.0).
    """
    moved = forgejo.moved_owners.get(owner.lower())
    owners: list[Organization | Account] = [*forgejo.orgs.values(), *forgejo.users.values()]
    now = [one for one in owners if one.id == moved]
    if now and owner.lower() not in forgejo.orgs and owner.lower() not in forgejo.users:
        path = request.url.path.replace(owner, now[0].name, 1)
        raise Moved(path + (f"?{request.url.query}" if request.url.query else ""), 307)


def _role(forgejo: Forgejo, token: Token, repo: Repository) -> str:
    """Return what the token's user is to the repository, empty for nothing; a site admin is as good as its owner."""
    owning_org = forgejo.orgs.get(repo.owner.lower())
    owners = owning_org.owners if owning_org else {repo.owner.lower()}
    if token.user in owners or forgejo.users[token.user].is_admin:
        return "owner"
    return repo.collaborators.get(token.user, "")


def _check_scope(token: Token, category: str, reading: bool) -> None:
    level = "read" if reading else "write"
    enough = {"all", f"write:{category}", f"{level}:{category}"}
    if not token.scopes & enough:
        held = ",".join(sorted(token.scopes))
        wanted = f"required=[{level}:{category}], token scope={held}"
        raise Refusal(403, f"token does not have at least one of required scope(s), {wanted}")
