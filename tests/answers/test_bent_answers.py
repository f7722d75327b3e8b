"""
Answers that no vendor's contract knows: HTML, nothing, half of it, another shape. None is a KeyError.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response

from tests.answers.bent import BODY_TEXT, answers, bend, system_of
from tests.answers.elsewhere import Elsewhere
from tests.answers.life import Life, lose_every_key, snapshot
from tests.answers.said import in_one_line
from zot_ci.http.errors import ReconcileError, UnexpectedAnswerError

pytestmark = pytest.mark.embedded

READS: dict[str, tuple[str, str, Callable[[Life], Any]]] = {
    "account": ("authentik", "/core/users/", Life.read_account),
    "accounts": ("authentik", "/core/users/", Life.make_account),
    "keys": ("zot", "/zot/auth/apikey", Life.read_key),
    "stale_keys": ("zot", "/zot/auth/apikey", Life.read_sweep),
    "vaults": ("onepassword", "/v1/vaults", Life.store),
    "item": ("onepassword", "/items/", Life.read_field),
    "secrets": ("forgejo", "/actions/secrets", Life.read_secret),
}

BODIES = {
    "html": f"<html><body>{BODY_TEXT}</body></html>".encode(),
    "empty": b"",
    "truncated": b'{"results": [{"username": "' + BODY_TEXT.encode(),
    "no_utf_8": b"\xff\xfe" + BODY_TEXT.encode(),
    "null": b"null",
    "a_text": json.dumps(BODY_TEXT).encode(),
    "another_object": json.dumps({"detail": BODY_TEXT}).encode(),
    "a_list_of_nulls": b"[null]",
    "a_list_of_other_objects": json.dumps([{"message": BODY_TEXT}]).encode(),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
@pytest.mark.parametrize(("system", "path", "ask"), READS.values(), ids=READS.keys())
def test_200_with_a_wrong_body_is_told_in_one_line(
    system: str, path: str, ask: Callable[[Life], Any], body: bytes, life: Life
) -> None:
    """The line says what was asked and that the URL should be looked at; nothing of the body is in it."""
    bend(system_of(life.world, system), answers("GET", path, Response(body, media_type="application/json")))
    before = snapshot(life.world)

    with pytest.raises(UnexpectedAnswerError) as caught:
        ask(life)

    line = in_one_line(life.world, caught.value)
    assert "answered 200 for" in line
    assert "with JSON without a valid " in line or "with a body that is not the expected JSON" in line
    assert "; check that http://127.0.0.1:" in line
    assert snapshot(life.world) == before


def _key(**changed: object) -> bytes:
    key: dict[str, object] = {
        "uuid": "b3c5",
        "label": "somebody's",
        "createdAt": "2026-11-24T10:00:00Z",
        "expirationDate": "2027-11-24T10:00:00Z",
        "isExpired": False,
        "lastUsed": "0001-01-01T00:00:00Z",
    }
    return json.dumps({"apiKeys": [key, key | changed]}).encode()


FIELDS = {
    "created_without_a_zone": ({"createdAt": "2026-11-24T10:00:00"}, "apiKeys.1.createdAt"),
    "created_at_no_time": ({"createdAt": "yesterday"}, "apiKeys.1.createdAt"),
    "expiry_without_a_zone": ({"expirationDate": "2027-11-24T10:00:00"}, "apiKeys.1.expirationDate"),
    "uuid_null": ({"uuid": None}, "apiKeys.1.uuid"),
    "uuid_a_number": ({"uuid": 7}, "apiKeys.1.uuid"),
    "expired_no_truth_value": ({"isExpired": "perhaps"}, "apiKeys.1.isExpired"),
}


@pytest.mark.parametrize(("changed", "place"), FIELDS.values(), ids=FIELDS.keys())
@pytest.mark.parametrize("ask", [Life.read_key, Life.retire], ids=["read", "retire"])
def test_a_key_of_another_shape_is_named_by_its_place(
    ask: Callable[[Life], Any], changed: dict[str, object], place: str, life: Life
) -> None:
    """Keys decide what is revoked: one that cannot be read stops the run, and its neighbours stay."""
    bend(life.world.estate.zot, answers("GET", "/zot/auth/apikey", Response(_key(**changed))))
    before = snapshot(life.world)

    with pytest.raises(UnexpectedAnswerError) as caught:
        ask(life)

    assert f"with JSON without a valid {place}" in in_one_line(life.world, caught.value)
    assert snapshot(life.world) == before


DATES = {
    "none": None,
    "no_date": "soon",
    "day_99": "Tue, 99 Nov 2026 11:00:00 GMT",
    "after_the_end_of_time": "Fri, 31 Dec 9999 23:59:59 -2359",
}


@pytest.mark.parametrize("date", DATES.values(), ids=DATES.keys())
def test_a_registry_without_a_clock_is_refused(date: str | None, life: Life) -> None:
    """This machine's own clock must not decide when a key dies."""
    headers = {} if date is None else {"Date": date}
    with Elsewhere(body=b'{"apiKeys": []}', headers=headers) as elsewhere:
        life.key["zot_url"] = elsewhere.url
        before = snapshot(life.world)

        with pytest.raises(UnexpectedAnswerError) as caught:
            life.read_key()

    assert "without a readable Date header" in in_one_line(life.world, caught.value)
    assert snapshot(life.world) == before


