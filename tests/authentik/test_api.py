"""
authentik's accounts and groups, over HTTP against the embedded server; and answers that it would not give.
"""

from __future__ import annotations

import httpx
import pytest
from starlette.responses import JSONResponse

from tests.authentik.account import SHOWN, USER, account, client
from tests.estate import Grant
from tests.http.between import Between
from tests.http.told import SECRET, URL, Answer, Told, broken, html, said
from tests.messages import assert_names
from tests.world import GROUP, World
from zot_ci.authentik.api import Account, Authentik, Group
from zot_ci.http.browser import Browser
from zot_ci.http.errors import (
    AmbiguousError,
    NotFoundError,
    ReconcileError,
    ServerError,
    UnexpectedAnswerError,
)
from zot_ci.http.shapes import shaped


def told_client(monkeypatch: pytest.MonkeyPatch, *answers: Answer) -> tuple[Told, Authentik]:
    """A client of a server that answers what it is told."""
    monkeypatch.setenv("AUTHENTIK_TOKEN", "a-token")
    told = Told(*answers)
    return told, Authentik(URL, transport=told.transport)


@pytest.mark.embedded
def test_an_account_is_found_by_its_whole_name(signed_in: World) -> None:
    """With its groups, sorted."""
    users = signed_in.estate.authentik
    users.add_user(f"{USER}-2")
    made = users.add_user(USER, groups=["z", GROUP])

    found = client(signed_in).find(USER)

    assert found is not None
    assert (found.pk, found.username, found.group_names) == (made.pk, USER, [GROUP, "z"])
    assert client(signed_in).find("zot") is None


def test_an_account_is_not_taken_for_another_that_a_server_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A filter that is ignored lists everybody."""
    _, authentik = told_client(monkeypatch, said(200, json={"results": [SHOWN | {"username": "akadmin"}]}))

    assert authentik.find(USER) is None


@pytest.mark.embedded
@pytest.mark.parametrize("why", ["gone", "hidden"])
def test_an_account_that_is_gone_or_hidden_is_none(why: str, signed_in: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """authentik answers both alike."""
    known = account(signed_in)
    if why == "gone":
        signed_in.estate.authentik.delete_user(USER)
    else:
        monkeypatch.setenv("AUTHENTIK_TOKEN", signed_in.estate.authentik.add_token("blind"))

    assert client(signed_in).account(known.pk, USER) is None
    assert client(signed_in).find(USER) is None


@pytest.mark.embedded
def test_an_account_is_made_active_in_its_groups_and_without_an_app_password(signed_in: World) -> None:
    """authentik's own call for a service account also mints a token that nobody asked for."""
    tokens = set(signed_in.estate.authentik.tokens)

    made = client(signed_in).create(USER, "Zot CI", [GROUP, "admins"])

    held = signed_in.estate.authentik.users[USER]
    assert (held.pk, held.name, held.type, held.is_active) == (made.pk, "Zot CI", "service_account", True)
    assert held.groups == {GROUP, "admins"}
    assert set(signed_in.estate.authentik.tokens) == tokens
    assert made.group_names == ["admins", GROUP]


