"""
Right settings: how they are taken, their defaults, and the stack files that come with the program.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # comes with pulumi, without types

from tests.settings.given import RIGHT, config, given
from tests.settings.spoiled import MISSING, A, F, with_
from zot_ci.rotation import Policy
from zot_ci.settings.model import Settings, load
from zot_ci.settings.named import named_fields
from zot_ci.settings.place import Place
from zot_ci.settings.reference import StoredToken
from zot_ci.settings.server import ForgejoServer

ROOT = Path(__file__).resolve().parents[2]


def test_right_settings_are_taken_with_their_defaults() -> None:
    """As the README's table says."""
    settings = load(given(RIGHT))

    [account] = settings.accounts
    assert (account.rotate_after_days, account.expire_after_days, account.retire_after_days) == (90.0, 120.0, 0.0)
    assert (settings.zot.oidc_provider, settings.zot.probe_repository) == ("oidc", "zot-ci-access-probe")
    assert account.places == [
        Place.field("blumeops", "Forgejo Secrets", "zot-ci-api"),
        Place.secret("ZOT_CI_API_KEY", repository="eblume/blumeops"),
    ]
    assert (account.policy.rotate_after_days, account.policy.expire_after_days) == (90.0, 120.0)


def test_a_secret_s_name_is_put_into_upper_case() -> None:
    """As the server stores it."""
    settings = load(given(with_((f"{F}.secret", "zot_ci_api_key"))))

    assert settings.accounts[0].forgejo[0].secret == "ZOT_CI_API_KEY"


@pytest.mark.parametrize(
    ("given_place", "place"),
    [
        ({"repository": "eblume/blumeops"}, Place("repository", ("eblume", "blumeops", "KEY"))),
        ({"organization": "workers"}, Place("organization", ("workers", "KEY"))),
        ({"user": True}, Place("user", ("KEY",))),
    ],
    ids=["repository", "organization", "user"],
)
def test_a_secret_is_a_place_of_one_of_three_kinds(given_place: dict[str, Any], place: Place) -> None:
    """Named by what it belongs to."""
    settings = load(given(with_((F, {**given_place, "secret": "KEY"}))))

    assert settings.accounts[0].forgejo[0].place == place


def test_one_field_or_several_are_taken_and_the_first_is_the_store() -> None:
    """A mapping is a list of one."""
    one = {"vault": "v", "item": "i", "field": "f"}
    several = load(given(with_((f"{A}.onepassword", [one, one | {"field": "g"}])))).accounts[0]

    assert several.store.field == "f"
    assert len(several.onepassword) == 2
    assert load(given(RIGHT)).accounts[0].store.field == "zot-ci-api"


def test_an_account_may_have_its_own_rights() -> None:
    """More than to create, or none but to read."""
    rights = [
        load(given(with_((f"{A}.rights", names)))).accounts[0].policy.rights for names in (["update", "create"], [])
    ]

    assert rights == [{"create", "update"}, set()]
    assert load(given(RIGHT)).accounts[0].policy.rights == {"create"}


def test_an_account_may_have_no_secret_and_then_no_forgejo_is_needed() -> None:
    """The key's only consumer reads a field, in whatever vault."""
    account = load(given(with_((f"{A}.forgejo", MISSING), ("forgejo", MISSING)))).accounts[0]

    assert account.places == [account.store.place]


def test_a_place_may_name_another_server_by_its_own_token() -> None:
    """Also one of the same path: two servers have two secrets."""
    places = [{"repository": "eblume/blumeops", "secret": "KEY"}] * 2
    token = "op://blumeops/Codeberg/api-token"
    servers = {
        "codeberg": {"url": "https://codeberg.example.test", "token": token},
        "old-forge": {"url": "https://o.test"},
    }
    values = with_((f"{A}.forgejo", [places[0], places[1] | {"server": "codeberg"}]), ("forgejoServers", servers))

    settings = load(given(values))

    here, there = settings.accounts[0].forgejo
    assert settings.server_of(here) == ForgejoServer("https://forge.example.test")
    assert settings.server_of(there) == ForgejoServer("https://codeberg.example.test", "codeberg", StoredToken(token))
    assert (here.place.name, there.place.name) == ("eblume/blumeops/KEY", "eblume/blumeops/KEY@codeberg")
    assert here.place.identity != there.place.identity
    assert ForgejoServer("https://o.test", "old-forge").variable == "FORGEJO_TOKEN_OLD_FORGE"


def test_a_server_s_places_alone_need_no_forgejo() -> None:
    """Each place names its own."""
    servers = {"codeberg": {"url": "http://codeberg.example.test"}}
    settings = load(given(with_(("forgejo", MISSING), (f"{F}.server", "codeberg"), ("forgejoServers", servers))))

    assert settings.plain_http() == ["codeberg.example.test"]
    assert settings.server_of(settings.accounts[0].forgejo[0]).name == "codeberg"


