"""
Forgejo's Actions secrets, over HTTP against the embedded server; and pages that it would not give.
"""

from __future__ import annotations

import httpx
import pytest

from tests.http.told import SECRET, URL, Answer, Told, broken, html, said
from tests.messages import assert_names
from tests.world import OWNER, REPOSITORY, World
from zot_ci.forgejo.api import Forgejo, forgejo_at
from zot_ci.http.errors import (
    NotFoundError,
    PermissionMissingError,
    ReconcileError,
    SignInRefusedError,
)
from zot_ci.settings.place import Place
from zot_ci.settings.server import ForgejoServer

BORN = "2026-11-24T04:09:53Z"


def at(name: str) -> Place:
    """A secret of the repository under test."""
    return Place.secret(name, repository=f"{OWNER}/{REPOSITORY}")


def client(world: World) -> Forgejo:
    """The server under test."""
    return forgejo_at(ForgejoServer(world.env["FORGEJO_URL"]))


def page(*names: str, total: int | str | None = None) -> Answer:
    """One page of secrets."""
    headers = {} if total is None else {"X-Total-Count": str(total)}
    return said(200, headers=headers, json=[{"name": name, "created_at": BORN} for name in names])


# As the server says it of a secret that is not there.
ABSENT = said(404, json={"message": "secret was not found [name: ]", "url": f"{URL}/api/swagger"})


def told_client(monkeypatch: pytest.MonkeyPatch, *answers: Answer) -> tuple[Told, Forgejo]:
    """A client of a server that answers what it is told."""
    monkeypatch.setenv("FORGEJO_TOKEN", "a-token")
    told = Told(*answers)
    return told, Forgejo(ForgejoServer(URL), transport=told.transport)


@pytest.mark.embedded
def test_a_secret_is_published_and_published_again(signed_in: World) -> None:
    """201 for a new one, 204 for one that was there."""
    forgejo = client(signed_in)
    assert forgejo.secret(at("KEY")) is None

    forgejo.publish(at("KEY"), "one")
    first = forgejo.secret(at("KEY"))
    signed_in.estate.clock.advance(days=1)
    forgejo.publish(at("KEY"), "two")

    assert signed_in.estate.forgejo.value(OWNER, REPOSITORY, "KEY") == "two"
    assert first is not None
    assert forgejo.secret(at("KEY")) == first


@pytest.mark.embedded
def test_a_secret_is_deleted_and_deleting_it_again_is_no_error(signed_in: World) -> None:
    """Gone is gone; the others stay."""
    signed_in.estate.forgejo.set_value(OWNER, REPOSITORY, "OTHER", "a-value-of-others")
    forgejo = client(signed_in)
    forgejo.publish(at("KEY"), "one")

    forgejo.delete(at("KEY"))
    forgejo.delete(at("KEY"))

    assert list(signed_in.estate.forgejo.repos[OWNER, REPOSITORY].secrets) == ["OTHER"]


@pytest.mark.embedded
def test_a_secret_is_found_whatever_its_case(signed_in: World) -> None:
    """The server stores names in upper case."""
    client(signed_in).publish(at("key"), "one")

    secret = client(signed_in).secret(at("kEy"))

    assert secret is not None
    assert secret.name == "KEY"


@pytest.mark.embedded
@pytest.mark.parametrize("count", [49, 50, 51, 100, 130])
def test_a_secret_is_found_among_many_pages(count: int, signed_in: World) -> None:
    """One request for fifty secrets."""
    for number in range(count):
        signed_in.estate.forgejo.set_value(OWNER, REPOSITORY, f"A{number:03}", "a-value-of-others")
    signed_in.estate.forgejo.set_value(OWNER, REPOSITORY, "Z", "a-value-of-others")
    signed_in.estate.log.clear()

    assert client(signed_in).secret(at("Z")) is not None
    assert len(signed_in.estate.log) == count // 50 + 1
    assert client(signed_in).secret(at("NOT_THERE")) is None


