"""
What authentik refuses for reasons that are not the caller's rights. Run on authentik 2026.5.0-rc1.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.estate import Estate

USERS = "/api/v3/core/users/"


@pytest.fixture
def estate() -> Iterator[Estate]:
    """An authentik alone in which the account exists."""
    with Estate.start(only=("authentik",)) as estate:
        estate.authentik.add_user("zot-ci", groups=("artifact-workloads",), password="the old password")
        yield estate


def ask(estate: Estate, method: str, path: str, token: str = "", **rest: Any) -> httpx.Response:
    """Call the API below the accounts."""
    bearer = {"Authorization": f"Bearer {token or estate.env['AUTHENTIK_TOKEN']}"}
    return httpx.request(method, estate.authentik.url + USERS + path, headers=bearer, trust_env=False, **rest)


def test_a_password_that_a_policy_refuses_is_400_and_changes_nothing(estate: Estate) -> None:
    """Without a word of why."""
    user = estate.authentik.users["zot-ci"]
    estate.authentik.password_policy = True
    refused = ask(estate, "POST", f"{user.pk}/set_password/", json={"password": "a new password"})
    assert (refused.status_code, refused.content, user.password) == (400, b"", "the old password")
    estate.authentik.password_policy = False
    assert ask(estate, "POST", f"{user.pk}/set_password/", json={"password": "a new password"}).status_code == 204


def test_impersonation_that_is_switched_off_is_401(estate: Estate) -> None:
    """For an admin too, and no session begins."""
    path = f"{estate.authentik.users['zot-ci'].pk}/impersonate/"
    estate.authentik.impersonation = False
    tokens = [estate.env["AUTHENTIK_TOKEN"], estate.env["AUTHENTIK_ADMIN_TOKEN"]]
    answers = [ask(estate, "POST", path, token, json={"reason": "a test"}) for token in tokens]
    assert [(answer.status_code, answer.content) for answer in answers] == [(401, b"")] * 2
    assert estate.authentik.sessions == {}


@pytest.mark.parametrize("is_seen", [True, False], ids=["seen", "unseen"])
def test_a_name_that_is_taken_is_400_also_where_the_holder_is_not_seen(estate: Estate, is_seen: bool) -> None:
    """To make an account, and to rename one; a token that may not see the holder learns of it only so."""
    authentik = estate.authentik
    mine = authentik.add_user("mine")
    grants = [grant for grant in authentik.bot_grants() if is_seen or grant.permission != "view_user"]
    token = authentik.add_token("helper", [*grants, *authentik.least_grants("mine", [])])
    assert bool(ask(estate, "GET", "?username=zot-ci", token).json()["results"]) is is_seen
    body = {"username": "zot-ci", "name": "Mine", "type": "service_account"}
    answers = [ask(estate, "POST", "", token, json=body), ask(estate, "PATCH", f"{mine.pk}/", token, json=body)]
    taken = {"username": ["This field must be unique."]}
    assert [(answer.status_code, answer.json()) for answer in answers] == [(400, taken)] * 2
    assert mine.username == "mine"


def test_an_account_has_an_e_mail_address_or_none(estate: Estate) -> None:
    """None is an empty text."""
    estate.authentik.add_user("other", email="ci@example.test")
    found = [ask(estate, "GET", f"?username={name}").json()["results"][0]["email"] for name in ("zot-ci", "other")]
    assert found == ["", "ci@example.test"]
