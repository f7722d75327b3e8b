"""
A part that cannot be looked at, for each of the five resources: a read never raises, nothing is replaced for it, and
what may be left behind is one line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from starlette.responses import HTMLResponse, JSONResponse

from tests.dynamic.wanted import (
    account,
    field,
    key,
    made_by,
    next_run,
    no_key_is_left,
    outs_of,
    program_has,
    secret,
    sweep,
    swept,
)
from tests.estate.core import System
from tests.http.between import Between
from tests.messages import assert_names
from tests.world import GROUP, World
from zot_ci.authentik.service_account import ServiceAccountProvider
from zot_ci.dynamic.provider import AnyProvider, Props
from zot_ci.forgejo.actions_secret import ActionsSecretProvider
from zot_ci.http import connections
from zot_ci.http.errors import NotFoundError, ReconcileError, ServerError, SignInRefusedError, UnreachableError
from zot_ci.onepassword.item_field import ItemFieldProvider
from zot_ci.settings.place import Place
from zot_ci.zot.api_key import ApiKeyProvider
from zot_ci.zot.retired_keys import RetiredKeysProvider

pytestmark = pytest.mark.embedded

NOWHERE = "http://127.0.0.1:1"


@dataclass(frozen=True)
class Subject:
    """
    A resource, the system that it asks, and how a test gets one in sync.

    Args:
        url: the property, or else the variable, with the system's URL.
        token: the variable with the system's token; empty for a resource that has a key.
    """

    provider: AnyProvider
    system: str
    url: str
    token: str
    wanted: Callable[[World], Props]
    made: Callable[[World], Props]


def _created(provider: AnyProvider, wanted: Callable[[World], Props]) -> Callable[[World], Props]:
    return lambda world: outs_of(provider.create(wanted(world)))


_KEY: dict[str, Props] = {}


def _made_key(world: World) -> Props:
    _KEY["made"] = made_by(world)
    return _KEY["made"]


_ACCOUNT, _FIELD, _SECRET = ServiceAccountProvider(), ItemFieldProvider(), ActionsSecretProvider()
SUBJECTS = {
    "account": Subject(_ACCOUNT, "authentik", "authentik_url", "AUTHENTIK_TOKEN", account, _created(_ACCOUNT, account)),
    "key": Subject(ApiKeyProvider(), "zot", "zot_url", "", key, _made_key),
    "field": Subject(
        _FIELD,
        "onepassword",
        "OP_CONNECT_HOST",
        "OP_CONNECT_TOKEN",
        lambda world: field(),
        _created(_FIELD, lambda _: field()),
    ),
    "secret": Subject(_SECRET, "forgejo", "forgejo_url", "FORGEJO_TOKEN", secret, _created(_SECRET, secret)),
    "sweep": Subject(
        RetiredKeysProvider(),
        "zot",
        "zot_url",
        "",
        lambda world: sweep(world, _KEY["made"]),
        lambda world: swept(world, _made_key(world)),
    ),
}
TROUBLES = ("refused connection", "503", "html", "bad token", "no token")


@pytest.fixture(params=list(SUBJECTS.values()), ids=list(SUBJECTS))
def subject(request: pytest.FixtureRequest) -> Subject:
    """One of the five."""
    found: Subject = request.param
    return found


@pytest.fixture
def olds(subject: Subject, signed_in: World) -> Props:
    """What the last run recorded of it."""
    made = subject.made(signed_in)
    next_run(signed_in)
    return made


def trouble(kind: str, subject: Subject, olds: Props, world: World, monkeypatch: pytest.MonkeyPatch) -> Props:
    """Let the system be in *kind* of trouble, and return what is recorded of the resource, with another URL perhaps."""
    system: System = world.estate.systems[subject.system]
    match kind:
        case "refused connection" if subject.url.startswith("OP_"):
            monkeypatch.setenv(subject.url, NOWHERE)
        case "refused connection":
            return olds | {subject.url: NOWHERE}
        case "503":
            system.down = True
        case "html":
            answer = HTMLResponse("<html>somebody's page</html>")
            between = Between(system)
            for method in ("GET", "DELETE", "PUT"):
                between.answer(f"{method} /", answer)
        case "bad token":
            monkeypatch.setenv(subject.token, "a-token-that-nobody-knows")
        case "no token":
            monkeypatch.delenv(subject.token)
    return olds


PREFIXES = {
    "refused connection": "not checked: ",
    "503": "not checked: ",
    "html": "not checked: ",
    "bad token": "refused: ",
    "no token": "cannot be checked: ",
}


@pytest.mark.parametrize("kind", TROUBLES)
def test_a_read_keeps_the_facts_and_says_what_it_could_not_look_at(
    kind: str,
    subject: Subject,
    olds: Props,
    signed_in: World,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Something to do, and never a replacement. The line is there in a preview that shows no values."""
    if kind.endswith("token") and not subject.token:
        pytest.skip("it has a key, and no token")
    known = trouble(kind, subject, olds, signed_in, monkeypatch)
    wanted = subject.wanted(signed_in)
    if subject.url in known:
        wanted[subject.url] = known[subject.url]

    seen = outs_of(subject.provider.read("id", known))

    assert seen == known | {"condition": seen["condition"]}
    assert seen["condition"].startswith(PREFIXES[kind])
    assert signed_in.estate.secrets.found_in(seen["condition"]) == []
    subject.provider.check(wanted, wanted)
    difference = subject.provider.diff("id", seen, wanted)
    assert difference.changes
    assert difference.replaces == []
    assert caplog.text.count(seen["condition"]) == 1


