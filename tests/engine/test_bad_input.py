"""
Wrong settings and wrong answers as a person meets them: under the real engine, in one line, and nothing is changed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from _pytest.mark.structures import ParameterSet
from starlette.responses import Response

from tests.answers.bent import BODY_TEXT, answers, bend
from tests.answers.elsewhere import Elsewhere
from tests.answers.life import snapshot
from tests.choice import some
from tests.engine.stack import Run, Stack
from tests.world import FIELD, GROUP, ITEM, OWNER, REPOSITORY, SECRET, VAULT, World

pytestmark = [pytest.mark.embedded, pytest.mark.quickly]


@dataclass(frozen=True)
class Standing:
    """
    A stack in sync, and its systems.
    """

    world: World
    stack: Stack


@pytest.fixture
def standing(world: World, in_sync: Stack) -> Standing:
    """
    None of the tests may change anything of it.
    """
    return Standing(world, in_sync)


def refused(standing: Standing, run: Run, words: str) -> None:
    """
    Assert that a run ended as it should: not with 0, with the one line, without traceback, secret or body.
    """
    assert run.code not in (0, 7)
    assert words in run.text, run.text
    assert "Traceback" not in run.text
    assert 'File "' not in run.text
    assert BODY_TEXT not in run.text
    assert standing.world.estate.secrets.found_in(run.text) == []


def _account(**changed: Any) -> Callable[[dict[str, Any]], None]:
    return lambda config: config["zot-ci:accounts"][0].update(changed)


def _key(name: str, value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda config: config.update({name: value})


SETTINGS: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "no_mapping": (_key("zot-ci:zot", "url: https://x"), "zot-ci:zot must be a mapping"),
    "missing": (lambda config: config.pop("zot-ci:zot"), "zot-ci:zot is missing"),
    "unknown": (_key("zot-ci:acounts", []), "zot-ci:acounts is not a setting; did you mean accounts?"),
    "null": (_account(username=None), "zot-ci:accounts[0].username has no value"),
    "number_for_text": (_account(username=42), "zot-ci:accounts[0].username must be text"),
    "no_number": (_account(rotateAfterDays="soon"), "zot-ci:accounts[0].rotateAfterDays must be a number"),
    "no_list": (_account(groups=GROUP), "zot-ci:accounts[0].groups must be a list"),
    "group_a_number": (_account(groups=[7]), "zot-ci:accounts[0].groups[0] must be text"),
    "password_in_a_url": (
        _key("zot-ci:zot", {"url": "https://somebody:text-of-the-body@x.test"}),
        "zot-ci:zot.url must hold no user name or password",
    ),
    "twice": (
        lambda config: config.update({"zot-ci:accounts": config["zot-ci:accounts"] * 2}),
        "username zot-ci is there 2 times",
    ),
}


# Without the engine all that is wrong with a stack file is tried in tests/settings.
@pytest.mark.parametrize(("spoil", "words"), some("wrong settings", SETTINGS, 3))
def test_a_wrong_setting_stops_the_run_before_anything_is_changed(
    spoil: Callable[[dict[str, Any]], None], words: str, standing: Standing
) -> None:
    """The line with the key's path; a system is only ever read, by the refresh of what stood before."""
    config = standing.world.config()
    spoil(config)
    standing.stack.configure(config)
    before = snapshot(standing.world)
    standing.world.estate.log.clear()

    run = standing.stack.up()

    refused(standing, run, words)
    assert snapshot(standing.world) == before
    # The access probe is a PUT and a DELETE that change nothing.
    wrote = [call for call in standing.world.estate.log if call.method != "GET" and not call.path.startswith("/v2/")]
    assert wrote == []


def test_a_preview_with_a_wrong_setting_is_no_drift(standing: Standing) -> None:
    """Exit code 7 would say that an `up` reconciles it."""
    standing.stack.configure(standing.world.config(expireAfterDays=90))

    run = standing.stack.preview()

    refused(standing, run, "zot-ci:accounts[0] expireAfterDays must be more than rotateAfterDays: a key has to outlive")


def test_a_stack_file_that_is_no_mapping_is_refused_by_the_engine_itself(standing: Standing) -> None:
    """The engine's own words; nothing is asked."""
    path = standing.stack.project / "stacks" / f"Pulumi.{standing.stack.name}.yaml"
    path.write_text("- config\n- of a list\n")
    standing.world.estate.log.clear()

    run = standing.stack.up()

    assert run.code not in (0, 7)
    assert "Traceback" not in run.text
    assert list(standing.world.estate.log) == []


@dataclass(frozen=True)
class Answer:
    """
    What a system, or somebody in it, did; and the line. *spoil* returns variables for the environment.
    """

    spoil: Callable[[World], dict[str, str] | None]
    words: str


def _html(world: World) -> None:
    page = Response(f"<html>{BODY_TEXT}</html>", media_type="text/html")
    bend(world.estate.authentik, answers("GET", "/core/users/", page))


def _key_without_a_zone(world: World) -> None:
    key = '{"uuid": "u", "label": "l", "createdAt": "2026-11-24T10:00:00", "isExpired": false'
    key += ', "expirationDate": "0001-01-01T00:00:00Z", "lastUsed": "0001-01-01T00:00:00Z"}'
    bend(world.estate.zot, answers("GET", "/zot/auth/apikey", Response(f'{{"apiKeys": [{key}, {key}]}}')))


def _no_item(world: World) -> None:
    world.estate.onepassword.vault(VAULT).items.pop(world.estate.onepassword.item(VAULT, ITEM).id)


