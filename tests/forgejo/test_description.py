"""
A secret's description: what somebody wrote stays, and a mark at its end says which key was published.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable

import pytest

from tests.dynamic.wanted import NO_KEY, calls, next_run, outs_of, secret, writes
from tests.forgejo.test_api import at
from tests.messages import assert_names
from tests.world import OWNER, REPOSITORY, SECRET, World
from zot_ci.dynamic.provider import Props
from zot_ci.forgejo.actions_secret import ActionsSecretProvider
from zot_ci.forgejo.api import Forgejo, forgejo_at
from zot_ci.forgejo.description import LONGEST, mark_in, marked
from zot_ci.forgejo.republication import publish_again
from zot_ci.http.errors import UnexpectedAnswerError
from zot_ci.settings.server import ForgejoServer

pytestmark = pytest.mark.embedded

PROVIDER = ActionsSecretProvider()
PLACE = at(SECRET)
A, B = "1a2b3c4d-0000-4000-8000-000000000000", "5e6f7a8b-0000-4000-8000-000000000000"
MARK_A, MARK_B = "zot-ci key=1a2b3c4d", "zot-ci key=5e6f7a8b"
TEXTS = [
    "pushes images",
    "  blanks  \t",
    "two\r\nlines\n",
    "\u00fcber \U0001f600",
    "zot-ci key for the registry",
    "x" * (LONGEST - len(MARK_A) - 1),
]
LIST = f"GET /api/v1/repos/{OWNER}/{REPOSITORY}/actions/secrets"


@pytest.fixture
def gitea(signed_in: World) -> World:
    """A server that has descriptions."""
    signed_in.estate.forgejo.flavour = "gitea"
    return signed_in


def client(world: World) -> Forgejo:
    """The server under test."""
    return forgejo_at(ForgejoServer(world.env["FORGEJO_URL"]))


def of_key(world: World, uuid: str = A) -> Props:
    """What the program asks of the secret that holds that key."""
    return secret(world, uuid=uuid)


def published(world: World, uuid: str = A) -> Props:
    """The secret as the last run recorded it."""
    outs = outs_of(PROVIDER.create(of_key(world, uuid)))
    next_run(world)
    return outs


def shown(world: World) -> str:
    """The description that a person sees."""
    return world.estate.forgejo.description(OWNER, REPOSITORY, SECRET)


def read(olds: Props) -> Props:
    """What a refresh finds."""
    return outs_of(PROVIDER.read("id", olds))


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_somebody_s_text_stays_byte_for_byte(text: str, gitea: World) -> None:
    """At the takeover, at the republication of each `up`, and at a rotation; the mark comes once."""
    gitea.estate.forgejo.set_value(OWNER, REPOSITORY, SECRET, "theirs", text)

    olds = published(gitea)
    assert shown(gitea) == f"{text}\n{MARK_A}"

    publish_again(client(gitea), PLACE, NO_KEY, olds["owner_id"], A)
    assert shown(gitea) == f"{text}\n{MARK_A}"

    next_run(gitea)
    updated = outs_of(PROVIDER.update("id", olds, of_key(gitea, B)))
    assert shown(gitea) == f"{text}\n{MARK_B}"
    next_run(gitea)
    assert read(updated) == updated
    assert updated["condition"] == "current"


def test_a_secret_without_a_text_has_the_mark_alone(gitea: World) -> None:
    """As a new one."""
    published(gitea)

    assert shown(gitea) == MARK_A


def test_what_is_written_around_the_mark_stays(gitea: World) -> None:
    """Somebody may add to it on either side."""
    olds = published(gitea)
    gitea.estate.forgejo.describe(OWNER, REPOSITORY, SECRET, f"before {MARK_A}\nafter")

    PROVIDER.update("id", read(olds), of_key(gitea, B))

    assert shown(gitea) == f"before {MARK_B}\nafter"


@pytest.mark.parametrize("length", [LONGEST - len(MARK_A), LONGEST])
def test_a_text_that_leaves_no_room_for_the_mark_stays_without_one(
    length: int, gitea: World, caplog: pytest.LogCaptureFixture
) -> None:
    """The server would cut the mark off without a word. That is told, and it is no drift."""
    gitea.estate.forgejo.set_value(OWNER, REPOSITORY, SECRET, "theirs", "x" * length)

    olds = published(gitea)

    assert shown(gitea) == "x" * length
    [line] = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert_names(line, f"Forgejo secret {PLACE.name}", "no mark of its key", "too long")
    assert read(olds) == olds


def test_a_server_that_cuts_earlier_shows_no_drift_for_ever(gitea: World, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever a server keeps of it is compared with what was written."""
    gitea.estate.forgejo.set_value(OWNER, REPOSITORY, SECRET, "theirs", "a text")
    gitea.estate.forgejo.longest_description = 10

    olds = published(gitea)

    assert "has not kept what was written" in caplog.text
    assert read(olds) == olds
    assert olds["condition"] == "current"
    updated = outs_of(PROVIDER.update("id", olds, of_key(gitea, B)))
    next_run(gitea)
    assert read(updated) == updated


