"""
What authentik silently changes, and a group that somebody renamed: each is told, and nothing is left behind.
"""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from components.authentik.api import Authentik
from components.authentik.service_account import ServiceAccountProvider
from components.http.errors import NotFoundError, UnexpectedAnswerError
from tests.authentik.account import SHOWN
from tests.dynamic.wanted import account, next_run, outs_of, planned, writes
from tests.messages import assert_names
from tests.world import GROUP, World

PROVIDER = ServiceAccountProvider()
USER = "zot-ci"


class Folding:
    """An authentik that has an account under another name, or changes nothing, and refuses deletions if told to."""

    def __init__(self, *, username: str = USER, deletes: bool = True, **kept: Any) -> None:
        self.shown = SHOWN | kept | {"username": username}
        self.deletes = deletes
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(f"{request.method} {request.url.path}")
        if request.method == "DELETE":
            return httpx.Response(204 if self.deletes else 403, json={"detail": "no"})
        if "/groups/" in request.url.path:
            return httpx.Response(200, json={"results": [{"pk": "g", "name": GROUP}]})
        return httpx.Response(201 if request.method == "POST" else 200, json=self.shown)


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that is never looked at."""
    monkeypatch.setenv("AUTHENTIK_TOKEN", "a-token")


def asked_of(server: Folding) -> Authentik:
    """A client of that server."""
    return Authentik("https://authentik.test", transport=httpx.MockTransport(server))


@pytest.mark.usefixtures("token")
@pytest.mark.parametrize(
    ("called", "words"),
    [("zot-ci", ("zot-ci, in other letters", "name the account zot-ci")), ("u-4711", ("by another name", "choose"))],
    ids=["folded", "another"],
)
def test_an_account_that_was_made_under_another_name_is_deleted_again(called: str, words: tuple[str, ...]) -> None:
    """Keys hang on the name: nobody would find it again, and the next run would make one more."""
    server = Folding(username=called)

    with pytest.raises(UnexpectedAnswerError) as caught:
        asked_of(server).create("Zot-CI", "Zot CI", [GROUP])

    assert_names(caught.value, "authentik made account Zot-CI", "it was deleted again", *words)
    assert server.asked[-1] == "DELETE /api/v3/core/users/5/"


@pytest.mark.usefixtures("token")
def test_one_that_cannot_be_deleted_is_named() -> None:
    """A token need not have that permission."""
    server = Folding(username="zot-ci", deletes=False)

    with pytest.raises(UnexpectedAnswerError) as caught:
        asked_of(server).create("Zot-CI", "Zot CI", [GROUP])

    assert_names(caught.value, "delete it by hand", "403", "delete_user")


@pytest.mark.usefixtures("token")
@pytest.mark.parametrize(
    ("kept", "name"),
    [({"is_active": False}, "is_active"), ({"type": "internal"}, "type"), ({"username": "Zot-CI"}, "username")],
    ids=["inactive", "type", "name"],
)
def test_a_change_that_was_taken_and_not_made_is_an_error(kept: dict[str, Any], name: str) -> None:
    """Else each `up` would change it again, and each preview show it."""
    server = Folding(**kept)
    authentik = asked_of(server)
    found = authentik.account(5, USER)
    assert found is not None

    with pytest.raises(UnexpectedAnswerError) as caught:
        authentik.change(found, **{name: SHOWN[name]})

    call = "authentik PATCH /api/v3/core/users/5/ answered 200"
    assert_names(caught.value, call, f"left {name} as it was", "blueprint")


@pytest.mark.embedded
def test_a_renamed_group_is_told_with_the_name_that_it_may_have(
    signed_in: World, caplog: pytest.LogCaptureFixture
) -> None:
    """A preview, then an `up`: groups belong to others, so it is not made again, and the account stays in it."""
    olds = outs_of(PROVIDER.create(account(signed_in)))
    next_run(signed_in)
    signed_in.estate.authentik.rename_group(GROUP, "workloads")

    seen = outs_of(PROVIDER.read(USER, olds))
    assert planned(PROVIDER, USER, seen, account(signed_in)).changes
    left, joined = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert_names(left, f"left group {GROUP}; if it was renamed, name workloads in its place")
    assert_names(joined, "is also in group workloads")

    updated = outs_of(PROVIDER.update(USER, seen, account(signed_in)))
    assert_names(updated["condition"], "cannot be checked: ", f"no group {GROUP}", "or name workloads in its place")
    assert signed_in.groups() == {"workloads"}
    assert writes(signed_in) == []


@pytest.mark.embedded
def test_with_the_new_name_in_the_settings_the_account_is_in_sync(signed_in: World) -> None:
    """Nothing has to be done there."""
    olds = outs_of(PROVIDER.create(account(signed_in)))
    next_run(signed_in)
    signed_in.estate.authentik.rename_group(GROUP, "workloads")
    news = account(signed_in, groups=["workloads"])

    updated = outs_of(PROVIDER.update(USER, outs_of(PROVIDER.read(USER, olds)), news))

    assert updated["condition"] == "current"
    assert writes(signed_in) == []
    assert not PROVIDER.diff(USER, outs_of(PROVIDER.read(USER, updated)), news).changes


@pytest.mark.embedded
def test_a_group_that_is_gone_and_no_other_is_told_without_a_guess(signed_in: World) -> None:
    """There is no other name to offer."""
    with pytest.raises(NotFoundError) as caught:
        PROVIDER.create(account(signed_in, groups=["nobody"]))
    assert "renamed" not in str(caught.value)