@pytest.mark.parametrize("total", [3, None], ids=["counted", "not counted"])
def test_a_server_may_give_smaller_pages_than_were_asked_for(
    total: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An administrator can set the largest page: a short page is not the end, by the count or by an empty page."""
    told, forgejo = told_client(monkeypatch, page("A", total=total), page("B", total=total), page("C", total=total))

    assert forgejo.secret(at("C")) is not None
    assert [request.url.params["page"] for request in told.asked] == ["1", "2", "3"]


def test_an_empty_page_is_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the server counts nothing."""
    told, forgejo = told_client(monkeypatch, page("A"), page())

    assert forgejo.secret(at("C")) is None
    assert len(told.asked) == 2


def test_the_count_saves_the_request_for_an_empty_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """The usual repository has a handful of secrets: one request."""
    told, forgejo = told_client(monkeypatch, page("A", "B", total=2))

    assert forgejo.secret(at("C")) is None
    assert len(told.asked) == 1


@pytest.mark.embedded
@pytest.mark.parametrize(
    ("user", "scopes", "kind", "words"),
    [
        (OWNER, ("read:user",), PermissionMissingError, "read:repository"),
        (OWNER, ("read:repository",), PermissionMissingError, "write:repository"),
        ("friend", ("write:repository",), PermissionMissingError, "owner"),
        ("stranger", ("write:repository",), NotFoundError, "no such repository"),
        ("", (), SignInRefusedError, "check"),
    ],
    ids=["no scope", "read only", "collaborator", "stranger", "unknown"],
)
def test_a_refusal_says_what_the_token_lacks(
    user: str,
    scopes: tuple[str, ...],
    kind: type[ReconcileError],
    words: str,
    signed_in: World,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing is written."""
    forgejo = signed_in.estate.forgejo
    forgejo.repos[OWNER, REPOSITORY].collaborators["friend"] = "admin"
    monkeypatch.setenv("FORGEJO_TOKEN", forgejo.add_token(user, scopes) if user else "no-such-token")

    with pytest.raises(kind) as caught:
        client(signed_in).publish(at("KEY"), SECRET)

    # The list is read first: what somebody else keeps beside the value must stay.
    call = "PUT" if scopes == ("read:repository",) else "GET"
    path = f"Forgejo {call} /api/v1/repos/{OWNER}/{REPOSITORY}/actions/secrets"
    assert_names(caught.value, path, " 40", "FORGEJO_TOKEN", words)
    assert SECRET not in str(caught.value)
    assert signed_in.estate.forgejo.value(OWNER, REPOSITORY, "KEY") is None


@pytest.mark.embedded
def test_a_repository_that_is_not_there_is_an_error(signed_in: World) -> None:
    """It is not the same as a secret that is not there."""
    with pytest.raises(NotFoundError, match=r"404 .*eblume/nowhere.*no such repository"):
        client(signed_in).secret(Place.secret("KEY", repository=f"{OWNER}/nowhere"))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (html(200), "something in front of it answered"),
        (said(200, json={"message": SECRET}), "JSON"),
        (said(200, json=[{"name": "KEY"}]), "0.created_at"),
        (said(405), "no such route there, or something in front of it answered"),
        (said(400, json={"message": SECRET}), "reserved"),
        (broken(httpx.ReadTimeout), "timed out"),
    ],
    ids=["html", "no list", "no time", "405", "400", "nobody"],
)
def test_an_answer_that_shows_no_secrets_is_an_error(
    answer: Answer, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And never "gone"."""
    _, forgejo = told_client(monkeypatch, answer)

    with pytest.raises(ReconcileError) as caught:
        forgejo.secret(at("KEY"))
    assert_names(caught.value, "Forgejo GET ", "/actions/secrets", words)
    assert SECRET not in str(caught.value)


def test_publishing_and_deleting_may_be_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same value twice is the same state; gone is gone."""
    answers = (page("KEY", total=1), said(502), said(204), broken(httpx.ReadError), ABSENT)
    told, forgejo = told_client(monkeypatch, *answers)

    forgejo.publish(at("KEY"), SECRET)
    forgejo.delete(at("KEY"))

    assert [call.split()[0] for call in told.calls] == ["GET", "PUT", "PUT", "DELETE", "DELETE"]


def test_a_count_that_is_none_is_no_reason_for_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy may write anything into a header: the empty page is the end then."""
    _, forgejo = told_client(monkeypatch, page("A", total="many"), page())

    assert forgejo.secret(at("KEY")) is None


def test_the_same_page_again_and_again_is_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that drops the query, and no count: a run must not hang for ever."""
    told, forgejo = told_client(monkeypatch, page("A"))

    assert forgejo.secret(at("KEY")) is None
    assert len(told.asked) == 2


@pytest.mark.embedded
def test_an_organization_and_the_token_s_own_user_are_places_too(
    signed_in: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the scopes of their kinds."""
    server = signed_in.estate.forgejo
    server.add_org("workers", owners=(OWNER,))
    scopes = ("write:organization", "write:user")
    monkeypatch.setenv("FORGEJO_TOKEN", server.add_token(OWNER, scopes))
    forgejo = client(signed_in)

    of_workers, own = Place.secret("KEY", organization="workers"), Place.secret("KEY")
    forgejo.publish(of_workers, "one")
    forgejo.publish(own, "two")

    assert forgejo.secret(of_workers) is not None
    assert (server.org_value("workers", "KEY"), server.user_value(OWNER, "KEY")) == ("one", "two")
    for place in (of_workers, own):
        forgejo.delete(place)
    assert (server.org_value("workers", "KEY"), server.user_value(OWNER, "KEY")) == (None, None)