def _by_a_program(world: World) -> None:
    # A PUT as any program sends it, which knows no descriptions.
    client(world).ask(
        "PUT",
        f"/api/v1/repos/{OWNER}/{REPOSITORY}/actions/secrets/{SECRET}",
        "a program",
        client(world)._advice,
        json={"data": "another value"},
        expect=(204,),
    )


def _by_another_stack(world: World) -> None:
    client(world).publish(PLACE, "another value", B)


OVERWRITTEN: dict[str, tuple[Callable[[World], None], str]] = {
    "by a program": (_by_a_program, "names key 1a2b3c4d no more"),
    "by another stack": (_by_another_stack, "names key 5e6f7a8b, not 1a2b3c4d"),
}


@pytest.mark.parametrize("way", OVERWRITTEN)
def test_an_overwritten_secret_shows_by_its_mark_and_an_up_publishes_again(way: str, gitea: World) -> None:
    """A sentence, drift, and one `up` that ends it."""
    olds = published(gitea)
    overwrite, words = OVERWRITTEN[way]
    overwrite(gitea)
    next_run(gitea)

    seen = read(olds)

    assert seen["condition"] == f"overwritten elsewhere, it seems: its description {words}"
    assert PROVIDER.diff("id", seen, of_key(gitea)).changes
    updated = outs_of(PROVIDER.update("id", seen, of_key(gitea)))
    assert gitea.secret() == NO_KEY
    assert shown(gitea) == MARK_A
    next_run(gitea)
    assert read(updated) == updated == olds


def test_a_hand_edit_of_the_value_keeps_the_mark_and_does_not_show(gitea: World) -> None:
    """The web page's form is filled with the description: the mark is no proof."""
    olds = published(gitea)
    gitea.estate.forgejo.set_value(OWNER, REPOSITORY, SECRET, "by hand")

    assert read(olds) == olds


def test_a_mark_that_somebody_removed_is_drift_until_the_next_up_only(gitea: World) -> None:
    """What was edited besides stays."""
    olds = published(gitea)
    gitea.estate.forgejo.describe(OWNER, REPOSITORY, SECRET, "mine alone")

    seen = read(olds)
    assert PROVIDER.diff("id", seen, of_key(gitea)).changes
    updated = outs_of(PROVIDER.update("id", seen, of_key(gitea)))

    assert shown(gitea) == f"mine alone\n{MARK_A}"
    next_run(gitea)
    assert read(updated) == updated


def test_a_secret_of_an_earlier_version_shows_nothing(gitea: World) -> None:
    """Its state has no mark and its description neither; the first `up` writes one, and still nothing shows."""
    olds = published(gitea)
    del olds["described"]
    gitea.estate.forgejo.describe(OWNER, REPOSITORY, SECRET, "theirs")

    assert read(olds) == olds
    assert not PROVIDER.diff("id", olds, of_key(gitea)).changes
    publish_again(client(gitea), PLACE, NO_KEY, olds["owner_id"], A)
    assert shown(gitea) == f"theirs\n{MARK_A}"
    next_run(gitea)
    assert read(olds) == olds
    # From then on another mark does show, and an erased one after the next rotation.
    _by_another_stack(gitea)
    next_run(gitea)
    assert_names(read(olds)["condition"], "overwritten elsewhere")


