"""
The secret's life cycle, called as the engine calls it, over HTTP against the embedded Forgejo.
"""

from __future__ import annotations

from contextlib import nullcontext
from datetime import timedelta, timezone

import pytest
from starlette.responses import JSONResponse

from tests.dynamic.wanted import NO_KEY, UNKNOWN, calls, next_run, outs_of, planned, secret, writes
from tests.http.between import Between
from tests.messages import assert_names
from tests.world import OWNER, REPOSITORY, SECRET, World
from zot_ci.dynamic.claims import ProgramClaim
from zot_ci.dynamic.entries import Entry, SecretUnchanged
from zot_ci.dynamic.errors import KeyUncheckedError
from zot_ci.dynamic.provider import Props
from zot_ci.dynamic.run import RUN
from zot_ci.forgejo.actions_secret import ActionsSecretProvider
from zot_ci.forgejo.state import secret_named
from zot_ci.http.errors import NotFoundError, ReconcileError, UnexpectedAnswerError
from zot_ci.settings.place import Place

pytestmark = pytest.mark.embedded

PROVIDER = ActionsSecretProvider()
ID = f"{OWNER}/{REPOSITORY}/{SECRET}"
PLACE = Place.secret(SECRET, repository=f"{OWNER}/{REPOSITORY}")
REPOSITORY_PATH = f"/api/v1/repos/{OWNER}/{REPOSITORY}"
PATH = f"{REPOSITORY_PATH}/actions/secrets"


def in_sync(world: World) -> Props:
    """The secret as the last run recorded it."""
    outs = outs_of(PROVIDER.create(secret(world)))
    next_run(world)
    return outs


def test_a_secret_is_published_under_its_place(signed_in: World) -> None:
    """The id is where it is; what is recorded is when the server made it."""
    result = PROVIDER.create(secret(signed_in))

    assert result.id == ID
    assert signed_in.secret() == NO_KEY
    recorded = {"created_at", "canary_end", "mark", "proven_uuid", "owner_id"}
    assert set(outs_of(result)) == set(secret(signed_in)) | recorded


def test_a_secret_of_that_name_is_taken_over(signed_in: World) -> None:
    """Its value cannot be seen, so nothing of it could be lost knowingly."""
    signed_in.estate.forgejo.set_value(OWNER, REPOSITORY, SECRET, "made-by-hand")

    in_sync(signed_in)

    assert signed_in.secret() == NO_KEY


def test_a_read_in_sync_writes_nothing(signed_in: World) -> None:
    """What is recorded is what the program gives, so that a preview in sync shows nothing."""
    olds = in_sync(signed_in)

    result = PROVIDER.read(ID, olds)

    assert outs_of(result) == olds
    assert result.inputs == secret(signed_in)
    assert calls(signed_in) == [f"GET {REPOSITORY_PATH}", f"GET {PATH}"]


def test_many_secrets_of_one_repository_ask_which_it_is_once(signed_in: World) -> None:
    """In a run; a preview of a hundred accounts asks for one number."""
    olds = in_sync(signed_in)

    PROVIDER.read(ID, olds)
    PROVIDER.read(ID, olds)

    assert calls(signed_in).count(f"GET {REPOSITORY_PATH}") == 1


def test_an_overwritten_value_is_no_difference_since_nobody_can_see_it(signed_in: World) -> None:
    """The program is told that the secret is kept as it is, and publishes it again."""
    olds = in_sync(signed_in)
    signed_in.estate.forgejo.set_value(OWNER, REPOSITORY, SECRET, "overwritten")
    seen = outs_of(PROVIDER.read(ID, olds))

    PROVIDER.check(secret(signed_in), secret(signed_in))
    assert not PROVIDER.diff(ID, seen, secret(signed_in)).changes
    assert RUN.is_unchanged(PLACE.identity)

    PROVIDER.update(ID, seen, secret(signed_in))
    assert signed_in.secret() == NO_KEY
    assert not RUN.is_unchanged(PLACE.identity)


def test_a_server_in_another_time_zone_is_no_drift(signed_in: World) -> None:
    """The same instant in other letters."""
    olds = in_sync(signed_in)
    signed_in.estate.forgejo.zone = timezone(timedelta(hours=-8))

    assert outs_of(PROVIDER.read(ID, olds)) == olds


