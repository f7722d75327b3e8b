"""
A place that goes from one instance to another: whoever had it leaves it alone, whatever the order of the calls.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.dynamic.wanted import NO_KEY, field, made_by, next_run, outs_of, program_has, secret, writes
from tests.world import FIELD, ITEM, OWNER, REPOSITORY, SECRET, VAULT, World
from zot_ci.dynamic.claims import Claim, Claims, ProgramClaim, Release
from zot_ci.dynamic.errors import CollisionError, KeyStillHeldError
from zot_ci.dynamic.run import RUN
from zot_ci.dynamic.seen import SEEN
from zot_ci.forgejo.actions_secret import ActionsSecretProvider
from zot_ci.onepassword.item_field import ItemFieldProvider
from zot_ci.settings.place import Place
from zot_ci.zot.api_key import ApiKeyProvider

pytestmark = pytest.mark.embedded

FIELDS, SECRETS, KEYS = ItemFieldProvider(), ActionsSecretProvider(), ApiKeyProvider()
ANOTHER_KEY = "zak_" + 32 * "1"


def test_a_field_that_a_successor_has_written_is_not_removed(signed_in: World) -> None:
    """Created, also under another resource's name, before the old instance is deleted."""
    olds = outs_of(FIELDS.create(field()))
    outs = outs_of(FIELDS.create(field(ANOTHER_KEY)))
    signed_in.estate.log.clear()

    FIELDS.delete("id", olds)

    assert outs["mark"] > olds["mark"]
    assert signed_in.field() == ANOTHER_KEY
    assert writes(signed_in) == []


@pytest.mark.parametrize("order", ["old last", "old first"])
def test_a_deletion_that_is_pending_from_a_killed_run_leaves_the_successor_s_field(
    order: str, signed_in: World
) -> None:
    """The refresh shows both instances to `diff`, in either order: the newest mark counts, not the last call."""
    olds = outs_of(FIELDS.create(field()))
    news = outs_of(FIELDS.create(field()))
    next_run(signed_in)
    for seen in (news, olds) if order == "old last" else (olds, news):
        FIELDS.diff("id", seen, field())

    FIELDS.delete("id", olds)
    assert signed_in.field() == NO_KEY

    FIELDS.delete("id", news)
    assert signed_in.field() is None


@pytest.mark.parametrize("order", ["old last", "old first"])
@pytest.mark.parametrize("program", ["no program", "the program runs"])
def test_a_place_that_its_newest_instance_clears_holds_no_key(program: str, order: str, signed_in: World) -> None:
    """A destroy after a killed replacement deletes both instances, side by side; else the key would live on."""
    olds = [outs_of(FIELDS.create(field(uuid="old"))), outs_of(SECRETS.create(secret(signed_in, uuid="old")))]
    news = [outs_of(FIELDS.create(field(uuid="old"))), outs_of(SECRETS.create(secret(signed_in, uuid="old")))]
    next_run(signed_in)
    for outs in (olds, news):
        FIELDS.diff("id", outs[0], field(uuid="old"))
        SECRETS.diff("id", outs[1], secret(signed_in, uuid="old"))
    if program == "the program runs":
        RUN.note(ProgramClaim(Place.field(VAULT, ITEM, FIELD).identity, news[0]["mark"]))
        RUN.note(ProgramClaim(Place.secret(SECRET, repository=f"{OWNER}/{REPOSITORY}").identity, news[1]["mark"]))
    assert len(RUN.claims.places_with("old")) == 2

    for outs in (news, olds) if order == "old last" else (olds, news):
        FIELDS.delete("id", outs[0])
        SECRETS.delete("id", outs[1])

    assert RUN.claims.places_with("old") == []
    assert (signed_in.field(), signed_in.secret()) == (None, None)


def test_what_the_program_has_and_the_run_leaves_out_is_not_cleared_away(signed_in: World) -> None:
    """A new account takes the places over, and `--exclude` leaves them out: no `check`, no `diff` tells of them."""
    olds, published = outs_of(FIELDS.create(field())), outs_of(SECRETS.create(secret(signed_in)))
    next_run(signed_in)
    program_has(Place.field(VAULT, ITEM, FIELD).identity)
    program_has(Place.secret(SECRET, repository=f"{OWNER}/{REPOSITORY}").identity)

    FIELDS.delete("id", olds)
    SECRETS.delete("id", published)

    assert writes(signed_in) == []


