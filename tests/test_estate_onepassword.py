"""
The embedded 1Password Connect keeps the contract's facts, read in the vendor's OpenAPI 1.7.1 and its own clients.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.estate import Estate
from tests.estate.onepassword import Item

VAULT, ITEM = "blumeops", "Forgejo Secrets"


@pytest.fixture
def estate() -> Iterator[Estate]:
    """A Connect server alone, whose reads do not lag."""
    with Estate.start(only=("onepassword",)) as estate:
        estate.onepassword.lag_reads = 0
        yield estate


def ask(estate: Estate, method: str, path: str, token: str | None = None, **rest: Any) -> httpx.Response:
    """Call the API below /v1."""
    bearer = {"Authorization": f"Bearer {token or estate.env['OP_CONNECT_TOKEN']}"}
    return httpx.request(method, f"{estate.onepassword.url}/v1{path}", headers=bearer, trust_env=False, **rest)


def held(estate: Estate) -> Item:
    """Return the shared item."""
    return estate.onepassword.item(VAULT, ITEM)


def path(estate: Estate) -> str:
    """Return the shared item's path."""
    return f"/vaults/{estate.onepassword.vault(VAULT).id}/items/{held(estate).id}"


def patch(estate: Estate, *operations: dict[str, Any], token: str | None = None) -> httpx.Response:
    """Patch the shared item."""
    return ask(estate, "PATCH", path(estate), token, json=list(operations))


def add(value: str, label: str = "zot-ci-api") -> dict[str, Any]:
    """Return the operation that adds a field."""
    return {"op": "add", "path": "/fields", "value": {"label": label, "type": "CONCEALED", "value": value}}


def test_vaults_and_items_are_found_by_filter_without_fields(estate: Estate) -> None:
    """Ids of 26 letters and digits lead to the full item."""
    [vault] = ask(estate, "GET", "/vaults", params={"filter": f'name eq "{VAULT}"'}).json()
    assert len(vault["id"]) == 26
    [item] = ask(estate, "GET", f"/vaults/{vault['id']}/items", params={"filter": f'title eq "{ITEM}"'}).json()
    assert "fields" not in item
    full = ask(estate, "GET", f"/vaults/{vault['id']}/items/{item['id']}").json()
    assert {field["label"] for field in full["fields"]} == {"runner-registration", "renovate-token", "webhook", "notes"}
    assert all(len(field["value"]) > 8 for field in full["fields"])


def test_a_title_may_match_none_or_several(estate: Estate) -> None:
    """The server does not insist on one: the client must."""
    query = {"filter": f'title eq "{ITEM}"'}
    items = f"/vaults/{estate.onepassword.vault(VAULT).id}/items"
    estate.onepassword.add_item(VAULT, ITEM, [("other", "another item's value")])
    assert len(ask(estate, "GET", items, params=query).json()) == 2
    assert ask(estate, "GET", items, params={"filter": 'title eq "None of it"'}).json() == []


def test_a_name_with_quotes_can_be_asked_for(estate: Estate) -> None:
    """Escaped with a backslash."""
    estate.onepassword.add_vault('the "old" one')
    token = estate.onepassword.add_token()
    found = ask(estate, "GET", "/vaults", token, params={"filter": 'name eq "the \\"old\\" one"'}).json()
    assert [vault["name"] for vault in found] == ['the "old" one']


def test_a_patch_changes_one_field_by_id_and_no_other(estate: Estate) -> None:
    """Add, replace, remove; every other field stays what it was."""
    others = estate.onepassword.other_fields(VAULT, ITEM, "zot-ci-api")
    assert patch(estate, add("the first value")).status_code == 200
    [field] = held(estate).labelled("zot-ci-api")
    assert (len(field["id"]), field["type"], field["value"]) == (26, "CONCEALED", "the first value")
    patch(estate, {"op": "replace", "path": f"/fields/{field['id']}/value", "value": "the second value"})
    assert estate.onepassword.field(VAULT, ITEM, "zot-ci-api") == "the second value"
    assert held(estate).labelled("zot-ci-api")[0]["id"] == field["id"]
    patch(estate, {"op": "remove", "path": f"/fields/{field['id']}"})
    assert estate.onepassword.field(VAULT, ITEM, "zot-ci-api") is None
    assert estate.onepassword.other_fields(VAULT, ITEM, "zot-ci-api") == others
    assert {"the first value", "the second value"} <= set(estate.secrets)


