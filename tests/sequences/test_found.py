"""
What the search has found about places and accounts, each sequence by itself; `test_found_of_keys.py` has the rest.
"""

from __future__ import annotations

import pytest

from tests.choice import some
from tests.sequences.parts import KINDS, Flags, Part
from tests.sequences.process import Interruption, Moment
from tests.sequences.test_sequences import TOLD, Sequences
from tests.sequences.wanted import FIELDS, SECRETS

pytestmark = pytest.mark.embedded

# The calls of an `up` for another account.
CALLS = {str(at): at for at in range(5, 25)}


def test_a_store_of_record_that_becomes_a_copy_keeps_its_key(life: Sequences) -> None:
    """Its resource moves away before the copy's resource is there, and must not clear the field behind itself."""
    life.settings_change(("fields", (FIELDS[1], FIELDS[0])))

    life.up()

    life.nothing_is_violated()


def test_two_fields_that_change_places_keep_their_keys(life: Sequences) -> None:
    """Each resource takes over what the other had."""
    life.settings_change(("fields", FIELDS[:2]))
    life.up()
    life.settings_change(("fields", FIELDS[1::-1]))

    life.up()

    life.nothing_is_violated()


@pytest.mark.parametrize("at", some("kills, another account", CALLS, 8))
def test_a_field_that_another_account_took_over_is_left_to_it_after_a_kill(life: Sequences, at: int) -> None:
    """The old account's things are cleared away by a later run, whose providers have seen nothing of its refresh."""
    life.settings_change(("username", "zot-next"))
    life.up_is_interrupted(Interruption(Moment.BEFORE_CALL, at))
    life.settings_change(("days", (30, 45)))

    life.up()

    life.nothing_is_violated()


@pytest.mark.parametrize("at", some("kills, everything moved", CALLS, 8))
def test_everything_moved_at_once_and_moved_back_after_a_kill_ends_in_sync(life: Sequences, at: int) -> None:
    """A due key, another account, other places; then all as it was."""
    before = life.ground.wanted
    life.days_pass(91)
    life.settings_change(("username", "zot-next"))
    life.settings_change(("fields", FIELDS[1:]))
    life.settings_change(("secrets", SECRETS[1:]))
    life.up_is_interrupted(Interruption(Moment.AFTER_CALL, at))
    life.ground.wanted = before

    life.up()

    life.nothing_is_violated()


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_account_whose_part_is_left_out_does_not_lose_the_place_to_the_old_one_s_end(
    life: Sequences, kind: str
) -> None:
    """`up --exclude`: the engine tells the providers nothing of what is left out, and clears the old account away."""
    life.settings_change(("username", "zot-next"))

    life.up_is_told("--exclude, with dependents", (0, kind), None)
    life.nothing_is_violated()
    life.up()

    life.nothing_is_violated()


TOLD_KINDS = {f"{kind}, {told}": (kind, told) for kind in KINDS for told in sorted(TOLD)}


@pytest.mark.parametrize(("kind", "told"), some("a dead key", TOLD_KINDS, 14, by=lambda _, case: case))
def test_the_dead_key_of_an_older_state_does_not_overwrite_a_live_one(life: Sequences, kind: str, told: str) -> None:
    """A run for some resources looks at the state's key only if that is one of them."""
    life.state_is_exported()
    life.days_pass(91)
    life.up()
    life.export_is_imported()

    life.up_is_told(told, (0, kind), None)
    life.nothing_is_violated()
    life.up()

    life.nothing_is_violated()


@pytest.mark.parametrize("kind", KINDS)
def test_a_place_that_a_stack_begun_anew_leaves_out_does_not_count_as_served(life: Sequences, kind: str) -> None:
    """`up --exclude` of what the state has forgotten: its resource is not there, and seems to hold the new key."""
    life.state_is_edited("state delete --target-dependents", (0, "ServiceAccount"))

    life.up_is_told("--exclude", (0, kind), None)
    life.nothing_is_violated()
    life.up()

    life.nothing_is_violated()


def test_a_copy_that_a_stack_begun_anew_leaves_out_does_not_count_as_served(life: Sequences) -> None:
    """The sweep comes although the copy is left out, and the copy still holds the key of before."""
    life.settings_change(("fields", FIELDS[:2]))
    life.up()
    life.state_is_edited("state delete --target-dependents", (0, "ServiceAccount"))

    life.up_with(Flags(exclude=frozenset({Part("zot-ci", "ItemField", only="copies")})), None)
    life.nothing_is_violated()
    life.up()

    life.nothing_is_violated()


def test_a_place_that_the_state_forgot_and_the_settings_do_not_name_waits_for_its_own_account_alone(
    life: Sequences,
) -> None:
    """Its key is revoked when that account's places are served, whatever another account still lacks."""
    life.engine.state = []
    life.settings_change(("fields", FIELDS[1:]))
    life.settings_change(("neighbour", True))

    life.up()

    life.nothing_is_violated()


def test_a_place_that_changes_accounts_keeps_its_key_until_it_has_the_other_one(new: Sequences) -> None:
    """Two accounts change places, and all is replaced: the first one's sweep comes before the second one's places."""
    new.settings_change(("neighbour", True))
    new.up()
    new.settings_change(("username", "zot-next"))

    new.up_is_told("--replace, of each", (0, "ApiKey"), None)
    new.nothing_is_violated()
    new.up()

    new.nothing_is_violated()


def test_a_renamed_account_of_an_old_export_beside_one_made_in_its_name_gets_it_back(life: Sequences) -> None:
    """Its name is taken, which the run says; one of the two goes by hand."""
    life.state_is_exported()
    life.by_hand("the account is renamed")
    life.up_with(Flags(replace=frozenset({Part(life.ground.wanted.username, "ServiceAccount")})), None)
    life.export_is_imported()

    life.up()

    life.nothing_is_violated()


@pytest.mark.parametrize("spelling", ["ids", "capitals", "another server's name"])
@pytest.mark.parametrize("silent", range(4))
def test_a_place_that_is_called_otherwise_keeps_its_key_where_a_run_fails_and_goes_on(
    spelling: str, silent: int, life: Sequences
) -> None:
    """Its new resource may not have been reached, and its old one must leave what the settings still name."""
    life.settings_change(("fields", FIELDS[:2]))
    life.up()
    life.settings_change(("spelling", spelling))

    life.up_is_interrupted(Interruption(Moment.SILENT, silent), goes_on=True)
    life.nothing_is_violated()
    life.up()

    life.nothing_is_violated()


@pytest.mark.parametrize("spelling", ["ids", "capitals", "another server's name"])
@pytest.mark.parametrize("silent", [*range(4), None])
def test_a_place_that_another_account_has_by_another_name_keeps_its_key_until_it_has_the_next_one(
    spelling: str, silent: int | None, life: Sequences
) -> None:
    """The key of the account before it is revoked after that, whatever the two call the place."""
    life.settings_change(("neighbour", True))
    life.up()
    life.days_pass(91)
    life.settings_change(("username", "zot-next"))
    life.settings_change(("spelling", spelling))

    if silent is not None:
        life.up_is_interrupted(Interruption(Moment.SILENT, silent), goes_on=True)
    life.nothing_is_violated()
    life.up()

    life.nothing_is_violated()
