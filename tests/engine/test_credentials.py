"""
When our own tokens end, as a person is told by the real engine: once, in time, and without another exit code.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.engine.checks import calls
from tests.engine.stack import Stack
from tests.engine.test_stack_script import script
from tests.estate.authentik import Grant
from tests.onepassword.test_connect_token import jwt
from tests.world import VAULT, World

pytestmark = pytest.mark.embedded

TOKENS = "GET /api/v3/core/tokens/"


def ending_in(world: World, stack: Stack, days: float) -> None:
    """A token of authentik that ends in so many days, with exactly what a preview needs."""
    authentik = world.estate.authentik
    grants = [Grant("view_user", authentik.users[world.username])]
    expires = world.estate.clock.now() + timedelta(days=days)
    stack.env["AUTHENTIK_TOKEN"] = authentik.add_token("preview-bot", grants, expires)


def connect_token(world: World, stack: Stack, days: float) -> str:
    """A Connect token with an end, which the server knows."""
    onepassword = world.estate.onepassword
    known = onepassword.add_token([VAULT], writes=False)
    token = jwt({"exp": int((datetime.now(UTC) + timedelta(days=days)).timestamp())})
    onepassword.tokens[world.estate.secrets.add(token)] = onepassword.tokens[known]
    stack.env["OP_CONNECT_TOKEN"] = token
    return token


def test_a_preview_in_sync_says_when_its_tokens_end_and_nothing_else(world: World, in_sync: Stack) -> None:
    """One request, one line each, exit code 0; `status` knows the days, and the page what to do."""
    ending_in(world, in_sync, 12.5)
    connect_token(world, in_sync, 20.5)
    world.estate.log.clear()

    preview = in_sync.preview()
    asked = calls(world, "authentik")
    check, status = script(in_sync, "check"), script(in_sync, "status", "--json")

    assert preview.code == 0, preview.text
    assert asked.count(TOKENS) == 1
    for run in (preview, check):
        lines = [line.strip() for line in run.text.splitlines() if " expires on " in line]
        assert len(lines) == 2, run.text
        assert "AUTHENTIK_TOKEN expires on" in run.text
        assert "in 12 days; make a new token in authentik" in run.text
        assert "OP_CONNECT_TOKEN expires on" in run.text
        assert "in 20 days; make a new token for the Connect server" in run.text
        assert "credential: " not in run.text
    assert check.code == 0, check.text
    found = json.loads(status.text)
    assert [one["name"] for one in found["credentials"]] == ["AUTHENTIK_TOKEN", "OP_CONNECT_TOKEN"]
    assert all(one["warning"] for one in found["credentials"])
    assert not any(line.startswith("credential: ") for line in found["sentences"])


def test_tokens_whose_end_is_far_are_known_and_not_said(world: World, in_sync: Stack) -> None:
    """The metric is for all of them."""
    ending_in(world, in_sync, 200)
    connect_token(world, in_sync, 300)

    preview, status = in_sync.preview(), script(in_sync, "status", "--json")

    assert preview.code == 0, preview.text
    assert " expires on " not in preview.text
    assert [one["warning"] for one in json.loads(status.text)["credentials"]] == ["", ""]


def test_an_up_does_not_ask_for_it(world: World, in_sync: Stack) -> None:
    """One request in a preview, and none where something is done."""
    world.estate.log.clear()

    assert in_sync.up().code == 0

    assert TOKENS not in calls(world, "authentik")


def test_an_expired_connect_token_is_told_as_expired(world: World, in_sync: Stack) -> None:
    """Rather than to check it."""
    token = connect_token(world, in_sync, -2)
    world.estate.onepassword.tokens.pop(token)

    run = in_sync.preview()

    assert run.code == 1
    assert "answered 401; OP_CONNECT_TOKEN expired on" in run.text


def test_an_expired_token_of_authentik_is_told_as_wrong_or_expired(world: World, in_sync: Stack) -> None:
    """It answers both alike."""
    ending_in(world, in_sync, -1)

    run = in_sync.preview()

    assert run.code == 1
    assert "answered 403; check that AUTHENTIK_TOKEN is right and has not expired" in run.text
