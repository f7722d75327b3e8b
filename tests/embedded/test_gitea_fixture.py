"""
What the clients and the embedded forge believe of Actions secrets, asked of a real Gitea.

A fact that changes here has changed for users: the embedded forge and the client follow.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from typing import Any

import httpx
import pytest

from tests.gitea import Gitea, gitea_or_skip

# One server for the file, also when several processes share the tests.
pytestmark = pytest.mark.xdist_group("gitea")

_numbers = count(1)


@pytest.fixture(scope="module")
def gitea(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gitea]:
    """A running Gitea with the users *owner* and *other*, and *owner*'s organization *acme*."""
    with Gitea.start(gitea_or_skip(), tmp_path_factory.mktemp("gitea")) as server:
        server.create_user("owner")
        server.create_user("other")
        server.create_org("acme", "owner")
        yield server


@dataclass
class Forge:
    """A repository of *owner* for one test, and requests with a token of one's choice."""

    gitea: Gitea
    repo: str
    token: str

    @property
    def secrets(self) -> str:
        """The path of the repository's secrets."""
        return f"/repos/owner/{self.repo}/actions/secrets"

    def ask(
        self, method: str, path: str, *, token: str | None = None, scheme: str = "token", **kw: Any
    ) -> httpx.Response:
        """Returns the answer to one request with *token*, else with the owner's."""
        headers = {"Authorization": f"{scheme} {self.token if token is None else token}"}
        return httpx.request(method, f"{self.gitea.url}/api/v1{path}", headers=headers, trust_env=False, **kw)

    def put(self, name: str, value: str = "s3cret", **kw: Any) -> httpx.Response:
        """Returns the answer to writing one secret of the repository."""
        return self.ask("PUT", f"{self.secrets}/{name}", json={"data": value}, **kw)

    def created_at(self, name: str) -> str:
        """Returns when the forge says that secret was created."""
        return str(next(s["created_at"] for s in self.ask("GET", self.secrets).json() if s["name"] == name))


@pytest.fixture
def forge(gitea: Gitea) -> Forge:
    """A new repository of *owner*, and a token of the least scope that writes its secrets."""
    repo = f"repo-{next(_numbers)}"
    gitea.create_repo("owner", repo)
    return Forge(gitea, repo, gitea.token("owner", ["write:repository"]))


def age_secrets(gitea: Gitea, seconds: int) -> None:
    """Makes every secret older: the forge counts in seconds, and no test waits for one."""
    with closing(sqlite3.connect(gitea.folder / "gitea.db", timeout=10)) as database, database:
        database.execute("UPDATE secret SET created_unix = created_unix - ?", (seconds,))


def test_put_creates_then_updates(forge: Forge) -> None:
    """201 the first time, 204 after that, both without a body."""
    first, second = forge.put("KEY", "one"), forge.put("KEY", "two")
    assert (first.status_code, first.content) == (201, b"")
    assert (second.status_code, second.content) == (204, b"")


def test_update_leaves_created_at_as_it_was(forge: Forge) -> None:
    """An overwritten value cannot be seen from outside."""
    forge.put("KEY", "one")
    age_secrets(forge.gitea, 3600)
    before = forge.created_at("KEY")
    assert forge.put("KEY", "two").status_code == 204
    assert forge.created_at("KEY") == before


def test_deletion_and_recreation_show_in_created_at(forge: Forge) -> None:
    """The one change by somebody else that can be seen, beside absence."""
    forge.put("KEY")
    age_secrets(forge.gitea, 3600)
    before = forge.created_at("KEY")
    assert forge.ask("DELETE", f"{forge.secrets}/KEY").status_code == 204
    forge.put("KEY")
    assert forge.created_at("KEY") > before


def test_value_is_never_in_an_answer(forge: Forge) -> None:
    """The list has name, date and description, and that is all there is to read."""
    forge.put("KEY", "not-to-be-read")
    listed = forge.ask("GET", forge.secrets)
    assert {key for secret in listed.json() for key in secret} <= {"name", "created_at", "description"}
    assert "not-to-be-read" not in listed.text
    assert forge.ask("GET", f"{forge.secrets}/KEY").status_code in {404, 405}


def test_names_are_upper_case_and_found_in_any_case(forge: Forge) -> None:
    """`Key` is stored as `KEY`, and is the same secret as `key`."""
    assert forge.put("Key").status_code == 201
    assert forge.gitea.secrets("owner", forge.repo) == ["KEY"]
    assert forge.put("key").status_code == 204
    assert forge.ask("DELETE", f"{forge.secrets}/kEy").status_code == 204


@pytest.mark.parametrize("name", ["1KEY", "A-B", "A.B", "GITHUB_KEY", "gitea_key", "CI"])
def test_bad_or_reserved_name_is_refused(forge: Forge, name: str) -> None:
    """400, and a message that does not say what is wrong with the name."""
    answer = forge.put(name)
    assert answer.status_code == 400
    assert answer.json()["message"] == "invalid variable or secret name"


@pytest.mark.parametrize("body", [{"data": ""}, {}], ids=["empty", "missing"])
def test_empty_value_is_refused(forge: Forge, body: dict[str, str]) -> None:
    """422 before anything is written."""
    answer = forge.ask("PUT", f"{forge.secrets}/KEY", json=body)
    assert answer.status_code == 422
    assert "[Data]: Required" in answer.json()["message"]
    assert forge.gitea.secrets("owner", forge.repo) == []


