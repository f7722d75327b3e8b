"""
What the search has found about keys that should go, each sequence by itself: their labels, their graces, who revokes
them.
"""

from __future__ import annotations

import pytest

from tests.sequences.process import Interruption, Moment
from tests.sequences.test_sequences import Sequences
from tests.sequences.wanted import FIELDS, SECRETS

pytestmark = pytest.mark.embedded


@pytest.mark.parametrize("at", range(8, 14))
def test_the_grace_of_a_key_begins_when_a_run_has_seen_every_place_let_go_of_it(life: Sequences, at: int) -> None:
    """A run that was killed between the mint and the sweep ends no grace, however long ago that was."""
    life.settings_change(("grace_days", 7))
    life.up()
    life.days_pass(91)
    life.up_is_interrupted(Interruption(Moment.BEFORE_CALL, at))
    life.days_pass(8)

    life.up()
    life.days_pass(8)
    life.up()

    life.nothing_is_violated()
    (_, *older) = reversed(life.ground.our_keys())
    assert older == []


@pytest.mark.parametrize("at", range(8, 14))
def test_a_key_made_under_another_name_of_the_stack_is_revoked_under_the_old_one(life: Sequences, at: int) -> None:
    """A run that was killed after its mint: only the key's own resource has that label in the state."""
    life.stack_is_renamed()
    life.up_is_interrupted(Interruption(Moment.BEFORE_CALL, at))
    life.stack_is_renamed()

    life.up()

    life.nothing_is_violated()
    assert len(life.ground.world.estate.zot.of("zot-ci")) == 1


def test_a_label_that_only_a_key_had_is_forgotten_with_it_by_a_run_without_the_sweep(life: Sequences) -> None:
    """`up --target` of the key: its old resource goes, and the sweep, which was not shown, has never had its label."""
    life.stack_is_renamed()
    life.up_is_interrupted(Interruption(Moment.BEFORE_CALL, 11))
    life.stack_is_renamed()
    life.up_is_told("--target", (0, "ApiKey"), None)

    life.up()

    life.nothing_is_violated()
    assert [key.label for key in life.ground.world.estate.zot.of("zot-ci")] == [
        "zot-ci/renamed/zot-ci",
        "zot-ci/test/zot-ci",
    ]


@pytest.mark.parametrize("told", ["--target", "--target --target-dependents"])
def test_a_key_that_moves_to_another_url_alone_does_not_take_the_old_one_from_its_places(
    life: Sequences, told: str
) -> None:
    """`up --target` shows no provider the places, which hold the key of the old URL."""
    life.settings_change(("registry_by_alias", True))

    life.up_is_told(told, (0, "ApiKey"), None)
    life.nothing_is_violated()
    life.up()

    life.nothing_is_violated()


def test_an_expired_key_in_a_place_that_goes_is_revoked_by_the_sweep(life: Sequences) -> None:
    """It could not revoke itself when that place has gone."""
    life.settings_change(("secrets", SECRETS[1:]))
    life.days_pass(216)

    life.up()

    life.nothing_is_violated()


def test_a_key_in_a_place_that_goes_is_revoked_though_a_field_with_it_was_removed_by_hand(life: Sequences) -> None:
    """What is gone holds no key, whatever the state says of it."""
    life.by_hand("the field is removed")
    life.settings_change(("secrets", SECRETS[1:]))
    life.days_pass(91)

    life.up()

    life.nothing_is_violated()


def test_a_name_that_the_stack_had_for_a_moment_gives_it_no_keys(life: Sequences) -> None:
    """The state has forgotten the first name's label with its sweep; to come back to a name teaches it nothing."""
    life.part_is_destroyed((0, "RetiredKeys"), None)
    life.stack_is_renamed()
    life.up()
    life.stack_is_renamed()
    life.stack_is_renamed()

    life.up()

    life.nothing_is_violated()


def test_a_new_key_that_its_minter_revokes_is_not_missed(life: Sequences) -> None:
    """Of an account with too many rights, which the run is told to leave out; no place has had that key."""
    life.by_hand("the account joins the admins")
    life.days_pass(150)

    life.up_is_told("--exclude", (0, "ServiceAccount"), None)
    life.nothing_is_violated()
    life.up()

    life.nothing_is_violated()


def test_a_dead_key_of_an_old_export_at_another_url_can_revoke_no_other(life: Sequences) -> None:
    """The run says so; the newer key under the stack's earlier name lives until it expires."""
    life.state_is_exported()
    life.settings_change(("days", (30, 45)))
    life.days_pass(31)
    life.settings_change(("registry_by_alias", True))
    life.up()
    life.export_is_imported()
    life.stack_is_renamed()

    life.up()

    life.nothing_is_violated()


def test_a_sweep_that_is_replaced_begins_each_grace_anew(life: Sequences) -> None:
    """What it knew of the old keys' release was in its state."""
    life.settings_change(("grace_days", 7))
    life.days_pass(91)
    life.up()
    life.days_pass(8)
    life.state_is_edited("state taint", (0, "RetiredKeys"))

    life.up()

    life.nothing_is_violated()


def test_a_copy_gets_the_store_s_key_by_its_own_number_where_a_run_leaves_the_store_out(life: Sequences) -> None:
    """The key's own resource has another one by then, so the number of that says nothing of the store's."""
    life.settings_change(("fields", FIELDS[:2]))
    life.up()
    life.days_pass(91)
    life.up_is_told("--exclude", (0, "ItemField, store"), None)
    life.nothing_is_violated()
    life.up_is_told("--exclude", (0, "ItemField, copies"), None)

    life.nothing_is_violated()


def test_a_dead_key_of_an_old_export_is_not_written_to_a_copy_where_a_run_leaves_the_store_out(
    life: Sequences,
) -> None:
    """The key that is minted then is alive; the store's, which a copy gets, is not."""
    life.settings_change(("fields", FIELDS[:2]))
    life.up()
    life.state_is_exported()
    life.days_pass(91)
    life.up()
    life.export_is_imported()
    life.up_is_told("--exclude", (0, "ItemField, store"), None)

    life.nothing_is_violated()
