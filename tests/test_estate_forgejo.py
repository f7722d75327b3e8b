"""
The embedded Forgejo keeps the contract's facts about Actions secrets. Measured on Gitea 1.26.0, read for Forgejo.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.estate import Estate

SECRETS = "/repos/eblume/blumeops/actions/secrets"


@pytest.fixture
def estate() -> Iterator[Estate]:
    """A Forgejo alone."""
    with Estate.start(only=("forgejo",)) as estate:
        yield estate


def ask(estate: Estate, method: str, path: str, token: str | None = None, **rest: Any) -> httpx.Response:
    """Call the API."""
    headers = {"Authorization": f"token {token or estate.env['FORGEJO_TOKEN']}"}
    return httpx.request(method, f"{estate.forgejo.url}/api/v1{path}", headers=headers, trust_env=False, **rest)


def put(estate: Estate, name: str, data: Any = "a secret value", token: str | None = None) -> httpx.Response:
    """Store a secret of the repository."""
    return ask(estate, "PUT", f"{SECRETS}/{name}", token, json={"data": data})


def test_a_secret_is_created_updated_and_never_shown(estate: Estate) -> None:
    """201, then 204, both empty; created_at stays, and no answer holds the value."""
    made = put(estate, "KEY", "the first value")
    [before] = ask(estate, "GET", SECRETS).json()
    estate.clock.advance(days=1)
    changed = put(estate, "KEY", "the second value")
    listed = ask(estate, "GET", SECRETS)
    assert [(answer.status_code, answer.content) for answer in (made, changed)] == [(201, b""), (204, b"")]
    assert listed.json() == [before]
    assert set(before) == {"name", "created_at"}
    assert "value" not in listed.text
    assert estate.forgejo.value("eblume", "blumeops", "KEY") == "the second value"
    assert {"the first value", "the second value"} <= set(estate.secrets)


def test_deletion_and_re_creation_can_be_seen(estate: Estate) -> None:
    """By created_at, the only thing that ever moves."""
    put(estate, "KEY")
    [before] = ask(estate, "GET", SECRETS).json()
    assert [ask(estate, "DELETE", f"{SECRETS}/KEY").status_code for _ in range(2)] == [204, 404]
    assert ask(estate, "GET", SECRETS).json() == []
    estate.clock.advance(days=1)
    put(estate, "KEY")
    [after] = ask(estate, "GET", SECRETS).json()
    assert before["created_at"] < after["created_at"]


def test_names_are_stored_in_upper_case_and_found_without_case(estate: Estate) -> None:
    """One secret, whatever its spelling."""
    assert [put(estate, name).status_code for name in ("my_key", "My_Key")] == [201, 204]
    assert [one["name"] for one in ask(estate, "GET", SECRETS).json()] == ["MY_KEY"]
    assert ask(estate, "DELETE", f"{SECRETS}/my_KEY").status_code == 204


@pytest.mark.parametrize("name", ["1KEY", "MY-KEY", "GITHUB_X", "gitea_x", "FORGEJO_X", "MY.KEY"])
def test_a_bad_or_reserved_name_is_400(estate: Estate, name: str) -> None:
    """And nothing is stored."""
    answer = put(estate, name)
    assert (answer.status_code, answer.json()["message"]) == (400, "invalid variable or secret name")
    assert ask(estate, "GET", SECRETS).json() == []


def test_ci_is_a_name_on_forgejo_and_reserved_on_gitea(estate: Estate) -> None:
    """One of the differences."""
    assert put(estate, "CI").status_code == 201
    estate.forgejo.flavour = "gitea"
    assert put(estate, "CI").status_code == 400


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [("", 422, "[Data]: Required"), (None, 422, "[Data]: Required"), ("x" * 65537, 400, "data too long")],
    ids=["empty", "missing", "too long"],
)
def test_bad_data_is_refused(estate: Estate, data: Any, status: int, words: str) -> None:
    """Each with its status."""
    answer = put(estate, "KEY", data)
    assert (answer.status_code, answer.json()["message"]) == (status, words)
    assert estate.forgejo.value("eblume", "blumeops", "KEY") is None


def test_lists_come_thirty_at_a_time_and_at_most_fifty(estate: Estate) -> None:
    """X-Total-Count says how many there are; only Gitea adds a Link."""
    for number in range(60):
        estate.forgejo.set_value("eblume", "blumeops", f"KEY_{number:02}", "a secret value")
    pages = [ask(estate, "GET", f"{SECRETS}{query}") for query in ("", "?page=2", "?page=3", "?limit=100")]
    assert [len(page.json()) for page in pages] == [30, 30, 0, 50]
    assert {page.headers["x-total-count"] for page in pages} == {"60"}
    assert "link" not in pages[0].headers
    estate.forgejo.flavour = "gitea"
    first = ask(estate, "GET", SECRETS)
    assert 'rel="next"' in first.headers["link"]
    assert set(first.json()[0]) == {"name", "created_at", "description"}


def test_refusals_come_in_the_vendors_order(estate: Estate) -> None:
    """Token, scope, sight of the repository, ownership."""
    forgejo = estate.forgejo
    forgejo.repos["eblume", "blumeops"].collaborators["helper"] = "admin"
    stranger, helper = forgejo.add_token("stranger"), forgejo.add_token("helper")
    scopeless = forgejo.add_token("stranger", ("read:user",))
    assert put(estate, "KEY", token="guess").status_code == 401
    no_scope = put(estate, "KEY", token=scopeless)
    assert no_scope.status_code == 403
    assert "does not have at least one of required scope(s), required=[write:repository]" in no_scope.json()["message"]
    assert put(estate, "KEY", token=stranger).status_code == 404
    not_owner = put(estate, "KEY", token=helper)
    assert (not_owner.status_code, not_owner.json()["message"]) == (403, "user should be the owner of the repo")
    assert ask(estate, "GET", "/repos/eblume/none/actions/secrets").status_code == 404


def test_a_token_that_reads_does_not_write(estate: Estate) -> None:
    """And one that writes reads."""
    reader = estate.forgejo.add_token("eblume", ("read:repository",))
    assert ask(estate, "GET", SECRETS, reader).status_code == 200
    assert put(estate, "KEY", token=reader).status_code == 403
    assert ask(estate, "GET", SECRETS).status_code == 200


def test_bearer_is_as_good_as_token(estate: Estate) -> None:
    """Both schemes are the vendor's."""
    headers = {"Authorization": f"Bearer {estate.env['FORGEJO_TOKEN']}"}
    assert httpx.get(f"{estate.forgejo.url}/api/v1{SECRETS}", headers=headers).status_code == 200