def test_a_count_of_secrets_that_is_no_number_does_not_stop_a_read(life: Life) -> None:
    """The count only saves a request: without it an empty page is the end."""
    full, empty = b'[{"name": "ANOTHER", "created_at": "2026-11-24T10:00:00Z"}]', b"[]"

    def rule(request: Request) -> Response | None:
        if "page" not in request.query_params:
            return None
        page = full if request.query_params["page"] == "1" else empty
        return Response(page, headers={"X-Total-Count": "many"}, media_type="application/json")

    bend(life.world.estate.forgejo, rule)

    assert life.read_secret().outs["condition"].startswith("not found: ")


NOT_ZOT = {
    "a_web_server": (404, "no such route there, or something in front of it answered"),
    "a_registry_of_another_kind": (405, "check that the URL names this system"),
    "a_proxy_s_login_page": (403, "let whatever stands in front of zot pass /zot/auth/ and /v2/"),
    "a_broken_gateway": (502, "check that the URL names this system"),
    "zot_that_takes_us_for_nobody": (500, "zot took the request for an anonymous one; its log names the reason"),
}


@pytest.mark.parametrize(("status", "words"), NOT_ZOT.values(), ids=NOT_ZOT.keys())
def test_a_registry_that_is_not_zot_is_said_to_be_none(status: int, words: str, life: Life) -> None:
    """By its answer to the list of keys, and before anything is minted, also where a login would follow."""
    body = f"<html>{BODY_TEXT}</html>".encode()
    with Elsewhere(status, body) as elsewhere:
        life.key["zot_url"] = elsewhere.url
        before = snapshot(life.world)

        with pytest.raises(ReconcileError) as caught:
            life.read_key()
        with pytest.raises(ReconcileError) as minting:
            life.mint(zot_url=elsewhere.url)

        assert {asked.method for asked in elsewhere.seen} == {"GET"}

    assert f"zot GET /zot/auth/apikey answered {status} for zot-ci; " in in_one_line(life.world, caught.value)
    assert words in str(caught.value)
    assert words in in_one_line(life.world, minting.value)
    assert snapshot(life.world) == before


@pytest.mark.parametrize("body", [BODIES["html"], BODIES["empty"], BODIES["another_object"]], ids=["html", "", "{}"])
def test_an_unreadable_mint_is_an_error_and_not_a_key(body: bytes, life: Life) -> None:
    """Sent once, and no login is tried after it; whatever was made has our label, so that a next run ends it."""
    bend(life.world.estate.zot, answers("POST", "/zot/auth/apikey", Response(body, 201)))
    before = snapshot(life.world)
    life.world.estate.log.clear()

    with pytest.raises(UnexpectedAnswerError) as caught:
        life.mint()

    assert "zot POST /zot/auth/apikey answered 201 for zot-ci with " in in_one_line(life.world, caught.value)
    assert [call.method for call in life.world.estate.log.of("zot")].count("POST") == 1
    assert life.world.estate.log.of("authentik") == []
    assert snapshot(life.world) == before


def test_a_login_challenge_of_another_shape_is_told_in_one_line(life: Life) -> None:
    """The password that was set for it is replaced all the same."""
    lose_every_key(life.world)
    bend(life.world.estate.authentik, answers("GET", "/flows/executor/", Response(BODIES["another_object"])))
    before = snapshot(life.world)
    user = life.world.estate.authentik.users[life.world.username]
    changes = user.password_changes

    with pytest.raises(UnexpectedAnswerError) as caught:
        life.mint()

    assert "with JSON without a valid component" in in_one_line(life.world, caught.value)
    assert user.password_changes == changes + 2
    assert snapshot(life.world) == before