@pytest.mark.embedded
def test_an_account_that_exists_unseen_is_told_as_such(signed_in: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name is taken, and the token may add users but not see this one."""
    account(signed_in)
    grants = [Grant("add_user"), Grant("view_group")]
    monkeypatch.setenv("AUTHENTIK_TOKEN", signed_in.estate.authentik.add_token("blind", grants))

    with pytest.raises(UnexpectedAnswerError) as caught:
        client(signed_in).create(USER, USER, [GROUP])
    assert_names(caught.value, "POST /api/v3/core/users/", "400", "zot-ci may exist", "AUTHENTIK_TOKEN")


@pytest.mark.embedded
def test_only_what_is_named_is_changed(signed_in: World) -> None:
    """The display name, the path and the attributes are somebody's."""
    known = account(signed_in)
    user = signed_in.estate.authentik.users[USER]
    user.is_active, user.name, user.path, user.attributes = False, "Theirs", "their/path", {"theirs": True}

    client(signed_in).change(known, is_active=True)

    assert user.is_active
    assert (user.name, user.path, user.attributes, user.groups) == ("Theirs", "their/path", {"theirs": True}, {GROUP})


@pytest.mark.embedded
def test_a_name_that_another_account_has_is_not_taken_for_a_bad_token(signed_in: World) -> None:
    """The state may have an account that a person renamed, beside one that was made anew in its name."""
    known = account(signed_in)
    other = next(name for name in signed_in.estate.authentik.users if name != USER)
    with pytest.raises(UnexpectedAnswerError) as caught:
        client(signed_in).change(known, username=other)
    assert_names(caught.value, "PATCH /api/v3/core/users/", "400", f"another account is named {other}", "rename")


@pytest.mark.embedded
def test_a_deletion_ends_one_account_and_is_no_error_the_second_time(signed_in: World) -> None:
    """The others stay."""
    known = account(signed_in)
    others = set(signed_in.estate.authentik.users) - {USER}

    client(signed_in).delete(known.pk, USER)
    client(signed_in).delete(known.pk, USER)

    assert set(signed_in.estate.authentik.users) == others


@pytest.mark.embedded
def test_a_membership_may_be_said_twice(signed_in: World) -> None:
    """In and out, and no other group is touched."""
    known, authentik = account(signed_in), client(signed_in)
    group = authentik.group("admins")
    for _ in range(2):
        authentik.join(known, group)
    assert signed_in.groups() == {GROUP, "admins"}
    for _ in range(2):
        authentik.leave(known, group)
    assert signed_in.groups() == {GROUP}


@pytest.mark.embedded
def test_a_group_that_is_not_there_is_an_error_and_is_never_made(signed_in: World) -> None:
    """Groups belong to others."""
    with pytest.raises(NotFoundError) as caught:
        client(signed_in).group("nobody")
    assert_names(caught.value, "authentik GET /api/v3/core/groups/", "no group nobody", "AUTHENTIK_TOKEN", "view_group")
    assert "nobody" not in signed_in.estate.authentik.groups


@pytest.mark.parametrize(
    ("names", "kind", "words"),
    [
        (["admins", "admins"], AmbiguousError, "2 groups admins"),
        (["admins-2", "Admins"], NotFoundError, "no group admins"),
        ([], NotFoundError, "no group admins"),
    ],
    ids=["two", "others", "none"],
)
def test_a_group_is_the_one_of_exactly_that_name(
    names: list[str], kind: type[ReconcileError], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Choosing would be a guess."""
    groups = [{"pk": str(number), "name": name} for number, name in enumerate(names)]
    _, authentik = told_client(monkeypatch, said(200, json={"results": groups}))

    with pytest.raises(kind) as caught:
        authentik.group("admins")
    assert_names(caught.value, words)


@pytest.mark.embedded
def test_a_brand_is_read_without_a_token(world: World) -> None:
    """It names the flows, and is public."""
    world.estate.authentik.authentication_flow = "their-login"

    brand = client(world).brand()

    assert (brand.flow_authentication, brand.flow_invalidation) == ("their-login", "default-invalidation-flow")


@pytest.mark.embedded
def test_an_impersonation_is_the_account_s_session_in_that_browser_only(signed_in: World) -> None:
    """The token goes to authentik, the cookie stays in the jar."""
    known = account(signed_in)
    with Browser("authentik", signed_in.authentik_url) as browser:
        client(signed_in).impersonate(known, browser)
        assert list(browser.cookies) == ["authentik_session"]
    [session] = signed_in.estate.authentik.sessions_of(USER)
    assert session.impersonated
    assert not session.login_event


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (html(200), "something in front of it answered"),
        (said(200, json={"results": [{"pk": 5, "uuid": "u", "username": USER}]}), "results.0.type"),
        (said(200, json=[]), "JSON"),
        (said(200, content=b'{"results": ['), "JSON"),
        (said(302, headers={"Location": "https://login.example.test/x?next=y"}), "https://login.example.test,"),
        (broken(httpx.ConnectError), "connection"),
    ],
    ids=["html", "a field missing", "a list", "truncated", "redirect", "nobody"],
)
@pytest.mark.usefixtures("no_waits")
def test_an_answer_that_shows_no_accounts_is_an_error(
    answer: Answer, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And never "there is no such account": one would be made."""
    _, authentik = told_client(monkeypatch, answer)

    with pytest.raises(ReconcileError) as caught:
        authentik.find(USER)
    assert_names(caught.value, "authentik GET /api/v3/core/users/", USER, words)
    assert SECRET not in str(caught.value)


@pytest.mark.usefixtures("no_waits")
def test_what_names_a_wanted_state_may_be_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Said twice it is the same state."""
    known, group = shaped(SHOWN, Account), Group(pk="g", name=GROUP)
    done = said(204, headers={"X-authentik-Id": "a-request"})
    told, authentik = told_client(monkeypatch, said(503), done, said(503), done, said(503), done)

    authentik.set_password(known, SECRET)
    authentik.join(known, group)
    authentik.delete(known.pk, USER)

    assert [call.split()[0] for call in told.calls] == ["POST"] * 4 + ["DELETE"] * 2


@pytest.mark.usefixtures("no_waits")
def test_the_making_of_an_account_is_sent_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Made although the answer got lost, it would be a 400 the second time, with the wrong advice."""
    told, authentik = told_client(monkeypatch, said(503))

    with pytest.raises(ServerError):
        authentik.create(USER, USER, [])
    assert told.calls == ["POST /api/v3/core/users/"]


@pytest.mark.embedded
@pytest.mark.parametrize("may", ["list all", "see these only", "not list"])
def test_many_accounts_are_looked_at_by_few_requests(
    may: str, signed_in: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page of them where the token may list; a token that may not list asks for each."""
    users = signed_in.estate.authentik
    made = [users.add_user(f"{USER}-{number}") for number in range(120)]
    if may == "see these only":
        grants = [Grant("view_user", user) for user in made]
        monkeypatch.setenv("AUTHENTIK_TOKEN", users.add_token("zot-ci-bot", grants))
    if may == "not list":
        refusal = JSONResponse({"detail": "You do not have permission to perform this action."}, 403)
        Between(users).rules.append(lambda _, path: refusal if path == "/api/v3/core/users/" else None)
    authentik = client(signed_in)
    signed_in.estate.log.clear()

    found = [authentik.seen_account(user.pk, user.username) for user in made]

    assert [account.username for account in found if account] == [user.username for user in made]
    assert len(signed_in.estate.log) == {"list all": 3, "see these only": 3, "not list": 121}[may]


@pytest.mark.embedded
def test_one_account_among_thousands_is_asked_for_by_itself(signed_in: World) -> None:
    """And what is on no page is too: one of another type, or gone."""
    users = signed_in.estate.authentik
    made = [users.add_user(f"{USER}-{number:03}") for number in range(250)]
    person = users.add_user("somebody", type="internal")
    authentik = client(signed_in)
    signed_in.estate.log.clear()

    for user in (made[-1], made[-1], person):
        account = authentik.seen_account(user.pk, user.username)
        assert account is not None
        assert account.username == user.username
    assert authentik.seen_account(10**6, "nobody") is None

    # One, none, a page and one, another page and one.
    assert len(signed_in.estate.log) == 1 + 0 + 2 + 2


@pytest.mark.embedded
def test_an_account_is_seen_anew_after_it_was_changed(signed_in: World) -> None:
    """By this run; and a group is asked for once, whoever joins it."""
    authentik = client(signed_in)
    known, other = [signed_in.estate.authentik.add_user(name) for name in (USER, f"{USER}-2")]
    before = [authentik.seen_account(pk, "name") for pk in (known.pk, other.pk)]
    assert all(one and one.group_names == [] for one in before)
    signed_in.estate.log.clear()

    for pk in (known.pk, other.pk):
        seen = authentik.account(pk, "name")
        assert seen is not None
        authentik.join(seen, authentik.group(GROUP))

    after = [authentik.seen_account(pk, "name") for pk in (known.pk, other.pk)]
    assert [one.group_names if one else None for one in after] == [[GROUP]] * 2
    assert [call.path for call in signed_in.estate.log].count("/api/v3/core/groups/") == 1
