"""
The embedded Forgejo keeps the contract's facts about what happens to a repository: renamed, archived, made again.

Run on Gitea 1.26.0. And there may be two servers.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import httpx
import pytest

from tests.estate import Estate

SECRETS = "/repos/eblume/blumeops/actions/secrets"
REPO = "/repos/eblume/blumeops"


@pytest.fixture
def estate() -> Iterator[Estate]:
    """A Forgejo alone, with a secret."""
    with Estate.start(only=("forgejo",)) as estate:
        estate.forgejo.set_value("eblume", "blumeops", "KEY", "a secret value")
        yield estate


def ask(estate: Estate, method: str, path: str, token: str | None = None, **rest: Any) -> httpx.Response:
    """Call the API."""
    headers = {"Authorization": f"token {token or estate.env['FORGEJO_TOKEN']}"}
    return httpx.request(method, f"{estate.forgejo.url}/api/v1{path}", headers=headers, trust_env=False, **rest)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", REPO),
        ("GET", f"{SECRETS}?page=1&limit=50"),
        ("PUT", f"{SECRETS}/KEY"),
        ("DELETE", f"{SECRETS}/KEY"),
        ("GET", f"{REPO}/actions/variables/NAME"),
    ],
)
def test_a_renamed_repository_answers_301_on_every_method(estate: Estate, method: str, path: str) -> None:
    """Relative, at the new name, with the query; and nothing was done."""
    estate.forgejo.rename("eblume", "blumeops", "homelab", "ops")
    moved = ask(estate, method, path, json={"data": "another value"} if method == "PUT" else None)
    expected = "/api/v1" + path.replace("eblume/blumeops", "homelab/ops")
    assert (moved.status_code, moved.headers["location"]) == (301, expected)
    assert estate.forgejo.value("homelab", "ops", "KEY") == "a secret value"


def test_a_renamed_repository_keeps_its_id_and_its_secrets(estate: Estate) -> None:
    """Also after the second new name, to which the first address leads at once."""
    before = ask(estate, "GET", REPO).json()
    estate.forgejo.rename("eblume", "blumeops", "eblume", "ops")
    estate.forgejo.rename("eblume", "ops", "eblume", "operations")
    assert ask(estate, "GET", REPO).headers["location"] == "/api/v1/repos/eblume/operations"
    after = ask(estate, "GET", "/repos/eblume/operations").json()
    assert (after["id"], after["full_name"]) == (before["id"], "eblume/operations")
    assert [one["name"] for one in ask(estate, "GET", "/repos/eblume/operations/actions/secrets").json()] == ["KEY"]


def test_a_redirect_ends_where_somebody_is_again(estate: Estate) -> None:
    """A new repository at the old address is another one; and what was deleted is led to by nobody."""
    before = ask(estate, "GET", REPO).json()["id"]
    estate.forgejo.rename("eblume", "blumeops", "eblume", "ops")
    estate.forgejo.add_repo("eblume", "blumeops")
    again = ask(estate, "GET", REPO)
    assert (again.status_code, again.json()["id"] == before) == (200, False)
    estate.forgejo.rename("eblume", "blumeops", "eblume", "other")
    estate.forgejo.delete_repo("eblume", "other")
    assert ask(estate, "GET", REPO).status_code == 404


def test_a_redirect_asks_for_a_good_token_first(estate: Estate) -> None:
    """A bad one is 401, one without scope 403, as everywhere."""
    estate.forgejo.rename("eblume", "blumeops", "eblume", "ops")
    scopeless = estate.forgejo.add_token("stranger", ("read:user",))
    assert [ask(estate, "PUT", f"{SECRETS}/KEY", token).status_code for token in ("guess", scopeless)] == [401, 403]


def test_a_repository_that_is_made_again_has_another_id_and_no_secrets(estate: Estate) -> None:
    """In between it is 404."""
    before = ask(estate, "GET", REPO).json()["id"]
    estate.forgejo.delete_repo("eblume", "blumeops")
    assert [ask(estate, "GET", path).status_code for path in (REPO, SECRETS)] == [404, 404]
    estate.forgejo.add_repo("eblume", "blumeops")
    assert ask(estate, "GET", REPO).json()["id"] != before
    assert ask(estate, "GET", SECRETS).json() == []


def test_an_archived_repository_takes_secrets_all_the_same(estate: Estate) -> None:
    """Only the repository itself says so."""
    estate.forgejo.archive_repo("eblume", "blumeops")
    assert ask(estate, "GET", REPO).json()["archived"] is True
    body = {"data": "another value"}
    assert ask(estate, "PUT", f"{SECRETS}/KEY", json=body).status_code == 204
    assert ask(estate, "DELETE", f"{SECRETS}/KEY").status_code == 204
    estate.forgejo.archive_repo("eblume", "blumeops", archived=False)
    assert ask(estate, "GET", REPO).json()["archived"] is False


def test_a_repository_is_shown_to_owners_and_collaborators_only(estate: Estate) -> None:
    """With what each may; to anybody else, and to nobody, it does not exist."""
    forgejo = estate.forgejo
    forgejo.repos["eblume", "blumeops"].collaborators |= {"helper": "admin", "reader": "read"}
    reading = ("read:repository",)
    tokens = [forgejo.add_token(user, reading) for user in ("eblume", "helper", "reader", "stranger")]
    answers = [ask(estate, "GET", REPO, token) for token in tokens]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 404]
    assert [answer.json()["permissions"]["admin"] for answer in answers[:3]] == [True, True, False]
    assert isinstance(answers[0].json()["id"], int)
    assert httpx.get(f"{forgejo.url}/api/v1{REPO}", trust_env=False).status_code == 404
    assert ask(estate, "GET", REPO, "guess").status_code == 401
    scopeless = ask(estate, "GET", REPO, forgejo.add_token("eblume", ("read:user",)))
    assert (scopeless.status_code, "required=[read:repository]" in scopeless.text) == (403, True)


def test_an_organization_has_an_id_too(estate: Estate) -> None:
    """Another one after it was made again, and none that a repository has."""
    forgejo = estate.forgejo
    forgejo.add_org("homelab", owners=("eblume",))
    repo = forgejo.add_repo("homelab", "app")
    token = forgejo.add_token("stranger", ("read:organization",))
    shown = ask(estate, "GET", "/orgs/HomeLab", token).json()
    assert (shown["name"], isinstance(shown["id"], int), shown["id"] == repo.id) == ("homelab", True, False)
    assert ask(estate, "GET", "/orgs/homelab").status_code == 403
    forgejo.delete_org("homelab")
    assert ask(estate, "GET", "/orgs/homelab", token).status_code == 404
    assert ask(estate, "GET", "/repos/homelab/app").status_code == 404
    forgejo.add_org("homelab")
    assert ask(estate, "GET", "/orgs/homelab", token).json()["id"] != shown["id"]


def test_times_come_in_the_servers_zone(estate: Estate) -> None:
    """The same instant in another text, for a secret that nobody touched."""

    def born() -> str:
        return str(ask(estate, "GET", SECRETS).json()[0]["created_at"])

    texts = [born()]
    for zone in (UTC, timezone(timedelta(hours=-8))):
        estate.forgejo.zone = zone
        texts.append(born())
    assert [text[19:] for text in texts] == ["Z", "+00:00", "-08:00"]
    assert len({datetime.fromisoformat(text) for text in texts}) == 1


def test_there_may_be_two_forgejos_with_nothing_in_common() -> None:
    """Each has its address, its token, its place in the log, and its own value under the same name."""
    with Estate.start(only=("forgejo",), forgejos=("codeberg",)) as estate:
        other = estate.forgejos["codeberg"]
        assert set(estate.env) == {
            "FORGEJO_URL",
            "FORGEJO_TOKEN",
            "FORGEJO_CODEBERG_URL",
            "FORGEJO_CODEBERG_TOKEN",
        }
        path = f"/api/v1{SECRETS}/KEY"
        for url, token in (("FORGEJO_URL", "FORGEJO_TOKEN"), ("FORGEJO_CODEBERG_URL", "FORGEJO_CODEBERG_TOKEN")):
            headers = {"Authorization": f"token {estate.env[token]}"}
            body = {"data": f"the value at {url}"}
            assert httpx.put(estate.env[url] + path, headers=headers, json=body).status_code == 201
            strange = {"Authorization": f"token {estate.env['FORGEJO_CODEBERG_TOKEN']}"}
            assert httpx.put(estate.forgejo.url + path, headers=strange, json=body).status_code == 401
        assert estate.forgejo.value("eblume", "blumeops", "KEY") == "the value at FORGEJO_URL"
        assert other.value("eblume", "blumeops", "KEY") == "the value at FORGEJO_CODEBERG_URL"
        assert [call.status for call in estate.log.of("codeberg")] == [201]
        kept = estate.snapshot()
        other.down = True
        other.delete_value("eblume", "blumeops", "KEY")
        estate.restore(kept)
        assert (other.down, other.value("eblume", "blumeops", "KEY")) == (False, "the value at FORGEJO_CODEBERG_URL")
