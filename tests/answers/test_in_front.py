"""
Something in front of a system answers in its place: a proxy without a backend, a login page, a CDN's challenge.

Such an answer counts as none. Nothing is taken for gone or for done, no token is doubted, and what may be left
is named.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from starlette.responses import Response

from tests.answers.bent import answers, bend, system_of
from tests.answers.life import Life, lose_every_key, snapshot
from tests.answers.said import assert_clean_log, in_one_line
from tests.estate.front import ANSWERS
from tests.world import GROUP
from zot_ci.authentik.service_account import ServiceAccountProvider
from zot_ci.dynamic.conditions import NO_ANSWER, SILENT
from zot_ci.dynamic.provider import AnyProvider, Props
from zot_ci.first_look import first_looks
from zot_ci.forgejo.actions_secret import ActionsSecretProvider
from zot_ci.http.errors import InterceptedError, NotFoundError, ReconcileError, UnexpectedAnswerError
from zot_ci.onepassword.item_field import ItemFieldProvider
from zot_ci.settings.model import load
from zot_ci.zot.api_key import ApiKeyProvider
from zot_ci.zot.retired_keys import RetiredKeysProvider

pytestmark = pytest.mark.embedded

Ask = Callable[[Life], Any]

TOKENS = ("AUTHENTIK_TOKEN", "FORGEJO_TOKEN", "OP_CONNECT_TOKEN", "the key is wrong")
# Those of a CDN say which, by a header.
NAMED = {"403": "Cloudflare", "503": "Cloudflare", "404 page": "nginx"}
# These can be said of a route that the server does not have, too.
NO_ROUTE = ("404", "404 page", "404 empty", "404 gateway", "405", "410")
BOTH = "no such route there, or something in front of it answered"

RESOURCES: dict[str, tuple[str, AnyProvider, Callable[[Life], Props]]] = {
    "account": ("authentik", ServiceAccountProvider(), lambda life: life.account),
    "key": ("zot", ApiKeyProvider(), lambda life: life.key),
    "sweep": ("zot", RetiredKeysProvider(), lambda life: life.sweep),
    "field": ("onepassword", ItemFieldProvider(), lambda life: life.field_),
    "secret": ("forgejo", ActionsSecretProvider(), lambda life: life.secret),
}


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("resource", RESOURCES)
def test_a_read_takes_nothing_for_gone_or_refused(resource: str, answer: str, life: Life) -> None:
    """The part counts as silent, in words that fit whatever it was, and the facts of before stay."""
    system, provider, props = RESOURCES[resource]
    held = props(life)
    system_of(life.world, system).answer_instead(answer)

    seen = provider.read("id", held).outs or {}

    condition = str(seen["condition"])
    assert condition.startswith(SILENT)
    assert {**seen, "condition": ""} == {**held, "condition": ""}
    assert not [token for token in TOKENS if token in condition]
    assert NAMED.get(answer, "") in condition
    if answer in NO_ROUTE:
        assert BOTH in condition
    elif answer not in ("cut", "204"):
        assert "something in front of it answered" in condition


def _drift(life: Life) -> None:
    life.world.change_account(is_active=False)
    life.world.leave(GROUP)


# What is changed, and by which method.
CHANGES: dict[str, tuple[str, str, str, Ask]] = {
    "change account": ("authentik", "PATCH", "/api/v3/core/users/", Life.reconcile_account),
    "join group": ("authentik", "POST", "/api/v3/core/groups/", Life.reconcile_account),
    "mint": ("zot", "POST", "/zot/auth/apikey", Life.mint),
    "write field": ("onepassword", "PATCH", "/v1/vaults/", Life.store_again),
    "publish": ("forgejo", "PUT", "/api/v1/repos/", Life.publish),
    "end key": ("zot", "DELETE", "/zot/auth/apikey", Life.delete_key),
}


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("change", CHANGES)
def test_a_change_that_never_arrived_is_an_error(change: str, answer: str, life: Life) -> None:
    """Whatever the status says, 200 and 204 too: nothing was done, and no key or account is recorded as done."""
    system, method, below, ask = CHANGES[change]
    front = system_of(life.world, system)
    _drift(life)
    before = snapshot(life.world)
    front.answer_instead(answer, method, below=below)

    with pytest.raises(ReconcileError) as caught:
        ask(life)

    line = in_one_line(life.world, caught.value)
    assert method in line
    assert not [token for token in TOKENS if token in line]
    after = snapshot(life.world)
    if change == "join group":
        # It comes after the other change of the same account.
        after["accounts"]["zot-ci"] = before["accounts"]["zot-ci"]
    assert after == before
    if (change, answer) not in {("mint", "cut"), ("mint", "204")}:
        # Of these two the status alone is wrong.
        assert isinstance(caught.value, NO_ANSWER)


LEFT: dict[str, tuple[str, Ask, Callable[[Life], bool]]] = {
    "account": (
        "authentik",
        Life.delete_account,
        lambda life: life.world.username in life.world.estate.authentik.users,
    ),
    "field": ("onepassword", Life.remove_field, lambda life: life.world.field() == life.key["api_key"]),
    "secret": ("forgejo", Life.delete_secret, lambda life: life.world.secret() == life.key["api_key"]),
}
_METHODS = {"account": "DELETE", "field": "PATCH", "secret": "DELETE"}


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("asked", ["everything", "the deletion alone"])
@pytest.mark.parametrize("place", LEFT)
def test_what_could_not_be_deleted_is_named_and_not_taken_for_gone(
    place: str, asked: str, answer: str, life: Life, caplog: pytest.LogCaptureFixture
) -> None:
    """A destroy, or a place taken out of the stack file: it goes on, with a warning that says what to do by hand."""
    system, delete, is_there = LEFT[place]
    methods = () if asked == "everything" else (_METHODS[place],)
    system_of(life.world, system).answer_instead(answer, *methods)
    caplog.clear()

    delete(life)

    [warning] = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert " was left: " in warning
    assert "by hand" in warning
    assert not [token for token in TOKENS if token in warning]
    assert not [line for line in caplog.messages if "any more" in line]
    assert_clean_log(life.world, caplog)
    system_of(life.world, system).instead.clear()
    assert is_there(life)


_AUTHENTIK = "/api/v3"
LOGIN = {
    "brand": f"{_AUTHENTIK}/core/brands/current/",
    "flow": f"{_AUTHENTIK}/flows/executor/",
    "devices": f"{_AUTHENTIK}/authenticators/static/",
    "authorize": "/application/o/authorize/",
}


@pytest.mark.parametrize("answer", [one for one in ANSWERS if one not in ("302 here", "cut", "204")])
@pytest.mark.parametrize("part", LOGIN)
def test_a_login_that_something_in_front_of_authentik_answers_blames_no_setting_of_authentik_s(
    part: str, answer: str, life: Life
) -> None:
    """Not the flow, the application or the account: whoever answered is not authentik."""
    lose_every_key(life.world)
    life.world.estate.authentik.answer_instead(answer, below=LOGIN[part])

    with pytest.raises(ReconcileError) as caught:
        life.mint()

    line = in_one_line(life.world, caught.value)
    assert "in front of authentik" in line
    assert "no such flow" not in line
    assert "denied" not in line
    assert not [token for token in TOKENS if token in line]


@pytest.mark.parametrize("answer", ["404", "404 page", "404 empty", "404 gateway"])
def test_openid_is_off_only_on_zot_s_own_word(answer: str, life: Life) -> None:
    """A proxy that passes nothing says the same of the login as of everything else."""
    lose_every_key(life.world)
    life.world.estate.zot.answer_instead(answer)

    with pytest.raises(InterceptedError) as caught:
        life.mint()

    assert BOTH in in_one_line(life.world, caught.value)


def test_api_keys_are_off_only_where_zot_itself_answers(life: Life) -> None:
    """The same 404, once with zot beside it and once without."""
    zot = life.world.estate.zot
    zot.answer_instead("404", below="/zot/auth/apikey")
    with pytest.raises(UnexpectedAnswerError, match="API keys are off, or this is no zot") as caught:
        life.read_key()
    assert not isinstance(caught.value, InterceptedError)

    zot.instead.clear()
    zot.answer_instead("404")
    life.key["zot_url"] = life.world.zot_url.replace("127.0.0.1", "localhost")
    with pytest.raises(InterceptedError, match=BOTH):
        life.read_key()


STRIPPED = {
    "gone": (
        lambda life: life.world.estate.authentik.forget(life.world.estate.authentik.users["zot-ci"]),
        "not found: ",
    ),
    "refused": (lambda life: life.world.estate.authentik.tokens.clear(), "refused: "),
}


@pytest.mark.parametrize(("spoil", "words"), STRIPPED.values(), ids=STRIPPED.keys())
def test_a_proxy_that_strips_headers_leaves_authentik_its_words(
    spoil: Callable[[Life], object], words: str, life: Life
) -> None:
    """Without its header the `detail` in the body says that it is authentik's own answer."""
    life.world.estate.authentik.strips = {"x-authentik-id"}
    spoil(life)

    seen = ServiceAccountProvider().read("zot-ci", life.account).outs or {}

    assert str(seen["condition"]).startswith(words)