def test_a_destroy_that_runs_the_program_clears_away_what_the_program_has(signed_in: World) -> None:
    """`destroy --run-program`: the program has it by the very instance that is to go."""
    olds = outs_of(FIELDS.create(field()))
    next_run(signed_in)
    RUN.note(ProgramClaim(Place.field(VAULT, ITEM, FIELD).identity, olds["mark"]))

    FIELDS.delete("id", olds)

    assert signed_in.field() is None


def test_what_the_program_still_names_is_not_cleared_away(signed_in: World) -> None:
    """Even where nothing was seen of a successor: its writing may have failed, and the field holds our key."""
    olds = outs_of(FIELDS.create(field(uuid="old")))
    published = outs_of(SECRETS.create(secret(signed_in, uuid="old")))
    next_run(signed_in)
    program_has(Place.field(VAULT, ITEM, FIELD).identity)
    program_has(Place.secret(SECRET, repository=f"{OWNER}/{REPOSITORY}").identity)

    FIELDS.delete("id", olds)
    SECRETS.delete("id", published)

    assert (signed_in.field(), signed_in.secret()) == (NO_KEY, NO_KEY)
    assert RUN.claims.places_with("old") == [
        f"1Password {VAULT}/{ITEM}/{FIELD}",
        "Forgejo eblume/blumeops/ZOT_CI_API_KEY",
    ]


def test_a_key_that_a_place_of_the_program_still_holds_is_left_to_a_later_run(signed_in: World) -> None:
    """An account was renamed, and the new resource of its field could not write: with `--continue-on-error` go on."""
    olds, place = made_by(signed_in), Place.field(VAULT, ITEM, FIELD)
    held = outs_of(FIELDS.create(field(olds["api_key"], olds["uuid"])))
    next_run(signed_in)
    RUN.note(ProgramClaim(place.identity, called=str(place)))
    FIELDS.delete("id", held)

    still_in = f"key {olds['uuid']} of zot-ci, which is still needed in 1Password {VAULT}/{ITEM}/{FIELD}"
    with pytest.raises(KeyStillHeldError, match=f"zot: left {still_in}; a plain `pulumi up` revokes it"):
        KEYS.delete(olds["uuid"], olds)
    assert signed_in.accepts(olds["api_key"])

    next_run(signed_in)
    FIELDS.create(field(ANOTHER_KEY, "another"))
    KEYS.delete(olds["uuid"], olds)

    assert not signed_in.accepts(olds["api_key"])


def test_a_key_that_only_a_place_of_before_still_holds_is_left_and_the_line_says_for_how_long(
    signed_in: World, caplog: pytest.LogCaptureFixture
) -> None:
    """The place could not be cleared, and no run looks at it again."""
    olds = made_by(signed_in)
    held = outs_of(FIELDS.create(field(olds["api_key"], olds["uuid"])))
    next_run(signed_in)
    FIELDS.diff("id", held, field(olds["api_key"], olds["uuid"]))

    KEYS.delete(olds["uuid"], olds)

    assert signed_in.accepts(olds["api_key"])
    still_in = f"which is still needed in 1Password {VAULT}/{ITEM}/{FIELD}"
    until = f"it lives until {olds['expires_at'][:10]}, and no later run revokes it"
    assert f"zot: left key {olds['uuid']} of zot-ci, {still_in}; {until}" in caplog.messages


def test_a_secret_that_another_resource_has_published_is_not_deleted(signed_in: World) -> None:
    """Also by another spelling: the server takes names without case."""
    olds = outs_of(SECRETS.create(secret(signed_in)))
    SECRETS.create(secret(signed_in, ANOTHER_KEY, secret="zot_ci_api_key"))
    signed_in.estate.log.clear()

    SECRETS.delete("id", olds)

    assert signed_in.secret() == ANOTHER_KEY
    assert writes(signed_in) == []


def test_a_secret_that_nobody_else_has_is_deleted(signed_in: World) -> None:
    """Whatever other places this run has seen."""
    olds = outs_of(SECRETS.create(secret(signed_in)))
    SECRETS.create(secret(signed_in, secret="OTHER"))

    SECRETS.delete("id", olds)

    assert signed_in.secret() is None
    assert signed_in.estate.forgejo.value("eblume", "blumeops", "OTHER") == NO_KEY