def test_an_organizations_owners_may_and_its_repositories_too(estate: Estate) -> None:
    """Organization secrets need a scope of their own; who is no owner is refused."""
    forgejo = estate.forgejo
    forgejo.add_org("homelab", owners=("eblume",))
    forgejo.add_repo("homelab", "app")
    scopes = ("write:organization", "write:repository")
    owner, other = forgejo.add_token("eblume", scopes), forgejo.add_token("other", scopes)
    body = {"data": "a secret value"}
    org = "/orgs/homelab/actions/secrets/KEY"
    assert ask(estate, "PUT", org, json=body).status_code == 403
    assert ask(estate, "PUT", org, other, json=body).status_code == 403
    assert ask(estate, "PUT", org, owner, json=body).status_code == 201
    assert forgejo.org_value("homelab", "key") == "a secret value"
    assert ask(estate, "PUT", "/repos/homelab/app/actions/secrets/KEY", owner, json=body).status_code == 201
    assert ask(estate, "GET", "/orgs/none/actions/secrets", owner).status_code == 404


def test_a_users_secrets_are_put_and_deleted_but_not_listed(estate: Estate) -> None:
    """No route lists them."""
    token = estate.forgejo.add_token("eblume", ("write:user",))
    one = "/user/actions/secrets/KEY"
    assert ask(estate, "PUT", one, token, json={"data": "a secret value"}).status_code == 201
    assert estate.forgejo.user_value("eblume", "KEY") == "a secret value"
    assert ask(estate, "GET", "/user/actions/secrets", token).status_code == 404
    assert ask(estate, "DELETE", one, token).status_code == 204


@pytest.mark.parametrize(("flavour", "created"), [("forgejo", 204), ("gitea", 201)])
def test_variables_are_readable(estate: Estate, flavour: str, created: int) -> None:
    """Created once, updated, read, deleted."""
    estate.forgejo.flavour = flavour
    one = "/repos/eblume/blumeops/actions/variables/NAME"
    calls = [("GET", 404), ("POST", created), ("POST", 409), ("PUT", 204), ("GET", 200), ("DELETE", 204), ("GET", 404)]
    body = {"value": "plain"}
    assert [ask(estate, method, one, json=body).status_code for method, _ in calls] == [status for _, status in calls]