def test_adding_a_label_twice_makes_two_fields(estate: Estate) -> None:
    """Nothing makes labels unique: a client that trusts a late read adds a second field."""
    patch(estate, add("the first value"))
    patch(estate, add("the second value"))
    assert len(held(estate).labelled("zot-ci-api")) == 2


@pytest.mark.parametrize(
    "body",
    [
        {"op": "add"},
        [{"op": "test", "path": "/fields/x/value", "value": ""}],
        [{"op": "replace", "path": "/fields/no-such/value", "value": "x"}],
        [{"op": "replace", "path": "/title", "value": "x"}],
    ],
    ids=["no array", "test", "unknown field", "other path"],
)
def test_a_patch_that_cannot_be_applied_is_400_and_changes_nothing(estate: Estate, body: Any) -> None:
    """Also not the operation before it."""
    before = copy.deepcopy(held(estate).current)
    operations = [add("never stored"), *body] if isinstance(body, list) else body
    answer = ask(estate, "PATCH", path(estate), json=operations)
    assert (answer.status_code, set(answer.json())) == (400, {"status", "message"})
    assert held(estate).current == before


def test_the_answer_to_an_update_carries_the_old_version(estate: Estate) -> None:
    """The new content under the version from before it."""
    version = held(estate).current["version"]
    answer = patch(estate, add("the new value")).json()
    assert (answer["version"], held(estate).current["version"]) == (version, version + 1)
    assert "the new value" in [field["value"] for field in answer["fields"]]


def test_reads_lag_writes(estate: Estate) -> None:
    """The next reads are still the old item, as many as the estate is set to."""
    estate.onepassword.lag_reads = 2
    patch(estate, add("the new value"))
    assert estate.onepassword.field(VAULT, ITEM, "zot-ci-api") == "the new value"
    labels = [{field["label"] for field in ask(estate, "GET", path(estate)).json()["fields"]} for _ in range(3)]
    assert ["zot-ci-api" in seen for seen in labels] == [False, False, True]


def test_an_edit_by_hand_is_seen_at_once(estate: Estate) -> None:
    """The back door does not lag, or tests would have to wait."""
    estate.onepassword.lag_reads = 2
    patch(estate, add("the new value"))
    estate.onepassword.set_field(VAULT, ITEM, "zot-ci-api", "edited by hand")
    [field] = [one for one in ask(estate, "GET", path(estate)).json()["fields"] if one["label"] == "zot-ci-api"]
    assert field["value"] == "edited by hand"
    estate.onepassword.set_field(VAULT, ITEM, "zot-ci-api", None)
    assert "zot-ci-api" not in ask(estate, "GET", path(estate)).text


def test_a_put_drops_what_it_does_not_name_and_is_counted(estate: Estate) -> None:
    """Why a shared item is never PUT."""
    item = ask(estate, "GET", path(estate)).json()
    item["fields"] = item["fields"][:1]
    assert estate.onepassword.puts == 0
    assert ask(estate, "PUT", path(estate), json=item).status_code == 200
    assert (estate.onepassword.puts, len(held(estate).current["fields"])) == (1, 1)


