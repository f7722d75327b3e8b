"""
A repository that was renamed, archived, or whose name somebody else's has by now.
"""

from __future__ import annotations

import pytest
from starlette.responses import Response

from tests.dynamic.wanted import NO_KEY, next_run, outs_of, program_has, secret, writes
from tests.http.between import Between
from tests.messages import assert_names
from tests.world import OWNER, REPOSITORY, SECRET, World
from zot_ci.dynamic.errors import CollisionError, NotOursError
from zot_ci.dynamic.findings import Findings
from zot_ci.dynamic.provider import Props
from zot_ci.forgejo.actions_secret import ActionsSecretProvider
from zot_ci.forgejo.api import forgejo_at
from zot_ci.forgejo.republication import publish_again
from zot_ci.http.errors import MovedError, NotFoundError, ReconcileError, UnexpectedAnswerError
from zot_ci.settings.place import Place
from zot_ci.settings.server import ForgejoServer

pytestmark = pytest.mark.embedded

PROVIDER = ActionsSecretProvider()
ID = f"{OWNER}/{REPOSITORY}/{SECRET}"
NEW = f"{OWNER}/new"
PLACE = Place.secret(SECRET, repository=f"{OWNER}/{REPOSITORY}")


@pytest.fixture
def olds(signed_in: World) -> Props:
    """The secret as the last run recorded it."""
    outs = outs_of(PROVIDER.create(secret(signed_in)))
    next_run(signed_in)
    return outs


@pytest.fixture
def moved(olds: Props, signed_in: World) -> Props:
    """The same, after somebody has renamed the repository."""
    signed_in.estate.forgejo.rename(OWNER, REPOSITORY, OWNER, "new")
    return olds


@pytest.fixture
def another(olds: Props, signed_in: World) -> Props:
    """The same, after somebody has deleted the repository, and somebody has made one of its name."""
    signed_in.estate.forgejo.delete_repo(OWNER, REPOSITORY)
    signed_in.estate.forgejo.add_repo(OWNER, REPOSITORY)
    return olds


def number(world: World, repository: str = REPOSITORY) -> int:
    """The forge's number of a repository."""
    return world.estate.forgejo.repos[OWNER, repository].id


def test_a_renamed_repository_is_a_condition_with_the_name_to_write(moved: Props, signed_in: World) -> None:
    """Every method is redirected, and none is followed."""
    seen = outs_of(PROVIDER.read(ID, moved))

    assert seen == moved | {"condition": f"moved to {NEW}: set that name in the settings"}
    with pytest.raises(MovedError, match=f"301 for {OWNER}/{REPOSITORY}: it moved to {NEW}; set that name in"):
        PROVIDER.update(ID, seen, secret(signed_in))
    assert writes(signed_in) == []


@pytest.mark.parametrize("recorded", [True, False], ids=["number recorded", "state of before"])
def test_with_the_new_name_the_old_instance_leaves_the_new_secret(
    recorded: bool, moved: Props, signed_in: World
) -> None:
    """The same repository and the same name are the same secret, whatever the stack file called it."""
    old = outs_of(PROVIDER.read(ID, moved if recorded else {**moved, "owner_id": None}))
    news = secret(signed_in, repository=NEW)
    PROVIDER.check({}, news)

    PROVIDER.create(news)
    PROVIDER.delete(ID, old)

    assert signed_in.estate.forgejo.value(OWNER, "new", SECRET) == NO_KEY


def test_a_run_killed_before_the_deletion_leaves_it_as_well(moved: Props, signed_in: World) -> None:
    """The next run's refresh shows both instances, in either order."""
    news = secret(signed_in, repository=NEW)
    new = outs_of(PROVIDER.create(news))
    next_run(signed_in)
    PROVIDER.diff("new", new, news)
    PROVIDER.diff(ID, moved, secret(signed_in))

    PROVIDER.delete(ID, moved)

    assert signed_in.estate.forgejo.value(OWNER, "new", SECRET) == NO_KEY


