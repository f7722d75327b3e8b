"""
What the search has found, each sequence by itself.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.choice import some
from tests.sequences.ground import FIELDS, SECRETS
from tests.sequences.model import KINDS, Flags, Part
from tests.sequences.process import Interruption, Moment
from tests.sequences.test_sequences import TOLD, Sequences
from tests.world import World

pytestmark = pytest.mark.embedded

# The calls of an `up` for another account.
CALLS = {str(at): at for at in range(5, 25)}


@pytest.fixture
def new(world: World) -> Iterator[Sequences]:
    """
    A stack before its first `up`.
    """
    new = Sequences(world)
    try:
        yield new
    finally:
        new.close()


@pytest.fixture
def life(new: Sequences) -> Sequences:
    """
    A stack in sync.
    """
    new.up()
    return new


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

    life.up_with(Flags(exclude=frozenset({Part("zot-ci", "ItemField", copies=True)})), None)
    life.nothing_is_violated()
    life.up()

    life.nothing_is_violated()


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


def test_a_renamed_account_of_an_old_export_beside_one_made_in_its_name_gets_it_back(life: Sequences) -> None:
    """Its name is taken, which the run says; one of the two goes by hand."""
    life.state_is_exported()
    life.by_hand("the account is renamed")
    life.up_with(Flags(replace=frozenset({Part(life.ground.wanted.username, "ServiceAccount")})), None)
    life.export_is_imported()

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
