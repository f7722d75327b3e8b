"""
The oracle notices: each thing that must hold is broken by hand in embedded systems, and the check of that name says so.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from tests import oracle
from tests.broken import GRACE, OURS, PUBLISHED, STORE, USERNAME, WAITS, Broken
from tests.estate.authentik.model import Session
from tests.oracle.named import CHECKS, name_of
from tests.oracle.rest import (
    History,
    no_session_is_left,
    nothing_of_ours_is_left,
    the_live_keys_are_the_newest_and_what_a_missing_place_may_hold,
    what_needs_no_missing_part_is_served,
    what_was_taken_out_is_gone,
)
from tests.oracle.shown import (
    a_fault_is_told_in_a_sentence,
    a_preview_after_it_is_empty,
    a_preview_changes_nothing,
    a_preview_in_sync_shows_its_count_alone,
    no_push_is_refused,
    no_secret_is_in_a_file,
    no_secret_is_in_the_process_table,
    no_secret_is_shown,
    nothing_grows,
    one_more_up_ends_well,
    the_run_says_what_it_left_out,
)
from tests.world import FIELD, GROUP, ITEM, OWNER, REPOSITORY, SECRET, VAULT, World

pytestmark = pytest.mark.embedded

HARNESSES = ("faults", "commands", "parts", "sequences", "soak")
CALM = "Previewing update (test):\n\n\nResources:\n    6 unchanged\n"


@pytest.fixture
def broken(world: World, tmp_path: Path) -> Broken:
    return Broken(world.estate, tmp_path)


def _another_account_s_key(broken: Broken) -> None:
    broken.estate.zot.mint("zot-next", "zot-ci/test/zot-next")
    (key,) = broken.estate.zot.of("zot-next")
    broken.publish(key.secret)


def _another_account_of_that_name(broken: Broken) -> None:
    broken.estate.authentik.delete_user(USERNAME)
    broken.estate.authentik.add_user(USERNAME, groups=[GROUP], type="service_account")


def _another_field(broken: Broken) -> None:
    broken.estate.onepassword.set_field(VAULT, ITEM, "webhook", "overwritten")


def _key_of_before(broken: Broken) -> History:
    """
    What is known of a key that was made 91 days ago, and ended just now.
    """
    old = broken.mint(age_days=91)
    history = History(before=broken.look())
    broken.revoke(old)
    return history


def _account(broken: Broken, **properties: object) -> None:
    vars(broken.estate.authentik.users[USERNAME]).update(properties)


def _login_left(broken: Broken) -> list[str]:
    before = broken.look()
    broken.estate.authentik.sessions["left"] = Session(user=broken.estate.authentik.users[USERNAME])
    return no_session_is_left(OURS.accounts[0], before, broken.look())


def _preview_that_writes(broken: Broken) -> list[str]:
    before = broken.look()
    broken.publish("somebody's")
    return a_preview_changes_nothing(before, broken.look())


def _not_served(broken: Broken) -> list[str]:
    broken.mint()
    return what_needs_no_missing_part_is_served(OURS, broken.look(), {STORE})


def _ended_while_held(broken: Broken) -> list[str]:
    then = broken.look()
    broken.estate.onepassword.set_field(VAULT, ITEM, FIELD, broken.mint())
    broken.revoke(broken.key)
    return the_live_keys_are_the_newest_and_what_a_missing_place_may_hold(OURS, then, broken.look(), {PUBLISHED})


def _file_with_a_secret(broken: Broken) -> list[str]:
    (broken.folder / "state.json").write_text(f'{{"api_key": "{broken.key}"}}')
    return no_secret_is_in_a_file(broken.estate.secrets, broken.folder)


def _items_written(broken: Broken) -> None:
    broken.estate.onepassword.puts += 1


# By the name of a check, what breaks it, and what it then says, at the end.
BREAKS: dict[str, tuple[Callable[[Broken], list[str]], str]] = {
    "each place keeps a live key": (
        lambda broken: broken.watched(lambda _: broken.revoke(broken.key)),
        f"{STORE} holds a dead key, after a request",
    ),
    "each place keeps the key of its account": (
        lambda broken: broken.watched(_another_account_s_key),
        f"{PUBLISHED} holds a key of zot-next, not of zot-ci, after a request",
    ),
    "each place stays": (
        lambda broken: broken.watched(lambda _: broken.estate.forgejo.delete_value(OWNER, REPOSITORY, SECRET)),
        f"{PUBLISHED} was removed, after a request",
    ),
    "each account keeps a live key": (
        lambda broken: broken.watched(lambda _: broken.revoke(broken.key)),
        "no key of zot-ci is left, after a request",
    ),
    "each account stays": (
        lambda broken: broken.watched(_another_account_of_that_name),
        "the account zot-ci is another one, after a request",
    ),
    "what is not ours stays": (
        lambda broken: broken.watched(_another_field),
        "was changed, after a request",
    ),
    "no item is written as a whole": (
        lambda broken: broken.watched(_items_written),
        "1 1Password items were written as a whole, after a request",
    ),
    "each place holds the key in use": (
        lambda broken: broken.at_rest(lambda _: broken.publish("overwritten")),
        f"{PUBLISHED} does not hold the key that zot-ci has in its store of record",
    ),
    "the key in use has our label": (
        lambda broken: broken.at_rest(lambda _: broken.write(broken.mint("by hand"))),
        "the key in use of zot-ci has the label by hand",
    ),
    "no key is newer than the one in use": (
        lambda broken: broken.at_rest(lambda _: broken.mint()),
        "zot-ci has a key newer than the one in use",
    ),
    "no key outlives its grace": (
        lambda broken: broken.at_rest(lambda _: broken.mint(age_days=91)),
        "lives on after its grace",
    ),
    "no key ends within its grace": (
        lambda broken: broken.at_rest(lambda _: None, GRACE, _key_of_before(broken)),
        "was ended within its grace",
    ),
    "each account is as wanted": (
        lambda broken: broken.at_rest(lambda _: _account(broken, groups={GROUP, "admins"})),
        "the account zot-ci has another type, is not active, or is in other groups",
    ),
    "no mfa device is left": (
        lambda broken: broken.at_rest(lambda _: broken.estate.authentik.add_device(USERNAME)),
        "zot-ci has 1 MFA devices",
    ),
    "no session is left": (_login_left, "zot-ci has 1 sessions, more than before"),
    "what needs no missing part is served": (
        _not_served,
        f"{STORE} does not hold the newest key of zot-ci",
    ),
    "the live keys are the newest and what a missing place may hold": (
        _ended_while_held,
        "1 keys of zot-ci ended, and a place that was missing may hold them",
    ),
    "what was taken out is gone": (
        lambda broken: what_was_taken_out_is_gone(broken.look(), {PUBLISHED}),
        f"{PUBLISHED} is left, and the settings do not name it any more",
    ),
    "nothing of ours is left": (
        lambda broken: nothing_of_ours_is_left(OURS, broken.look(), {STORE, PUBLISHED, USERNAME}),
        "a key of zot-ci is left",
    ),
    "one more up ends well": (
        lambda broken: one_more_up_ends_well(255, why="error: no such group"),
        "the up ended with 255: error: no such group",
    ),
    "a preview after it is empty": (
        lambda broken: a_preview_after_it_is_empty(7),
        "the preview after it ended with 7",
    ),
    "a preview changes nothing": (_preview_that_writes, "a place was changed by a preview"),
    "no secret is shown": (
        lambda broken: no_secret_is_shown(broken.estate.secrets, f"error: key {broken.key} is refused"),
        "stands in the output",
    ),
    "no secret is in a file": (_file_with_a_secret, "…"),
    "no secret is in the process table": (
        lambda broken: no_secret_is_in_the_process_table(broken.estate.secrets, ["op item edit", f"op {broken.key}"]),
        "stands in the process table",
    ),
    "a fault is told in a sentence": (
        lambda broken: a_fault_is_told_in_a_sentence("Traceback (most recent call last):"),
        "a traceback stands in the output",
    ),
    "the run says what it left out": (
        lambda broken: the_run_says_what_it_left_out("refused: a\nrefused: b\n", ["refused: "], times=1),
        "2 lines, not 1, say: refused: ",
    ),
    "a preview in sync shows its count alone": (
        lambda broken: a_preview_in_sync_shows_its_count_alone(f"Diagnostics:\n    a sentence\n\n{CALM}"),
        "a preview in sync shows: Diagnostics:",
    ),
    "no push is refused": (
        lambda broken: no_push_is_refused(["401 for a job that read the field 1.0 hours before"]),
        "401 for a job that read the field 1.0 hours before",
    ),
    "nothing grows": (
        lambda broken: nothing_grows({"state": (100, 103)}, tolerance=0.02),
        "state grew from 100 to 103",
    ),
}


@pytest.mark.parametrize("name", BREAKS)
def test_what_is_broken_is_said_by_the_check_of_that_name(name: str, broken: Broken) -> None:
    """Whatever other checks say of the same thing."""
    break_it, says = BREAKS[name]

    found = break_it(broken)

    assert [one for one in found if name_of(one) == name and one.endswith(says)] != [], found


def test_every_check_is_broken_here_and_every_promise_has_one() -> None:
    """All modules of the oracle are looked through; the promises are the nine of docs/promises.md."""
    for module in pkgutil.iter_modules(oracle.__path__):
        importlib.import_module(f"{oracle.__name__}.{module.name}")

    assert BREAKS.keys() == CHECKS.keys()
    assert set(CHECKS.values()) == set(range(1, 10))


def test_every_check_is_asked_for_by_a_harness() -> None:
    """By its own name, or through what the oracle asks at once: none is there for show."""
    folders = [Path(__file__).with_name(name) for name in (*HARNESSES, "oracle")]
    text = "\n".join(file.read_text() for folder in folders for file in sorted(folder.glob("*.py")))

    assert [name for name in CHECKS if not re.search(rf"(?<!def ){name.replace(' ', '_')}\(", text)] == []


@pytest.mark.parametrize(("hours", "is_in_use"), [(23.0, True), (25.0, False)])
def test_an_old_key_stays_while_it_is_used_where_the_settings_say_so(
    hours: float, is_in_use: bool, broken: Broken
) -> None:
    """Neither longer nor shorter; without the setting its use says nothing."""
    old = broken.mint(age_days=91)
    key = broken.estate.zot.key(old)
    assert key is not None
    key.last_used = (broken.estate.clock.now() - timedelta(hours=hours)).isoformat()
    before = broken.look()

    lives_on = [broken.at_rest(lambda _: None, ours) for ours in (WAITS, OURS)]
    ended = [broken.at_rest(lambda _: broken.revoke(old), WAITS, History(before=before))]
    ended.append(broken.at_rest(lambda _: None, OURS, History(before=before)))

    assert [bool(found) for found in lives_on] == [not is_in_use, True]
    assert [bool(found) for found in ended] == [is_in_use, False]
    assert all("though it had been used" in line for found in ended for line in found)


def test_nothing_is_said_of_what_is_in_sync(broken: Broken) -> None:
    """Neither while nothing happens nor afterwards."""
    before = broken.look()

    assert broken.watched(lambda _: None) == []
    assert broken.at_rest(lambda _: None) == []
    assert no_session_is_left(OURS.accounts[0], before, broken.look()) == []
    assert a_preview_changes_nothing(before, broken.look()) == []
    assert a_preview_in_sync_shows_its_count_alone(CALM) == []
    assert what_needs_no_missing_part_is_served(OURS, before, OURS.places) == []
    assert the_live_keys_are_the_newest_and_what_a_missing_place_may_hold(OURS, before, broken.look(), ()) == []
