"""
What authentik silently changes, and a group that somebody renamed: each is told, and nothing is left behind.
"""

from __future__ import annotations

from typing import Any

import pytest
from starlette.responses import JSONResponse

from tests.dynamic.wanted import account, next_run, outs_of, planned, writes
from tests.http.between import Between
from tests.messages import assert_names
from tests.world import GROUP, World
from zot_ci.authentik.service_account import ServiceAccountProvider
from zot_ci.http.errors import NotFoundError, UnexpectedAnswerError

pytestmark = pytest.mark.embedded

PROVIDER = ServiceAccountProvider()
USER = "zot-ci"


@pytest.fixture
def folding(signed_in: World) -> World:
    """An authentik that takes names in small letters only."""
    signed_in.estate.authentik.folds_names = True
    return signed_in


def test_an_account_that_was_made_under_another_name_is_deleted_again(folding: World) -> None:
    """Keys hang on the name: nobody would find it again, and each run would make one more."""
    with pytest.raises(UnexpectedAnswerError) as caught:
        PROVIDER.create(account(folding, username="Zot-CI"))

    facts = ("authentik made account Zot-CI", "zot-ci, in other letters", "it was deleted again", "in the settings")
    assert_names(caught.value, *facts)
    assert folding.account() is None


@pytest.mark.parametrize(
    ("status", "said"),
    [(403, "since that failed: "), (404, "since the token may not see it")],
    ids=["no permission", "not shown"],
)
def test_one_that_cannot_be_deleted_is_named(status: int, said: str, folding: World) -> None:
    """A token need not have that permission, or that of looking at it."""
    Between(folding.estate.authentik).answer("DELETE /core/users/", JSONResponse({"detail": "No."}, status))

    with pytest.raises(UnexpectedAnswerError) as caught:
        PROVIDER.create(account(folding, username="Zot-CI"))

    assert_names(caught.value, "delete it by hand", said)
    assert "deleted again" not in str(caught.value)


@pytest.mark.parametrize(
    ("spoilt", "name"),
    [({"is_active": False}, "is_active"), ({"type": "internal"}, "type"), ({"username": "another"}, "username")],
    ids=["inactive", "type", "name"],
)
def test_a_change_that_was_taken_and_not_made_is_told(spoilt: dict[str, Any], name: str, signed_in: World) -> None:
    """Else each `up` would change it again, and each preview show it, without a word of why."""
    olds = outs_of(PROVIDER.create(account(signed_in)))
    signed_in.change_account(**spoilt)
    next_run(signed_in)
    signed_in.estate.authentik.leaves = frozenset(spoilt)

    updated = outs_of(PROVIDER.update(USER, outs_of(PROVIDER.read(USER, olds)), account(signed_in)))

    assert_names(updated["condition"], "cannot be checked: authentik PATCH", f"left {name} as it was", "blueprint")


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


def test_a_group_that_is_gone_and_no_other_is_told_without_a_guess(signed_in: World) -> None:
    """There is no other name to offer."""
    with pytest.raises(NotFoundError) as caught:
        PROVIDER.create(account(signed_in, groups=["nobody"]))
    assert "renamed" not in str(caught.value)