def test_fields_may_be_in_sections(estate: Estate) -> None:
    """Two of one label, one of them in a section, are two fields."""
    item = estate.onepassword.add_item(VAULT, "Other", [("key", "the plain value"), ("key", "inner", "STRING", "CI")])
    full = ask(estate, "GET", f"/vaults/{estate.onepassword.vault(VAULT).id}/items/{item.id}").json()
    [section] = full["sections"]
    assert section["label"] == "CI"
    assert [field.get("section") for field in full["fields"]] == [None, {"id": section["id"]}]


def test_tokens_are_good_for_their_vaults_and_their_verbs(estate: Estate) -> None:
    """401 for no token, 403 for a vault out of scope and for writing with a token that only reads."""
    other = estate.onepassword.add_vault("private")
    bad = ask(estate, "GET", "/vaults", "guess")
    assert (bad.status_code, bad.json()) == (401, {"status": 401, "message": "Invalid token signature"})
    assert [vault["name"] for vault in ask(estate, "GET", "/vaults").json()] == [VAULT]
    scoped = ask(estate, "GET", f"/vaults/{other.id}/items")
    assert (scoped.status_code, scoped.json()["message"]) == (403, f"vault {other.id} is not in scope")
    reader = estate.onepassword.add_token([VAULT], writes=False)
    assert ask(estate, "GET", path(estate), reader).status_code == 200
    assert patch(estate, add("never stored"), token=reader).status_code == 403
    assert estate.onepassword.field(VAULT, ITEM, "zot-ci-api") is None


def test_what_is_not_there_is_404_by_name(estate: Estate) -> None:
    """The message says whether vault or item."""
    vault = estate.onepassword.vault(VAULT).id
    missing = "a" * 26
    assert ask(estate, "GET", f"/vaults/{missing}").json()["message"] == f"vault {missing} not found"
    answer = ask(estate, "GET", f"/vaults/{vault}/items/{missing}")
    assert (answer.status_code, answer.json()) == (404, {"status": 404, "message": f"item {missing} not found"})


def test_health_and_heartbeat_need_no_token(estate: Estate) -> None:
    """A dot, and JSON."""
    assert httpx.get(f"{estate.onepassword.url}/heartbeat").text == "."
    assert "dependencies" in httpx.get(f"{estate.onepassword.url}/health").json()


def test_what_other_programs_leave_is_shown_as_it_is(estate: Estate) -> None:
    """Fields and sections without ids, and ids that several share: a path leads to the first of them."""
    foreign = [{"type": "STRING", "value": "of theirs"}, {"id": "shared", "label": "one"}]
    for entry in foreign:
        estate.onepassword.add_raw(VAULT, ITEM, entry, section={"label": "no id"})
    second = estate.onepassword.add_raw(VAULT, ITEM, {"id": "shared", "label": "two"})
    seen = ask(estate, "GET", path(estate)).json()
    assert seen["fields"][-3:] == [*foreign, second]
    assert seen["sections"] == [{"label": "no id"}] * 2
    patch(estate, {"op": "replace", "path": "/fields/shared/value", "value": "x"})
    assert [entry.get("value") for entry in held(estate).current["fields"][-2:]] == ["x", None]


def test_a_server_may_make_something_else_of_a_field_that_is_added(estate: Estate) -> None:
    """And answer 200."""
    estate.onepassword.alters = lambda entry: entry | {"label": entry["label"][:3]}
    assert patch(estate, add("a value", "a long label")).status_code == 200
    assert [entry["value"] for entry in held(estate).labelled("a l")] == ["a value"]


def test_a_renamed_vault_and_item_keep_their_ids(estate: Estate) -> None:
    """Of its vault, an item tells Connect's clients the id alone, as in the vendor's OpenAPI file."""
    before = path(estate)
    estate.onepassword.rename_item(VAULT, ITEM, "another title")
    estate.onepassword.rename_vault(VAULT, "another")
    seen = ask(estate, "GET", before).json()
    assert (seen["title"], seen["vault"]) == ("another title", {"id": estate.onepassword.vault("another").id})
    [vault] = ask(estate, "GET", "/vaults").json()
    assert vault["name"] == "another"
