"""
What the oracle looks at, and when: everything that is somebody else's, at every instant, and old keys by their grace.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.broken import GRACE, OURS, PUBLISHED, STORE, USERNAME, Broken
from tests.oracle.evidence import Place, Seen
from tests.oracle.instant import Watch
from tests.oracle.named import name_of
from tests.oracle.rest import (
    History,
    over,
)
from tests.world import FIELD, ITEM, OWNER, REPOSITORY, SECRET, VAULT, World

pytestmark = pytest.mark.embedded


@pytest.fixture
def broken(world: World, tmp_path: Path) -> Broken:
    return Broken(world.estate, tmp_path)


@pytest.mark.parametrize(
    ("break_it", "says"),
    [
        (
            lambda broken: broken.estate.forgejo.set_value(OWNER, REPOSITORY, "SOMEBODY_S", "a value"),
            "secret eblume/blumeops/SOMEBODY_S of forgejo was added or removed",
        ),
        (
            lambda broken: broken.estate.authentik.users["akadmin"].groups.clear(),
            "account akadmin was changed",
        ),
        (lambda broken: broken.mint("somebody's"), "was added or removed"),
        (
            lambda broken: broken.estate.onepassword.item(VAULT, ITEM).current.update(title="Renamed"),
            "item blumeops/Forgejo Secrets was added or removed",
        ),
        (
            lambda broken: broken.estate.onepassword.set_field(VAULT, ITEM, "notes", None),
            "was added or removed",
        ),
        (
            lambda broken: broken.estate.forgejo.repos[OWNER, REPOSITORY].variables.update(A="b"),
            "variables of eblume/blumeops of forgejo was changed",
        ),
    ],
    ids=["a secret", "an account", "a key", "an item", "a field", "a variable"],
)
def test_everything_that_is_somebody_else_s_is_looked_at(
    break_it: Callable[[Broken], object], says: str, broken: Broken
) -> None:
    """Each kind of thing that the systems hold."""
    found = [one for one in broken.watched(break_it) if name_of(one) == "what is not ours stays"]

    assert [one for one in found if one.endswith(f"{says}, after a request")] != [], found


@dataclass(frozen=True)
class MayGo:
    """
    Some places may go, nothing else.
    """

    places: Iterable[Place]

    def place_may_go(self, place: Place, now: Seen) -> bool:
        """
        Whether it is one of them.
        """
        return place in self.places

    def key_may_go(self, username: str) -> bool:
        """
        No key.
        """
        return False

    def account_may_go(self, username: str) -> bool:
        """
        No account.
        """
        return False


def test_a_command_that_is_told_to_remove_a_place_removes_nothing_else(broken: Broken) -> None:
    """The secret may go; that the field goes too is said."""

    def remove_both(broken: Broken) -> None:
        broken.estate.forgejo.delete_value(OWNER, REPOSITORY, SECRET)
        broken.estate.onepassword.set_field(VAULT, ITEM, FIELD, None)

    found = broken.watched(remove_both, MayGo([PUBLISHED]))

    assert found == [
        f"[each place keeps a live key] {STORE} holds nothing, after a request",
        f"[each place stays] {STORE} was removed, after a request",
    ]


def test_what_was_broken_for_a_moment_only_is_said(broken: Broken) -> None:
    """Between two requests there was no key in the field, and at the end there is."""
    watch = Watch(broken.estate, OURS)
    broken.estate.onepassword.set_field(VAULT, ITEM, FIELD, "")
    watch.look("the first request")
    broken.estate.onepassword.set_field(VAULT, ITEM, FIELD, broken.key)
    watch.look("the second request")

    assert watch.findings == [f"[each place keeps a live key] {STORE} holds nothing, after the first request"]


def test_a_look_that_fails_does_not_pass_for_one_that_found_nothing(broken: Broken) -> None:
    """Whoever calls it, as a proxy does, may let go of the error."""
    watch = Watch(broken.estate, OURS)
    broken.estate.zot.keyring.by_uuid["spoilt"] = replace(broken.estate.zot.of(USERNAME)[0], created_at="no time")

    with pytest.raises(ValueError, match="no time"):
        watch.look("a request")

    assert [name_of(one) for one in watch.findings] == ["the oracle itself"]


def test_a_key_lives_for_its_grace_from_when_the_last_place_let_go_of_it(broken: Broken) -> None:
    """That can be later than its successor's birth: a killed run may come between, or one in which a place was away."""
    old = broken.mint(age_days=91)
    broken.revoke(broken.key)
    broken.write(broken.mint(age_days=8))
    seen, (account,) = broken.look(GRACE), GRACE.accounts
    (key,) = [one for one in seen.keys if one.text == old]

    assert over(GRACE, account, seen, History()) == [key]
    assert over(GRACE, account, seen, History(replaced_at={key.uuid: seen.at - timedelta(days=6)})) == []
    assert over(GRACE, account, seen, History(replaced_at={key.uuid: seen.at - timedelta(days=7)})) == [key]
    assert over(GRACE, account, seen, History(as_of=seen.at - timedelta(days=2))) == []