@pytest.fixture
def two_names(signed_in: World) -> Iterator[tuple[Place, Place]]:
    """One field, by its label for one account and by its id for another."""
    signed_in.set_field(NO_KEY)
    item = signed_in.estate.onepassword.item(VAULT, ITEM)
    by_label = Place.field(VAULT, ITEM, FIELD)
    by_id = Place.field(signed_in.estate.onepassword.vault(VAULT).id, item.id, item.labelled(FIELD)[0]["id"])
    SEEN.named_fields = (("first", by_label), ("second", by_id))
    yield by_label, by_id
    assert signed_in.field() == NO_KEY


def test_one_field_under_two_names_is_refused_before_it_is_written(
    two_names: tuple[Place, Place], signed_in: World
) -> None:
    """Else each `up` would overwrite the other account's key, for ever."""
    for place in two_names:
        vault, item, label = place.path
        with pytest.raises(CollisionError) as caught:
            FIELDS.create(field(ANOTHER_KEY, vault=vault, item=item, field=label))
        assert "of account first" in str(caught.value)
        assert "of account second" in str(caught.value)
    assert writes(signed_in) == []


def test_marks_sort_by_time_whatever_the_clock_says() -> None:
    """A machine whose clock is behind makes a later mark all the same, if it has seen the earlier one."""
    future = "90000000000000000000-abcd"
    claims = Claims()
    claims.add(Claim(THING, future))

    assert claims.new_mark() > future
    assert claims.belong_to_another([THING], "0")
    assert not claims.belong_to_another([THING], future)


THING, OTHER = ("a", "thing"), ("another", "thing")


@pytest.mark.parametrize(
    ("claims", "leaves"),
    [
        ((), False),
        ((Claim(THING, "2"),), False),
        ((Claim(THING, "1"),), False),
        ((Claim(THING, "3"),), True),
        ((Claim(OTHER, "3"), ProgramClaim(OTHER)), False),
        ((ProgramClaim(THING),), True),
        ((ProgramClaim(THING), ProgramClaim(THING, "2")), False),
        ((ProgramClaim(THING), ProgramClaim(THING, "3")), True),
        ((ProgramClaim(THING, "1"),), True),
        ((Claim(THING, "3"), Release(THING, "3")), True),
    ],
    ids=[
        "nobody",
        "itself",
        "an older instance",
        "a newer instance",
        "another thing",
        "the program, by name",
        "the program, by this instance",
        "the program, by a newer instance",
        "the program, by an older instance",
        "a newer instance that has let go",
    ],
)
def test_a_deletion_leaves_what_is_another_s(claims: tuple[ProgramClaim | Claim | Release, ...], leaves: bool) -> None:
    """The rule, for the instance with the mark 2."""
    known = Claims()
    for claim in claims:
        known.add(claim)

    assert known.belong_to_another([THING], "2") is leaves


def test_a_place_that_the_run_leaves_out_holds_the_key_that_the_program_knows_of() -> None:
    """No provider sees its instance; in a destroy that runs the program it is released."""
    claims = Claims()
    claims.add(ProgramClaim(THING))
    claims.add(ProgramClaim(THING, "2", "uuid", "the place"))

    assert claims.places_with("uuid") == ["the place"]
    claims.add(Release(THING, "1"))
    assert claims.places_with("uuid") == ["the place"]
    claims.add(Release(THING, "2"))
    assert claims.places_with("uuid") == []


def test_what_a_newer_instance_has_released_an_older_one_cannot_claim() -> None:
    """In whatever order a run hears of the releases."""
    claims = Claims()
    for claim in (Release(THING, "3"), Release(THING, "1"), Claim(THING, "2", "uuid", "the place")):
        claims.add(claim)

    assert claims.places_with("uuid") == []


def test_a_place_holds_the_key_that_its_newest_instance_knows() -> None:
    """An instance that has claimed it and not written it yet knows of none: it may still hold the one before."""
    claims = Claims()
    for claim in (Claim(THING, "2", "new", "the place"), Claim(THING, "1", "old", "the place"), Claim(THING, "3")):
        claims.add(claim)

    assert claims.places_with("new") == ["the place"]
    assert claims.places_with("old") == []
    claims.add(Release(THING, "2"))
    claims.add(Claim(THING, "2", "new", "the place"))
    assert claims.places_with("new") == []
    claims.add(Claim(THING, "3", "newest", "the place"))
    assert claims.places_with("newest") == ["the place"]