def test_a_secret_that_is_gone_is_drift_and_is_published_again(
    signed_in: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Said in the log as well: a preview shows no values."""
    olds = in_sync(signed_in)
    signed_in.estate.forgejo.delete_value(OWNER, REPOSITORY, SECRET)

    seen = outs_of(PROVIDER.read(ID, olds))

    assert seen["condition"].startswith("not found: ")
    assert planned(PROVIDER, ID, seen, secret(signed_in)).changes
    assert f"Forgejo secret {ID}: {seen['condition']}" in caplog.text
    updated = outs_of(PROVIDER.update(ID, seen, secret(signed_in)))
    assert signed_in.secret() == NO_KEY
    assert outs_of(PROVIDER.read(ID, updated))["condition"] == "current"


def test_a_secret_that_was_made_again_elsewhere_is_drift(signed_in: World) -> None:
    """Its value is somebody's then, and its time tells."""
    olds = in_sync(signed_in)
    forgejo = signed_in.estate.forgejo
    forgejo.delete_value(OWNER, REPOSITORY, SECRET)
    forgejo.clock.advance(days=3)
    forgejo.set_value(OWNER, REPOSITORY, SECRET, "made-by-hand")
    when = f"{forgejo.clock.now():%Y-%m-%d}"

    seen = outs_of(PROVIDER.read(ID, olds))

    assert_names(seen["condition"], "made again elsewhere", when)
    assert PROVIDER.diff(ID, seen, secret(signed_in)).changes
    updated = outs_of(PROVIDER.update(ID, seen, secret(signed_in)))
    assert signed_in.secret() == NO_KEY
    assert outs_of(PROVIDER.read(ID, updated))["condition"] == "current"


@pytest.mark.parametrize(
    ("inputs", "replaces"),
    [
        ({"value": "another"}, []),
        ({"value": UNKNOWN}, []),
        ({"key_uuid": "another"}, []),
        ({"key_uuid": UNKNOWN}, []),
        ({"forgejo_url": "https://forge.example.test"}, []),
        ({"secret": "OTHER"}, ["secret"]),
        ({"repository": "eblume/other"}, ["repository"]),
        ({"repository": "other/other", "secret": "OTHER"}, ["repository", "secret"]),
        ({"repository": "Eblume/Blumeops"}, []),
    ],
    ids=["key", "key unknown", "uuid", "uuid unknown", "url", "name", "repository", "both", "spelling"],
)
def test_what_makes_a_difference_and_what_another_secret(inputs: Props, replaces: list[str], signed_in: World) -> None:
    """A replacement by another spelling would delete the very secret that it has just published."""
    olds = in_sync(signed_in) | {"publish": False}

    difference = PROVIDER.diff(ID, olds, secret(signed_in) | inputs)

    assert difference.changes
    assert difference.replaces == replaces
    assert difference.delete_before_replace is False


def test_a_secret_that_a_run_will_write_is_noted_as_one_that_does_not_stay(
    signed_in: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the program would write it a second time, as one of those that nobody can read."""
    olds, noted = in_sync(signed_in), list[Entry]()
    monkeypatch.setattr(RUN, "note", lambda *entries: noted.extend(entries))

    PROVIDER.diff(ID, olds, secret(signed_in, value="another"))

    place = Place.secret(SECRET, repository=f"{OWNER}/{REPOSITORY}")
    assert SecretUnchanged(place.identity, False) in noted


def test_nothing_is_asked_to_find_a_difference(signed_in: World) -> None:
    """Pure: no clock, no network."""
    olds = in_sync(signed_in)

    PROVIDER.diff(ID, olds, secret(signed_in))

    assert calls(signed_in) == []


def test_a_secret_is_deleted_and_one_that_is_gone_is_no_error(signed_in: World) -> None:
    """The others of the repository stay."""
    signed_in.estate.forgejo.set_value(OWNER, REPOSITORY, "OTHER", "made-by-hand")
    olds = in_sync(signed_in)

    PROVIDER.delete(ID, olds)
    PROVIDER.delete(ID, olds)

    assert list(signed_in.estate.forgejo.repos[OWNER, REPOSITORY].secrets) == ["OTHER"]


def test_a_secret_that_is_taken_and_not_listed_is_an_error(signed_in: World) -> None:
    """Something deletes it: nothing is recorded as published."""
    Between(signed_in.estate.forgejo).answer("GET /actions/secrets", JSONResponse([]))

    with pytest.raises(UnexpectedAnswerError) as caught:
        PROVIDER.create(secret(signed_in))
    assert_names(caught.value, "Forgejo ", f"secret {ID}", "does not list it")


def test_a_repository_that_is_gone_is_a_condition_and_fails_this_secret_alone(signed_in: World) -> None:
    """It belongs to others, and the token may just not see it. Taking it out of the stack file always works."""
    olds = in_sync(signed_in)
    signed_in.estate.forgejo.delete_repo(OWNER, REPOSITORY)

    seen = outs_of(PROVIDER.read(ID, olds))

    assert seen == olds | {"condition": "not found: no such repository any more, or FORGEJO_TOKEN may not see it"}
    assert PROVIDER.diff(ID, seen, secret(signed_in)).changes
    with pytest.raises(NotFoundError, match=r"no such repository.*FORGEJO_TOKEN"):
        PROVIDER.update(ID, seen, secret(signed_in))
    PROVIDER.delete(ID, seen)


def test_at_another_url_the_secret_is_written_and_the_old_one_stays(signed_in: World) -> None:
    """Two names of one server cannot be told from two servers."""
    olds = in_sync(signed_in)
    alias = signed_in.env["FORGEJO_URL"].replace("127.0.0.1", "localhost")

    PROVIDER.update(ID, olds, secret(signed_in, forgejo_url=alias))

    assert writes(signed_in) == [f"PUT {PATH}/{SECRET}"]
    assert signed_in.secret() == NO_KEY


@pytest.mark.parametrize("what", ["new, and failed", "not reached", "there before"])
def test_a_secret_at_a_url_that_left_the_settings_is_left_to_a_new_one_of_its_name(
    what: str, signed_in: World, caplog: pytest.LogCaptureFixture
) -> None:
    """The server may have got another name and another URL at once. A mirror that leaves is no such case."""
    url = signed_in.env["FORGEJO_URL"]
    olds = in_sync(signed_in)
    mark = "" if what == "not reached" else "00000000000000000001-0000"
    RUN.note(ProgramClaim(("server", "https://new.example.test")), ProgramClaim(secret_named(PLACE), mark))
    new = secret(signed_in, forgejo_url=url.replace("127.0.0.1", "localhost"), server="renamed", value="no key")
    if what == "new, and failed":
        with pytest.raises(ReconcileError):
            PROVIDER.create(new)

    PROVIDER.delete(ID, olds)

    stays = what != "there before"
    assert (signed_in.secret() == NO_KEY) is stays
    assert ("which may be the same server" in caplog.text) is stays


def test_no_log_line_shows_the_value(signed_in: World, caplog: pytest.LogCaptureFixture) -> None:
    """The uuid says which key it is."""
    with caplog.at_level("INFO", logger="zot_ci"):
        PROVIDER.delete(ID, in_sync(signed_in))

    published, deleted = [record.getMessage() for record in caplog.records if record.levelname == "INFO"]
    assert_names(published, "published", "key a-uuid", ID)
    assert_names(deleted, "deleted", ID)
    assert NO_KEY not in caplog.text


@pytest.mark.parametrize(
    ("what", "written"),
    [("a new place", False), ("overwritten elsewhere", False), ("the same", False), ("deleted", True)],
)
def test_a_secret_that_may_hold_a_newer_key_gets_none_that_nobody_has_checked(
    what: str, written: bool, signed_in: World
) -> None:
    """The registry is silent, and nobody can read what is there; a secret that is not there holds none."""
    olds, news = in_sync(signed_in), secret(signed_in)
    RUN.forget()
    if what == "deleted":
        signed_in.estate.forgejo.delete_value(OWNER, REPOSITORY, SECRET)
    elif what != "the same":
        signed_in.estate.forgejo.set_value(OWNER, REPOSITORY, SECRET, "another key")
    signed_in.estate.log.clear()

    with nullcontext() if written else pytest.raises(KeyUncheckedError, match="is not written: the registry has not"):
        if what == "a new place":
            PROVIDER.create(news)
        else:
            PROVIDER.update(ID, outs_of(PROVIDER.read(ID, olds)), news)

    assert bool(writes(signed_in)) is written