def test_a_system_that_is_down_is_told_of_once_in_a_run(signed_in: World, caplog: pytest.LogCaptureFixture) -> None:
    """However many resources it has."""
    provider = _SECRET
    many = [secret(signed_in, secret=name) for name in ("A", "B", "C")]
    olds = [outs_of(provider.create(one)) for one in many]
    next_run(signed_in)
    signed_in.estate.forgejo.down = True

    for old, news in zip(olds, many, strict=True):
        seen = outs_of(provider.read("id", old))
        provider.check(news, news)
        assert provider.diff("id", seen, news).changes

    assert caplog.text.count("not checked: ") == 1


@pytest.mark.parametrize("name", ["field", "secret", "account"])
@pytest.mark.parametrize("kind", ["refused connection", "503"])
def test_what_is_left_at_a_silent_place_is_one_warning(
    name: str, kind: str, signed_in: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Taking it out of the stack file always works."""
    subject = SUBJECTS[name]
    olds = subject.made(signed_in)
    next_run(signed_in)
    no_key_is_left(signed_in)
    known = trouble(kind, subject, olds, signed_in, monkeypatch)
    caplog.clear()

    subject.provider.delete("id", known)

    [warning] = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert_names(warning, " was left: ", "by hand")
    if name != "account":
        assert "key a-uuid, which works until it is revoked or expires" in warning


@pytest.mark.parametrize("name", ["field", "secret", "account"])
def test_a_refused_token_is_an_error_in_a_deletion(
    name: str, signed_in: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It can be corrected, and then the thing is deleted."""
    subject = SUBJECTS[name]
    olds = subject.made(signed_in)
    next_run(signed_in)
    no_key_is_left(signed_in)
    trouble("bad token", subject, olds, signed_in, monkeypatch)

    with pytest.raises(ReconcileError, match=subject.token):
        subject.provider.delete("id", olds)


@pytest.mark.parametrize(("token", "why"), [("of-the-new-server", "401"), ("", "FORGEJO_TOKEN is not set")])
def test_a_server_that_the_settings_have_left_may_refuse_a_deletion(
    token: str, why: str, signed_in: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody keeps a token for it."""
    olds = outs_of(_SECRET.create(secret(signed_in)))
    next_run(signed_in)
    monkeypatch.setenv("FORGEJO_TOKEN", token)
    elsewhere = secret(signed_in, forgejo_url=NOWHERE, secret="ANOTHER")
    program_has(("server", NOWHERE), Place.secret("ANOTHER", repository=elsewhere["repository"]).identity)

    _SECRET.delete("id", olds)

    assert_names(caplog.text.strip(), "Forgejo secret", " was left: ", why, "delete it by hand")


# The account: its key needs no authentik.


def _account_in_sync(world: World) -> Props:
    olds = outs_of(_ACCOUNT.create(account(world)))
    next_run(world)
    return olds


@pytest.mark.parametrize("inputs", [{}, {"authentik_url": NOWHERE}], ids=["nothing wanted", "another url"])
def test_an_account_whose_authentik_is_silent_fails_no_update(inputs: Props, signed_in: World) -> None:
    """It stays recorded that it was not looked at."""
    olds = _account_in_sync(signed_in)
    signed_in.estate.authentik.down = True
    seen = outs_of(_ACCOUNT.read("id", olds))

    updated = outs_of(_ACCOUNT.update("id", seen, account(signed_in, **inputs)))

    assert str(updated["condition"]).startswith("not checked: authentik at ")
    assert updated == seen | inputs | {"condition": updated["condition"]}


@pytest.mark.parametrize("known_drift", [True, False], ids=["left group, as is known", "other groups"])
def test_a_group_to_change_while_authentik_is_silent_fails_by_its_name(known_drift: bool, signed_in: World) -> None:
    """As does a first key."""
    olds = _account_in_sync(signed_in)
    if known_drift:
        signed_in.leave(GROUP)
        olds = outs_of(_ACCOUNT.read("id", olds))
    signed_in.estate.authentik.down = True
    wanted = account(signed_in) if known_drift else account(signed_in, groups=["admins"])

    with pytest.raises(ServerError):
        _ACCOUNT.update("id", outs_of(_ACCOUNT.read("id", olds)), wanted)
    with pytest.raises(ServerError):
        _ACCOUNT.create(account(signed_in))


def test_a_group_that_is_gone_ends_the_run_and_fails_no_resource(
    signed_in: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody has to make it, or to take it out of the stack file; a key that is due rotates meanwhile."""
    olds = _account_in_sync(signed_in)
    signed_in.estate.authentik.groups.pop(GROUP)
    signed_in.estate.authentik.users[signed_in.username].groups.discard(GROUP)
    seen = outs_of(_ACCOUNT.read("id", olds))
    _ACCOUNT.check(account(signed_in), account(signed_in))

    updated = outs_of(_ACCOUNT.update("id", seen, account(signed_in)))

    assert_names(updated["condition"], "cannot be checked: ", f"no group {GROUP}", "correct the setting", "view_group")
    assert updated["condition"] in caplog.text
    assert _ACCOUNT.diff("id", updated, account(signed_in)).changes


def test_a_group_of_the_settings_that_is_not_there_is_an_error(signed_in: World) -> None:
    """It is what somebody has just written."""
    olds = _account_in_sync(signed_in)

    with pytest.raises(NotFoundError, match="no group nobody"):
        _ACCOUNT.update("id", olds, account(signed_in, groups=["nobody"]))


# The key.


def test_a_silent_registry_keeps_a_destroyed_key_in_the_state(signed_in: World) -> None:
    """To be ended later; the line says what to do if there is no later."""
    olds = made_by(signed_in)
    signed_in.estate.zot.down = True

    with pytest.raises(ServerError) as caught:
        ApiKeyProvider().delete(olds["uuid"], olds)

    assert_names(caught.value, olds["uuid"], "lives until ", "run again", "`pulumi state delete`")


@pytest.mark.parametrize("kind", ["dead", "another page"])
def test_a_key_at_a_registry_that_the_account_has_left_is_let_go_of(
    kind: str, signed_in: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It cannot be asked any more: the warning says until when the key lives."""
    olds = made_by(signed_in)
    program_has(("account", "zot-ci"), ("key", "https://registry.example.test", "zot-ci"))
    subject = SUBJECTS["key"]
    known = trouble("refused connection" if kind == "dead" else "html", subject, olds, signed_in, monkeypatch)
    caplog.clear()

    ApiKeyProvider().delete(olds["uuid"], known)

    [warning] = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert_names(warning, olds["uuid"], known["zot_url"], f"lives until {olds['expires_at'][:10]}")


def test_a_key_that_nobody_accepts_any_more_can_end_no_other(
    signed_in: World, caplog: pytest.LogCaptureFixture
) -> None:
    """It has ended; what else has its label is told."""
    olds = made_by(signed_in)
    signed_in.estate.zot.revoke(olds["uuid"])
    caplog.clear()

    ApiKeyProvider().delete(olds["uuid"], olds)

    assert_names(caplog.text.strip(), olds["uuid"], "is no longer accepted", "until they expire")


def test_the_sweep_of_a_registry_that_is_left_and_dead_is_a_warning(
    signed_in: World, caplog: pytest.LogCaptureFixture
) -> None:
    """The new one is swept, and the old keys end by themselves."""
    made = made_by(signed_in)
    olds = swept(signed_in, made, zot_url=NOWHERE)
    caplog.clear()

    outs = outs_of(RetiredKeysProvider().update("id", olds, sweep(signed_in, made)))

    assert outs["zot_url"] == signed_in.zot_url
    assert_names(caplog.text.strip(), "left older keys of zot-ci at http://127.0.0.1:1", "until they expire")


def test_a_key_that_was_not_looked_at_takes_new_settings_and_stays_so(signed_in: World) -> None:
    """Its places are served meanwhile; the sweep is what fails."""
    olds = made_by(signed_in)
    signed_in.estate.zot.down = True
    seen = outs_of(ApiKeyProvider().read("id", olds))

    updated = outs_of(ApiKeyProvider().update("id", seen, key(signed_in, rotate_after_days=30.0)))

    assert updated == seen | {"rotate_after_days": 30.0}
    with pytest.raises(ServerError):
        RetiredKeysProvider().update("id", swept(signed_in, olds), sweep(signed_in, olds))


def test_an_old_age_is_judged_by_today_s_settings(signed_in: World) -> None:
    """Where the registry is silent: the key is replaced, and that fails by its name."""
    signed_in.estate.clock.advance(days=0)
    olds = made_by(signed_in) | {"age_days": 40.0}
    signed_in.estate.zot.down = True
    seen = outs_of(ApiKeyProvider().read("id", olds))

    assert ApiKeyProvider().diff("id", seen, key(signed_in)).replaces == []
    assert ApiKeyProvider().diff("id", seen, key(signed_in, rotate_after_days=30.0)).replaces
    with pytest.raises(UnreachableError):
        ApiKeyProvider().create(key(signed_in, rotate_after_days=30.0))


def test_one_vault_that_is_silent_stops_only_its_fields(signed_in: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """503 for one vault is not the server's silence."""
    vaults = signed_in.estate.onepassword
    vaults.add_vault("spare")
    vaults.add_item("spare", "CI")
    monkeypatch.setenv("OP_CONNECT_TOKEN", vaults.add_token())
    connections.forget_all()
    spare = field(vault="spare", item="CI", field="key")
    both = [outs_of(_FIELD.create(one)) for one in (field(), spare)]
    vaults.silent_vaults = {"spare"}
    next_run(signed_in)

    conditions: list[Any] = [outs_of(_FIELD.read("id", one))["condition"] for one in both]

    assert conditions[0] == "current"
    assert_names(conditions[1], "not checked: ", "503")


def test_a_missing_token_is_no_reason_to_let_go(signed_in: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was asked."""
    olds = outs_of(_SECRET.create(secret(signed_in)))
    next_run(signed_in)
    refusal = JSONResponse({"message": "token is required", "url": "https://forge.test/api/swagger"}, 401)
    Between(signed_in.estate.forgejo).answer("DELETE /", refusal)

    with pytest.raises(SignInRefusedError):
        _SECRET.delete("id", olds)