def test_a_server_without_descriptions_gets_none(signed_in: World) -> None:
    """Told by its list; nothing of it is recorded."""
    olds = published(signed_in)

    assert "described" not in olds
    signed_in.estate.forgejo.set_value(OWNER, REPOSITORY, SECRET, "theirs", "of another server")
    assert read(olds) == olds
    # It came from a server that has them, and is one that has not.
    assert read(olds | {"described": "1a2b3c4d"})["condition"] == "current"


def test_a_user_s_own_secret_gets_none(gitea: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It cannot be listed: a stated limit."""
    monkeypatch.setenv("FORGEJO_TOKEN", gitea.estate.forgejo.add_token(OWNER, ("write:user",)))
    news = {name: value for name, value in of_key(gitea).items() if name != "repository"}

    olds = outs_of(PROVIDER.create(news))

    assert "described" not in olds
    assert gitea.estate.forgejo.users[OWNER].secrets[SECRET].description == ""


def test_an_organization_s_secret_has_a_mark_too(gitea: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its own list."""
    held = gitea.estate.forgejo
    held.add_org("workers", owners=(OWNER,))
    monkeypatch.setenv("FORGEJO_TOKEN", held.add_token(OWNER, ("write:organization",)))
    news = {name: value for name, value in of_key(gitea).items() if name != "repository"} | {"organization": "workers"}

    olds = outs_of(PROVIDER.create(news))

    assert held.orgs["workers"].secrets[SECRET].description == MARK_A
    next_run(gitea)
    assert read(olds) == olds


def test_many_secrets_of_one_repository_cost_one_list(gitea: World) -> None:
    """The republication of an `up`, side by side as the program does it, and marks where none were before."""
    held = gitea.estate.forgejo
    names = [f"KEY_{number:02}" for number in range(40)]
    for name in names:
        held.set_value(OWNER, REPOSITORY, name, "old", f"of {name}")
    gitea.estate.log.clear()
    forgejo = client(gitea)

    threads = [threading.Thread(target=publish_again, args=(forgejo, at(name), NO_KEY, None, A)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert Counter(call.split()[0] for call in calls(gitea)) == {"GET": 1, "PUT": len(names)}
    assert {held.description(OWNER, REPOSITORY, name) for name in names} == {f"of {name}\n{MARK_A}" for name in names}


def test_a_rotation_looks_at_the_list_no_oftener_than_before(gitea: World) -> None:
    """A server that has kept one mark keeps the next: as many requests as a Forgejo gets."""
    olds = published(gitea)
    seen = read(olds)

    PROVIDER.update("id", seen, of_key(gitea, B))

    assert calls(gitea).count(LIST) == 1


def test_a_name_that_the_server_changes_is_told_with_the_name_that_it_has(gitea: World) -> None:
    """The key is there and nobody reads it: the line says where."""
    gitea.estate.forgejo.set_value(OWNER, REPOSITORY, "OTHER", "theirs")
    gitea.estate.forgejo.longest_name = 6

    with pytest.raises(UnexpectedAnswerError) as caught:
        PROVIDER.create(of_key(gitea))

    assert_names(caught.value, f"Forgejo took secret {PLACE.name}", f"it lists {SECRET[:6]} since then", "delete it")
    assert "OTHER" not in str(caught.value)


def test_a_list_that_cannot_be_read_erases_nothing(gitea: World) -> None:
    """What somebody keeps there is not overwritten unseen."""
    olds = published(gitea)
    gitea.estate.forgejo.describe(OWNER, REPOSITORY, SECRET, "mine")
    gitea.estate.forgejo.stumble(f"/api/v1/repos/{OWNER}/{REPOSITORY}/actions", method="GET")

    PROVIDER.update("id", olds, of_key(gitea))

    assert shown(gitea) == f"mine\n{MARK_A}"
    assert len(writes(gitea)) == 1


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("", ""),
        ("zot-ci key for the registry", ""),
        ("zot-ci key=", ""),
        ("zot-ci key=123456789", ""),
        (f"{MARK_A} and {MARK_B}", "5e6f7a8b"),
        (MARK_A, "1a2b3c4d"),
    ],
)
def test_a_mark_is_only_what_looks_like_one(text: str, mark: str) -> None:
    """The last one counts."""
    assert mark_in(text) == mark
    assert mark_in(marked(text, B)) == "5e6f7a8b"
    assert marked(marked(text, A), B) == marked(text, B)
