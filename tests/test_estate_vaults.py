"""
The embedded 1Password Connect with several vaults, some of them silent or gone, and items that are archived or deleted.

Read in the vendor's OpenAPI 1.7.1: an item has a ``state``, and may still be answered for by its id.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.estate import Estate

VAULT, ITEM = "blumeops", "Forgejo Secrets"


@pytest.fixture
def estate() -> Iterator[Estate]:
    """A Connect server alone with a second vault."""
    with Estate.start(only=("onepassword",)) as estate:
        estate.onepassword.lag_reads = 0
        estate.onepassword.add_vault("private")
        estate.onepassword.add_item("private", "Keys", [("key", "the private key")])
        yield estate


def ask(estate: Estate, method: str, path: str, token: str | None = None, **rest: Any) -> httpx.Response:
    """Call the API below /v1."""
    bearer = {"Authorization": f"Bearer {token or estate.env['OP_CONNECT_TOKEN']}"}
    return httpx.request(method, f"{estate.onepassword.url}/v1{path}", headers=bearer, trust_env=False, **rest)


def items(estate: Estate, vault: str = VAULT, token: str | None = None) -> httpx.Response:
    """List a vault's items."""
    return ask(estate, "GET", f"/vaults/{estate.onepassword.vault(vault).id}/items", token)


@pytest.mark.parametrize("state", ["ARCHIVED", "DELETED"])
def test_an_item_that_was_put_away_is_in_no_list_but_read_by_id(estate: Estate, state: str) -> None:
    """Its state says so; an item in use has none. Taken back, it is listed again."""
    connect = estate.onepassword
    put_away = connect.archive_item if state == "ARCHIVED" else connect.delete_item
    path = f"/vaults/{connect.vault(VAULT).id}/items/{connect.item(VAULT, ITEM).id}"
    assert "state" not in ask(estate, "GET", path).json()
    put_away(VAULT, ITEM)
    assert items(estate).json() == []
    query = {"filter": f'title eq "{ITEM}"'}
    assert ask(estate, "GET", f"/vaults/{connect.vault(VAULT).id}/items", params=query).json() == []
    shown = ask(estate, "GET", path)
    assert (shown.status_code, shown.json()["state"], len(shown.json()["fields"])) == (200, state, 4)
    connect.recover_item(VAULT, ITEM)
    assert len(items(estate).json()) == 1
    assert "state" not in ask(estate, "GET", path).json()


def test_an_item_made_again_is_the_one_of_that_title(estate: Estate) -> None:
    """Its namesake in the archive is found by id only, by a client and by a test."""
    connect = estate.onepassword
    old = connect.archive_item(VAULT, ITEM)
    new = connect.add_item(VAULT, ITEM, [("zot-ci-api", "the new value")])
    assert [one["id"] for one in items(estate).json()] == [new.id]
    assert (connect.item(VAULT, ITEM), connect.item(VAULT, old.id)) == (new, old)


def test_an_item_may_be_gone_for_good(estate: Estate) -> None:
    """Then its id is nobody's."""
    connect = estate.onepassword
    path = f"/vaults/{connect.vault(VAULT).id}/items/{connect.delete_item(VAULT, ITEM, for_good=True).id}"
    assert ask(estate, "GET", path).status_code == 404


def test_a_deleted_vault_is_gone_with_its_items(estate: Estate) -> None:
    """404 by id, and in no list; the other vault stays."""
    token = estate.onepassword.add_token()
    vault = estate.onepassword.vault("private").id
    estate.onepassword.delete_vault("private")
    assert [one["name"] for one in ask(estate, "GET", "/vaults", token).json()] == [VAULT]
    assert ask(estate, "GET", f"/vaults/{vault}/items", token).json()["message"] == f"vault {vault} not found"
    assert items(estate, token=token).status_code == 200


@pytest.mark.parametrize("by", ["name", "id"])
def test_a_silent_vault_is_503_while_the_others_answer(estate: Estate, by: str) -> None:
    """On each of its routes; it is still in the list of vaults."""
    connect = estate.onepassword
    token, vault = connect.add_token(), connect.vault("private")
    item = f"/vaults/{vault.id}/items/{connect.item('private', 'Keys').id}"
    connect.silent_vaults.add(getattr(vault, by))
    calls = [("GET", f"/vaults/{vault.id}"), ("GET", f"/vaults/{vault.id}/items"), ("GET", item), ("PATCH", item)]
    assert {ask(estate, method, path, token, json=[]).status_code for method, path in calls} == {503}
    assert len(ask(estate, "GET", "/vaults", token).json()) == 2
    assert items(estate, token=token).status_code == 200
    connect.silent_vaults.clear()
    assert ask(estate, "GET", item, token).status_code == 200


def test_tokens_have_scopes_of_their_own(estate: Estate) -> None:
    """Each sees its vaults, and a vault out of scope is 403 also while it is silent."""
    connect = estate.onepassword
    private, both = connect.add_token(["private"]), connect.add_token([VAULT, "private"], writes=False)
    seen = [[one["name"] for one in ask(estate, "GET", "/vaults", token).json()] for token in (None, private, both)]
    assert seen == [[VAULT], ["private"], [VAULT, "private"]]
    connect.silent_vaults.add("private")
    assert [items(estate, "private", token).status_code for token in (None, private, both)] == [403, 503, 503]
    assert items(estate, VAULT, private).status_code == 403