def test_fractions_of_days_and_a_pause_are_allowed() -> None:
    """For a test registry, and for a freeze."""
    values = with_((f"{A}.rotateAfterDays", 0), (f"{A}.expireAfterDays", 0.5))

    assert load(given(values)).accounts[0].policy.rotate_after_days == 0


def test_numbers_and_truths_that_are_written_as_text_are_taken() -> None:
    """`pulumi config set --path … 0.5` writes it so, and so does whoever puts everything into quotes."""
    values = with_(
        (f"{A}.rotateAfterDays", "0.25"),
        (f"{A}.expireAfterDays", "30"),
        (
            f"{A}.forgejo",
            [
                {"repository": "o/r", "secret": "A", "canary": {"workflow": "c.yaml", "timeoutSeconds": "0.5"}},
                {"user": "true", "secret": "B"},
                {"organization": "o", "user": "false", "secret": "C"},
            ],
        ),
    )
    account = load(given(values)).accounts[0]

    assert account.policy == Policy(0.25, 30.0)
    assert account.forgejo[0].canary
    assert account.forgejo[0].canary.timeout_seconds == 0.5
    assert [secret.user for secret in account.forgejo] == [False, True, False]


def test_other_projects_keys_are_not_ours() -> None:
    """A stack file may hold the engine's own, and other packages'."""
    config = given(RIGHT) | {"pulumi:tags": "{}", "zot-ci-2:zot": "nonsense", "aws:region": "x"}

    assert load(config) == load(given(RIGHT))


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("http://registry.lan", ["registry.lan"]),
        ("http://127.0.0.1:5000", []),
        ("http://localhost:5000", []),
        ("http://[::1]:5000", []),
        ("https://registry.lan", []),
    ],
)
def test_a_host_that_is_asked_without_tls_is_known(url: str, hosts: list[str]) -> None:
    """The program warns of it; this machine itself is no such host."""
    assert load(given(with_(("zot.url", url)))).plain_http() == hosts


def test_more_hosts_can_be_asked_after_and_each_is_named_once() -> None:
    """A Connect server is in the environment, not in the settings."""
    settings = load(given(with_(("zot.url", "http://registry.lan"))))

    assert settings.plain_http("http://connect:8080", "http://registry.lan:81") == ["connect", "registry.lan"]
    assert settings.plain_http("https://connect:8080", "http://localhost:8080") == ["registry.lan"]


@pytest.mark.parametrize("path", sorted((ROOT / "stacks").glob("Pulumi.*.yaml")), ids=lambda path: path.name)
def test_the_stack_files_that_come_with_the_program_are_right(path: Path) -> None:
    """The reference deployment, the demo, and the example."""
    config = yaml.safe_load(path.read_text(encoding="utf-8"))["config"]
    settings = load({key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()})

    assert isinstance(settings, Settings)
    assert settings.accounts[0].forgejo[0].secret == "ZOT_CI_API_KEY"


def test_tokens_may_be_references_and_a_backend_may_be_named() -> None:
    """As they stand."""
    values = with_(
        ("authentik.token", "op://blumeops/Authentik (blumeops)/api-token"),
        ("forgejo.token", "op://blumeops/Forgejo Secrets/section/api-token"),
        ("onepassword", {"access": "serviceAccount"}),
    )

    settings = load(given(values))

    assert settings.authentik is not None
    assert settings.authentik.token == "op://blumeops/Authentik (blumeops)/api-token"
    assert settings.forgejo is not None
    assert settings.forgejo.token == "op://blumeops/Forgejo Secrets/section/api-token"
    assert settings.onepassword.access == "serviceAccount"


@pytest.mark.parametrize(
    "fields",
    [
        {"vault": "blumeops", "item": " Forgejo Secrets ", "field": "a"},
        [{"vault": "v", "item": "i", "field": "a"}, {"vault": "v", "item": "i", "field": "b"}],
    ],
    ids=["one", "several"],
)
def test_a_provider_reads_the_same_fields_as_the_program(fields: object) -> None:
    """Without the models that check settings, which every process of a provider would have to import."""
    configuration = config(onepassword=fields)
    settings = load(configuration)

    expected = [(one.username, field.place) for one in settings.accounts for field in one.onepassword]
    assert named_fields(configuration.get) == expected
    assert expected


@pytest.mark.parametrize("accounts", ["", "{", "[1]", '[{"username": "x"}]', '[{"onepassword": {"vault": 1}}]', None])
def test_a_configuration_that_is_another_program_s_names_no_field(accounts: str | None) -> None:
    """The same providers work in other programs."""
    assert named_fields({"zot-ci:accounts": accounts}.get) == []