def test_value_over_64_kib_is_refused(forge: Forge) -> None:
    """65536 bytes are taken, one more is not."""
    assert forge.put("KEY", "x" * 65536).status_code == 201
    answer = forge.put("KEY", "x" * 65537)
    assert answer.status_code == 400
    assert "data too long" in answer.json()["message"]


def test_delete_of_absent_secret_is_404(forge: Forge) -> None:
    """Absent is told apart from deleted."""
    assert forge.ask("DELETE", f"{forge.secrets}/KEY").status_code == 404


def test_list_comes_in_pages(forge: Forge) -> None:
    """30 by default, 50 at most whatever is asked for, and the total in a header."""
    for number in range(52):
        forge.gitea.put_secret("owner", forge.repo, f"KEY_{number}", "x")
    default = forge.ask("GET", forge.secrets)
    assert (len(default.json()), default.headers["X-Total-Count"]) == (30, "52")
    assert 'rel="next"' in default.headers["Link"]
    pages = [forge.ask("GET", forge.secrets, params={"page": page, "limit": 100}).json() for page in (1, 2, 3)]
    assert [len(page) for page in pages] == [50, 2, 0]
    assert len({secret["name"] for page in pages for secret in page}) == 52
    assert len(forge.gitea.secrets("owner", forge.repo)) == 52


def test_both_authorization_schemes_are_taken(forge: Forge) -> None:
    """`token` is the forge's own, `Bearer` the usual one."""
    assert forge.put("KEY", scheme="token").status_code == 201
    assert forge.put("KEY", scheme="Bearer").status_code == 204


@pytest.mark.parametrize("scope", ["read:repository", "write:organization"])
def test_wrong_scope_is_403_and_names_the_right_one(forge: Forge, scope: str) -> None:
    """The answer says which scope is missing."""
    answer = forge.put("KEY", token=forge.gitea.token("owner", [scope]))
    assert answer.status_code == 403
    message = "token does not have at least one of required scope(s), required=[write:repository]"
    assert answer.json()["message"].startswith(message)


def test_read_scope_lists(forge: Forge) -> None:
    """A preview gets by with `read:repository`."""
    forge.put("KEY")
    answer = forge.ask("GET", forge.secrets, token=forge.gitea.token("owner", ["read:repository"]))
    assert [secret["name"] for secret in answer.json()] == ["KEY"]


def test_collaborator_who_is_admin_is_403(forge: Forge) -> None:
    """Secrets are the owner's: the highest permission on the repository is not enough."""
    forge.gitea.add_collaborator(f"owner/{forge.repo}", "other", "admin")
    answer = forge.put("KEY", token=forge.gitea.token("other", ["write:repository"]))
    assert answer.status_code == 403
    assert "user should be the owner of the repo" in answer.json()["message"]


def test_bad_token_is_401(forge: Forge) -> None:
    """A token nobody issued."""
    assert forge.put("KEY", token="0" * 40).status_code == 401


def test_no_access_and_no_repository_are_the_same_404(forge: Forge) -> None:
    """Whoever may not see a repository is not told that it exists."""
    hidden = forge.put("KEY", token=forge.gitea.token("other", ["write:repository"]))
    missing = forge.ask("PUT", "/repos/owner/nowhere/actions/secrets/KEY", json={"data": "x"})
    assert (hidden.status_code, missing.status_code) == (404, 404)


def test_organization_has_its_own_secrets_and_scope(forge: Forge) -> None:
    """The same calls under `/orgs`, with the scope of organizations."""
    path, token = "/orgs/acme/actions/secrets", forge.gitea.token("owner", ["write:organization"])
    body = {"data": "x"}
    assert forge.ask("PUT", f"{path}/KEY", json=body).status_code == 403
    assert forge.ask("PUT", f"{path}/KEY", json=body, token=token).status_code == 201
    assert forge.ask("PUT", f"{path}/KEY", json=body, token=token).status_code == 204
    assert [secret["name"] for secret in forge.ask("GET", path, token=token).json()] == ["KEY"]
    assert forge.ask("DELETE", f"{path}/KEY", token=token).status_code == 204


def test_user_secrets_cannot_be_listed(forge: Forge) -> None:
    """PUT and DELETE only: their absence cannot be seen."""
    path, token = "/user/actions/secrets", forge.gitea.token("owner", ["write:user"])
    assert forge.ask("PUT", f"{path}/KEY", json={"data": "x"}, token=token).status_code == 201
    assert forge.ask("GET", path, token=token).status_code in {404, 405}
    assert forge.ask("DELETE", f"{path}/KEY", token=token).status_code == 204


def test_variables_can_be_read(forge: Forge) -> None:
    """Unlike secrets: POST makes one, PUT changes it, and GET tells."""
    path = f"/repos/owner/{forge.repo}/actions/variables/COLOUR"
    assert forge.ask("GET", path).status_code == 404
    assert forge.ask("POST", path, json={"value": "red"}).status_code == 201
    assert forge.ask("POST", path, json={"value": "red"}).status_code == 409
    assert forge.ask("PUT", path, json={"value": "blue"}).status_code == 204
    assert forge.ask("GET", path).json()["data"] == "blue"