def _redirected(world: World) -> None:
    away = Response(status_code=307, headers={"location": f"https://elsewhere.invalid/x?{BODY_TEXT}"})
    bend(world.estate.forgejo, answers("GET", "/actions/secrets", away))


def _collaborator(world: World) -> dict[str, str]:
    world.estate.forgejo.repos[OWNER, REPOSITORY].collaborators["friend"] = "admin"
    return {"FORGEJO_TOKEN": world.estate.forgejo.add_token("friend", ("write:repository",))}


def _api_keys_off(world: World) -> None:
    world.estate.zot.switch_api_keys_off()


def _login_impossible(world: World) -> None:
    world.estate.zot.keyring.by_uuid.clear()
    world.set_field("")
    world.estate.authentik.captcha = True


ANSWERS = {
    "authentik_token_unknown": Answer(
        lambda world: {"AUTHENTIK_TOKEN": world.estate.secrets.new(60)},
        "check that AUTHENTIK_TOKEN is right and has not expired, and its",
    ),
    "zot_without_api_keys": Answer(_api_keys_off, "zot GET /zot/auth/apikey answered 404 for zot-ci; API keys are off"),
    "zot_key_without_a_zone": Answer(_key_without_a_zone, "with JSON without a valid apiKeys.0.createdAt"),
    "captcha": Answer(_login_impossible, "at ak-stage-captcha; it asks for a captcha"),
    "item_missing": Answer(_no_item, "1Password Connect GET /v1/vaults/"),
    "connect_name_unknown": Answer(
        lambda world: {"OP_CONNECT_HOST": "https://nobody.invalid"}, "at https://nobody.invalid gave no answer for item"
    ),
    "connect_password_in_a_url": Answer(
        lambda world: {"OP_CONNECT_HOST": f"http://somebody:{BODY_TEXT}@127.0.0.1:1"}, "OP_CONNECT_HOST"
    ),
    "slash_in_a_proxy_s_password": Answer(
        lambda world: {"ALL_PROXY": f"http://somebody:{BODY_TEXT}/x@127.0.0.1:9", "NO_PROXY": ""},
        "ALL_PROXY is not the address of a proxy; write http://host:port",
    ),
    "forgejo_redirect": Answer(_redirected, "answered 307 (a redirect to https://elsewhere.invalid, not followed)"),
    "forgejo_collaborator": Answer(_collaborator, "must be its owner's"),
}


def answers_tried() -> list[ParameterSet]:
    """Return some of each system's."""
    return some("wrong answers", ANSWERS, 7, by=lambda name, _: name.partition("_")[:1])


@pytest.mark.parametrize("answer", answers_tried())
def test_a_wrong_answer_ends_the_run_with_one_line_and_nothing_changed(answer: Answer, standing: Standing) -> None:
    """`up` reads first; what it cannot read it does not touch."""
    standing.stack.env.update(answer.spoil(standing.world) or {})
    before = snapshot(standing.world)

    run = standing.stack.up()

    refused(standing, run, answer.words)
    assert snapshot(standing.world) == before


def test_a_page_in_authentik_s_place_is_a_silence_that_the_run_tells_of(standing: Standing) -> None:
    """As if authentik gave no answer: a key needs none, so the run succeeds, and nothing is changed."""
    _html(standing.world)
    before = snapshot(standing.world)

    run = standing.stack.up()

    assert run.code == 0, run.text
    assert "gave no answer of its own, but 200: something in front of it answered; let whatever stands in" in run.text
    assert BODY_TEXT not in run.text
    assert "Traceback" not in run.text
    assert snapshot(standing.world) == before


def test_a_registry_at_a_new_address_that_is_not_zot_gets_no_key(standing: Standing) -> None:
    """The settings name a web server: the old key stays where it is, and the new place is only asked."""
    with Elsewhere(404, f"<html>{BODY_TEXT}</html>".encode()) as elsewhere:
        standing.stack.configure({**standing.world.config(), "zot-ci:zot": {"url": elsewhere.url}})
        before = snapshot(standing.world)

        run = standing.stack.up()

        assert {asked.method for asked in elsewhere.seen} == {"GET"}
    refused(standing, run, "zot GET /zot/auth/apikey answered 404 for zot-ci; no such route there, or something")
    assert snapshot(standing.world) == before


def test_a_first_up_with_wrong_settings_asks_nobody(world: World, stack: Stack) -> None:
    """No stack stands yet, so there is nothing to refresh: no system hears of it."""
    stack.configure(world.config(groups=[]))

    run = stack.up()

    refused(Standing(world, stack), run, "zot-ci:accounts[0].groups must not be empty")
    assert list(world.estate.log) == []


def test_what_yaml_makes_of_a_text_without_quotes_is_told(stack: Stack) -> None:
    """The engine hands a date over as another text than was written, so the look of that text is all that tells."""
    file = stack.project / "stacks" / f"Pulumi.{stack.name}.yaml"
    written = file.read_text()
    for quoted, plain in ((f'"{ITEM}"', "2026-01-01"), (f'"{FIELD}"', "123"), (f'"{SECRET}"', "yes")):
        assert quoted in written
        written = written.replace(quoted, plain)
    file.write_text(written)

    run = stack.preview()

    assert run.code not in (0, 7), run.text
    lines = [line.strip() for line in run.text.splitlines() if "zot-ci:accounts" in line]
    assert [line.partition(" ")[0].rpartition(".")[2] for line in lines] == ["item", "field"]
    assert "a date: put it into quotes" in lines[0]
    assert "a number: put it into quotes" in lines[1]