def test_a_login_through_a_proxy_that_strips_headers_succeeds(life: Life) -> None:
    """Redirects and empty answers of authentik's have nothing else to be known by."""
    lose_every_key(life.world)
    life.world.estate.authentik.strips = {"x-authentik-id"}

    assert life.mint()["uuid"]


def test_an_empty_204_without_authentik_s_header_is_looked_after(life: Life, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing else shows whether the account went: it is asked for once more."""
    bend(life.world.estate.authentik, answers("DELETE", "/core/users/", Response(status_code=204)))

    life.delete_account()

    assert "authentik account zot-ci was left: " in caplog.text
    assert "which is still there" in caplog.text


def test_an_account_is_deleted_through_a_proxy_that_strips_headers(
    life: Life, caplog: pytest.LogCaptureFixture
) -> None:
    """It was looked after, and is gone."""
    life.world.estate.authentik.strips = {"x-authentik-id"}

    life.delete_account()

    assert "zot-ci" not in life.world.estate.authentik.users
    assert "was left" not in caplog.text


def test_a_route_that_authentik_does_not_have_is_no_account_that_is_gone(life: Life) -> None:
    """Its page has authentik's header, and says nothing of an account."""
    life.account["authentik_url"] += "/sso"

    with pytest.raises(InterceptedError, match=BOTH):
        life.read_account()


def test_a_forge_without_the_route_is_no_forge_without_the_secret(life: Life) -> None:
    """A server from before Actions secrets answers as a proxy does: both are said."""
    life.world.estate.forgejo.answer_instead("404", below="/api/v1/repos/eblume/blumeops/actions")

    with pytest.raises(InterceptedError, match=f"{BOTH}; a server too old for Actions secrets has none"):
        life.read_secret()


OWN: dict[str, tuple[Callable[[Life], object], Ask, type[ReconcileError]]] = {
    "secret": (lambda life: life.world.estate.forgejo.repos.clear(), Life.publish, NotFoundError),
    "item": (lambda life: life.world.estate.onepassword.vaults.clear(), Life.read_field, ReconcileError),
}


@pytest.mark.parametrize(("spoil", "ask", "kind"), OWN.values(), ids=OWN.keys())
def test_a_system_s_own_word_is_still_believed(
    spoil: Callable[[Life], object], ask: Ask, kind: type[ReconcileError], life: Life
) -> None:
    """What is gone is gone."""
    spoil(life)

    with pytest.raises(kind) as caught:
        ask(life)

    assert not isinstance(caught.value, InterceptedError)


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("system", ["authentik", "zot", "onepassword", "forgejo"])
def test_a_first_look_doubts_nothing_on_the_word_of_what_is_in_front(system: str, answer: str, life: Life) -> None:
    """Before the first `up`: a silence, and neither a plan to make what may be there nor a fault of a token."""
    system_of(life.world, system).answer_instead(answer)
    settings = load({name: json.dumps(value) for name, value in life.world.config().items()})

    found = first_looks(settings, "test")

    assert [one for one in found if one.silences]
    said = " ".join([line for one in found for line in (*one.faults, *one.silences)])
    assert not [token for token in TOKENS if token in said]