def test_taken_out_instead_one_warning_says_what_stays_where(
    moved: Props, signed_in: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody deletes at a name that nobody wrote down."""
    PROVIDER.delete(ID, moved)

    [said] = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert_names(said, f"Forgejo secret {ID} was left", NEW, "delete it by hand", "key a-uuid")
    assert signed_in.estate.forgejo.value(OWNER, "new", SECRET) == NO_KEY


def test_a_secret_that_the_program_has_by_its_new_name_is_left_and_nothing_else_is_said(
    moved: Props, signed_in: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Its own resource writes it later, or the run leaves it out."""
    caplog.set_level("INFO")
    program_has(Place.secret(SECRET, repository=NEW).identity)

    PROVIDER.delete(ID, moved)

    assert caplog.messages == [f"Forgejo: left secret {ID}: it is that of {NEW} now, which is in the settings"]
    assert signed_in.estate.forgejo.value(OWNER, "new", SECRET) == NO_KEY


def test_old_and_new_name_in_one_stack_file_are_the_same_secret(moved: Props, signed_in: World) -> None:
    """Before anything is published twice."""
    program_has(Place.secret(SECRET, repository=NEW).identity)

    with pytest.raises(CollisionError, match=f"{ID} and Forgejo secret {NEW}/{SECRET} are the same secret"):
        PROVIDER.update(ID, moved, secret(signed_in))


@pytest.mark.parametrize(
    "location",
    [
        "https://elsewhere.test/api/v1/repos/eblume/new/actions/secrets",
        "/login",
        f"/api/v1/repos/{OWNER}/{REPOSITORY}/actions/secrets",
        "",
    ],
    ids=["another host", "a login", "itself", "nowhere"],
)
def test_a_redirect_to_anything_but_a_repository_of_this_server_is_no_move(
    location: str, olds: Props, signed_in: World
) -> None:
    """The name in it would be somebody else's word."""
    away = Response(status_code=307, headers={"location": location})
    Between(signed_in.estate.forgejo).answer("GET /api/v1/repos", away)

    assert str(outs_of(PROVIDER.read(ID, olds))["condition"]).startswith("not checked: Forgejo at ")
    with pytest.raises(UnexpectedAnswerError, match="307"):
        PROVIDER.update(ID, olds, secret(signed_in))


def test_an_archived_repository_counts_as_gone(olds: Props, signed_in: World) -> None:
    """It would take the secret, and nothing in it runs any more."""
    signed_in.estate.forgejo.archive_repo(OWNER, REPOSITORY)

    seen = outs_of(PROVIDER.read(ID, olds))

    assert_names(seen["condition"], "not found: the repository is archived", "out of the settings")
    with pytest.raises(NotFoundError, match="archived"):
        PROVIDER.update(ID, seen, secret(signed_in))
    assert writes(signed_in) == []


def test_another_repository_of_that_name_gets_nothing(another: Props, signed_in: World) -> None:
    """It may be a stranger's. The condition says what confirms it."""
    seen = outs_of(PROVIDER.read(ID, another))

    now, before = number(signed_in), another["owner_id"]
    numbers = f"another repository has that name now, number {now} and not {before:g}: "
    assert_names(seen["condition"], numbers, f"`id: {now}`")
    assert PROVIDER.diff(ID, seen, secret(signed_in)).changes
    with pytest.raises(NotOursError, match=f"its number is {number(signed_in)}, not "):
        PROVIDER.update(ID, seen, secret(signed_in))
    assert writes(signed_in) == []


@pytest.mark.parametrize("owner", ["repository", "organization"])
def test_a_secret_of_another_one_s_is_not_deleted(
    owner: str, signed_in: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Taken out, or destroyed: the secret of that name is whoever's the name is."""
    forgejo = signed_in.estate.forgejo
    forgejo.add_org("workers", owners=(OWNER,))
    monkeypatch.setenv("FORGEJO_TOKEN", forgejo.add_token(OWNER, ("write:organization", "write:repository")))
    news = secret(signed_in)
    if owner == "organization":
        news = {name: value for name, value in news.items() if name != "repository"} | {"organization": "workers"}
    olds = outs_of(PROVIDER.create(news))
    next_run(signed_in)

    PROVIDER.delete(ID, olds | {"owner_id": 4711.0})

    [said] = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert_names(said, "was left", f"another {owner} has that name now", "not 4711")
    assert writes(signed_in) == []


@pytest.mark.parametrize("name", [SECRET, "ANOTHER_NAME"], ids=["replaced", "another secret's name"])
def test_a_new_instance_publishes_nothing_to_another_repository_either(
    name: str, another: Props, signed_in: World
) -> None:
    """The engine does not tell it what it replaces; the refresh has shown that, and a preview says it, too."""
    PROVIDER.diff(ID, another, secret(signed_in))
    news = secret(signed_in, secret=name)

    with pytest.raises(NotOursError, match=f"its number is {number(signed_in)}, not "):
        PROVIDER.first_look(Findings("a secret"), PROVIDER.asked(news))
    with pytest.raises(NotOursError, match=f"its number is {number(signed_in)}, not "):
        PROVIDER.create(news)
    assert writes(signed_in) == []

    PROVIDER.create(news | {"confirmed_id": float(number(signed_in))})
    assert signed_in.estate.forgejo.value(OWNER, REPOSITORY, name) == NO_KEY


def test_a_secret_in_an_archived_repository_is_deleted(olds: Props, signed_in: World) -> None:
    """It takes that, and is still the same one."""
    signed_in.estate.forgejo.archive_repo(OWNER, REPOSITORY)

    PROVIDER.delete(ID, olds)

    assert signed_in.secret() is None


@pytest.mark.parametrize("known", ["another's", "none"])
def test_neither_does_a_republication(known: str, another: Props, signed_in: World) -> None:
    """It happens in the program's process, without a refresh too."""
    forgejo = forgejo_at(ForgejoServer(signed_in.env["FORGEJO_URL"]))
    if known == "none":
        # A state of before: nothing is known, and nothing can be compared.
        publish_again(forgejo, PLACE, NO_KEY, None)
        assert signed_in.secret() == NO_KEY
        return

    with pytest.raises(NotOursError):
        publish_again(forgejo, PLACE, NO_KEY, float(another["owner_id"]))
    assert writes(signed_in) == []


def test_the_stack_file_confirms_another_repository(another: Props, signed_in: World) -> None:
    """The number is recorded then, so that the setting may go again."""
    confirmed = secret(signed_in, confirmed_id=float(number(signed_in)))
    seen = outs_of(PROVIDER.read(ID, another))
    assert PROVIDER.diff(ID, seen, confirmed).changes

    updated = outs_of(PROVIDER.update(ID, seen, confirmed))

    assert signed_in.secret() == NO_KEY
    assert not PROVIDER.diff(ID, updated, confirmed).changes
    assert not PROVIDER.diff(ID, updated, secret(signed_in)).changes
    assert outs_of(PROVIDER.read(ID, updated))["condition"] == "current"


def test_a_number_that_is_not_the_repository_s_is_an_error_from_the_first_run_on(signed_in: World) -> None:
    """Before anything is published."""
    with pytest.raises(NotOursError, match=", not 4711, "):
        PROVIDER.create(secret(signed_in, confirmed_id=4711.0))
    assert writes(signed_in) == []


def test_a_state_of_before_learns_the_number_by_a_read(olds: Props, signed_in: World) -> None:
    """And shows nothing as changed for it."""
    older = {name: value for name, value in olds.items() if name != "owner_id"}

    seen = outs_of(PROVIDER.read(ID, older))

    assert seen == olds
    assert not PROVIDER.diff(ID, seen, secret(signed_in)).changes


@pytest.mark.parametrize("kind", ["organization", "user"])
def test_organizations_and_users_have_numbers_too(kind: str, signed_in: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token of another user's is another place."""
    forgejo = signed_in.estate.forgejo
    forgejo.add_org("workers", owners=(OWNER,))
    monkeypatch.setenv("FORGEJO_TOKEN", forgejo.add_token(OWNER, ("write:organization", "write:user")))
    news = {name: value for name, value in secret(signed_in).items() if name != "repository"}
    news |= {"organization": "workers"} if kind == "organization" else {}
    olds = outs_of(PROVIDER.create(news))
    next_run(signed_in)
    if kind == "organization":
        forgejo.delete_org("workers")
        forgejo.add_org("workers", owners=(OWNER,))
    else:
        monkeypatch.setenv("FORGEJO_TOKEN", forgejo.add_token("another", ("write:user",)))

    assert_names(outs_of(PROVIDER.read(ID, olds))["condition"], f"another {kind} has that name now")
    error: type[ReconcileError] = NotOursError
    with pytest.raises(error):
        PROVIDER.update(ID, olds, news)
    assert writes(signed_in) == []


def test_the_secret_of_a_renamed_repository_is_that_of_its_new_name(
    moved: Props, signed_in: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Known by the repository's number, and nothing is asked: it holds this key still, and no sweep may end that."""
    caplog.set_level("INFO")
    outs_of(PROVIDER.create(secret(signed_in, repository=NEW)))
    signed_in.estate.log.clear()

    PROVIDER.delete(ID, moved)

    assert caplog.messages[-1] == f"Forgejo: left secret {ID}, which is still in the settings"
    assert signed_in.estate.forgejo.value(OWNER, "new", SECRET) == NO_KEY
    assert writes(signed_in) == []
