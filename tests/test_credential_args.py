"""
A credential's arguments in another Pulumi program: plain values are checked at once, inputs are left alone.
"""

from __future__ import annotations

import asyncio
import dataclasses
import re
from pathlib import Path
from typing import Any

import pulumi
import pytest

from tests.docs.test_reference import SETTINGS as THE_SETTINGS
from tests.messages import assert_names
from tests.mocks import run
from tests.settings.given import LIVES, given
from zot_ci import (
    CanaryArgs,
    FieldArgs,
    RegistryCredential,
    RegistryCredentialArgs,
    SecretArgs,
    SettingsError,
)
from zot_ci.settings.account import AccountSettings, CanarySettings, FieldSettings, SecretSettings
from zot_ci.settings.place import Place

PAGE = (Path(__file__).resolve().parents[1] / "docs/library.md").read_text(encoding="utf-8")
# What may be another resource's output.
INPUTS = [one.name for one in dataclasses.fields(RegistryCredentialArgs) if str(one.type).startswith("pulumi.Input")]
FORGE = "https://forge.example.test"
STORE = FieldArgs("blumeops", "Forgejo Secrets", "zot-ci-api")


def args(**changed: Any) -> RegistryCredentialArgs:
    """The least that a credential needs, and what is changed in it."""
    least: dict[str, Any] = {"zot_url": "https://r.example.test", "username": "ci", "store": STORE}
    return RegistryCredentialArgs(**(least | changed))


def test_the_least_is_a_registry_a_name_and_a_field() -> None:
    """The rest has defaults, the same as in the settings."""
    account = args().credential.account

    assert account.places == [Place.field("blumeops", "Forgejo Secrets", "zot-ci-api")]
    assert (account.policy.rotate_after_days, account.policy.expire_after_days) == (90.0, 120.0)
    assert account.policy.rights == {"create"}


WRONG: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "url": ({"zot_url": "registry"}, ("zot_url", "https://")),
    "login's url": ({"authentik_url": "https://a.test/"}, ("authentik_url", "slash")),
    "user name": ({"username": "zot ci"}, ("username", "100")),
    "days": ({"rotate_after_days": -1}, ("rotate_after_days", "0")),
    "expiry": ({"expire_after_days": 10}, ("expireAfterDays", "rotateAfterDays")),
    "longest life": ({"retire_at_most_days": 0}, ("retire_at_most_days", "0")),
    "longest life of nothing": ({"retire_at_most_days": 30}, ("retireAtMostDays", "retireWhenUnused")),
    "longest life in the grace": (
        {"retire_when_unused": True, "retire_after_days": 7, "retire_at_most_days": 7},
        ("retireAtMostDays", "retireAfterDays"),
    ),
    "rights": ({"rights": ["push"]}, ("rights[0]", "'create'")),
    "groups": ({"groups": [], "authentik_url": "https://a.test"}, ("groups", "empty")),
    "groups without a login": ({"groups": ["ci"]}, ("authentik_url", "missing")),
    "field": ({"store": FieldArgs("v", "i", "")}, ("store.field", "empty")),
    "copy": ({"copies": [FieldArgs("", "i", "f")]}, ("copies[0].vault", "empty")),
    "secret": ({"secrets": [SecretArgs(FORGE, "CI", repository="a/b")]}, ("secrets[0].secret", "CI")),
    "two owners": ({"secrets": [SecretArgs(FORGE, "K", "a/b", "o")]}, ("secrets[0]", "exactly one")),
    "forge's url": ({"secrets": [SecretArgs("forge", "K", "a/b")]}, ("secrets[0].forgejo_url", "https://")),
    "forge's token": (
        {"secrets": [SecretArgs(FORGE, "K", "a/b", token="s3cret")]},
        ("secrets[0].token", "1Password reference"),
    ),
    "canary": (
        {"secrets": [SecretArgs(FORGE, "K", "a/b", canary=CanaryArgs("c.yaml", timeout_seconds=0))]},
        ("secrets[0].canary.timeout_seconds", "0"),
    ),
    "backend": ({"onepassword_access": "op"}, ("onepassword_access", "connect")),
    "token": ({"authentik_token": "s3cret"}, ("authentik_token", "1Password reference")),
}


@pytest.mark.parametrize(("changed", "words"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_value_is_told_by_the_argument_s_name(changed: dict[str, Any], words: tuple[str, ...]) -> None:
    """One line, and no value in it."""
    with pytest.raises(SettingsError) as caught:
        args(**changed)

    heading, line = str(caught.value).splitlines()
    assert_names(line, *words)
    assert "credential" in heading
    assert "s3cret" not in line


def test_all_faults_are_told_at_once() -> None:
    """Of inputs that are plain, and of the rest."""
    with pytest.raises(SettingsError) as caught:
        args(zot_url="x", rotate_after_days=-1, store=FieldArgs("", "i", "f"))

    assert len(str(caught.value).splitlines()) == 4


def test_a_place_twice_is_refused() -> None:
    """The key would be written over itself, by two resources of one name."""
    with pytest.raises(SettingsError, match="a place is named twice"):
        args(secrets=[SecretArgs(FORGE, "KEY", "a/b"), SecretArgs(FORGE, "key", "A/B")])


@pytest.mark.parametrize(
    ("second", "is_refused"),
    [
        ({}, True),
        ({"server": "other"}, False),
        ({"token": "op://vault/item/field"}, False),
        ({"forgejo_url": f"{FORGE}/"}, False),
    ],
    ids=["no name", "a name", "a token of its own", "the same server"],
)
def test_two_servers_of_one_name_are_refused(second: dict[str, Any], is_refused: bool) -> None:
    """The token of the one would be sent to the other."""
    given = {"forgejo_url": "https://other.example.test", "secret": "OTHER", "repository": "a/b"} | second
    secrets = [SecretArgs(FORGE, "KEY", "a/b"), SecretArgs(**given)]

    if is_refused:
        with pytest.raises(SettingsError, match=r"secrets\[1\]\.server must be another name than that of https"):
            args(secrets=secrets)
    elif second.get("forgejo_url"):
        with pytest.raises(SettingsError, match="must not end with a slash") as caught:
            args(secrets=secrets)
        assert "another name" not in str(caught.value)
    else:
        args(secrets=secrets)


def test_what_another_resource_will_tell_is_not_checked() -> None:
    """It is not known yet, and goes to the systems as it is."""

    async def take() -> None:
        later: pulumi.Output[str] = pulumi.Output.from_input("anything")
        of_others = dict.fromkeys(INPUTS, later)

        taken = args(**of_others, secrets=[SecretArgs(later, "KEY", "a/b")]).credential

        assert [name for name in INPUTS if getattr(taken, name) is not later] == []
        assert taken.servers[0].url is later
        known = {name: getattr(taken.account, name) for name in INPUTS if hasattr(taken.account, name)}
        assert known == dict.fromkeys(("display_name", "probe_repository", "probe_tag", "rotation"))
        await later.future()

    # In a loop of its own, which ends: an output lives in one, and the SDK keeps count of those that are not done.
    asyncio.run(take())


def test_a_value_is_taken_as_it_was_checked() -> None:
    """Without the blanks around it, and in upper case where the server has it so: one place has one name."""
    taken = args(
        store=FieldArgs(" v ", "i", "f"),
        copies=(FieldArgs("v", "i", " g "),),
        groups=(" ci ",),
        authentik_url="https://a.test",
        display_name=" CI ",
        rotation=" again ",
        secrets=[SecretArgs(FORGE, "key", "a/b", server="")],
    ).credential

    assert [str(place) for place in taken.account.places] == ["1Password v/i/f", "1Password v/i/g", "Forgejo a/b/KEY"]
    assert (taken.account.groups, taken.display_name, taken.rotation) == (["ci"], "CI", "again")


# One stack's settings, and for each account its arguments in a program of somebody's own.
SETTINGS: dict[str, Any] = {
    "authentik": {"url": "https://sso.example.test", "token": "op://v/sso/token"},
    "zot": {"url": "https://r.example.test", "probeRepository": "all/probe", "probeTag": "v1"},
    "forgejo": {"url": FORGE},
    "forgejoServers": {"codeberg": {"url": "https://c.example.test", "token": "op://v/c/token"}},
    "onepassword": {"access": "cli"},
    "accounts": [
        {
            **LIVES,
            "username": "ci",
            "displayName": "CI",
            "groups": ["ci"],
            "rights": ["create", "update"],
            "onepassword": [dataclasses.asdict(STORE), {"vault": "v", "item": "i", "field": "f"}],
            "forgejo": [
                {"repository": "a/b", "secret": "key", "canary": {"workflow": "canary.yaml"}, "id": 7},
                {"server": "codeberg", "organization": "o", "secret": "KEY"},
                {"user": True, "secret": "OWN"},
            ],
        },
        {
            "username": "own",
            "probeRepository": "own/probe",
            "onepassword": dataclasses.asdict(STORE) | {"field": "x"},
        },
    ],
}


def arguments() -> list[RegistryCredentialArgs]:
    """The same two credentials by arguments."""
    everybody_s: dict[str, Any] = {
        "authentik_url": "https://sso.example.test",
        "authentik_token": "op://v/sso/token",
        "onepassword_access": "cli",
    }
    ci = args(
        **everybody_s,
        display_name="CI",
        groups=["ci"],
        rights=["create", "update"],
        probe_repository="all/probe",
        probe_tag="v1",
        exclusive=True,
        rotate_after_days=30,
        expire_after_days=60,
        retire_after_days=1,
        retire_when_unused=True,
        retire_at_most_days=9,
        rotation="again",
        copies=[FieldArgs("v", "i", "f")],
        secrets=[
            SecretArgs(FORGE, "KEY", repository="a/b", canary=CanaryArgs("canary.yaml"), id=7),
            SecretArgs("https://c.example.test", "KEY", None, "o", "codeberg", "op://v/c/token"),
            SecretArgs(FORGE, "OWN"),
        ],
    )
    # The registry's tag is one of the registry's repository.
    store = dataclasses.replace(STORE, field="x")
    return [ci, args(**everybody_s, username="own", store=store, probe_repository="own/probe")]


def test_settings_and_arguments_make_the_same_resources() -> None:
    """Each input of each resource, so that a stack can go from one program to the other."""

    def another() -> None:
        for one in arguments():
            RegistryCredential(one.username, one)

    by_settings, by_arguments = (
        {one.name: (one.type, one.inputs, one.secret_inputs) for one in ran.registered}
        for ran in (run(given(SETTINGS)), run(another=another))
    )

    assert len(by_settings) == 13
    assert by_arguments == by_settings


def test_an_argument_has_the_default_of_its_setting_or_the_page_names_it() -> None:
    """`zot_url` is `zot.url`, `probe_repository` is `zot.probeRepository`: the page refers to the settings."""
    of_settings: dict[str, list[Any]] = {}
    for path, default in THE_SETTINGS.items():
        system, _, key = path.rpartition(".")
        name = re.sub(r"(?=[A-Z])", "_", key).lower()
        for argument in (name, f"{system}_{name}"):
            of_settings.setdefault(argument, []).append(default)
    fields = {one.name: one.default for one in dataclasses.fields(RegistryCredentialArgs) if one.init}
    required = {name for name, default in fields.items() if default is dataclasses.MISSING}
    plain = {name: list(one) if isinstance(one, tuple) else one for name, one in fields.items() if name not in required}
    differ = {name for name in plain.keys() & of_settings.keys() if plain[name] not in of_settings[name]}

    (said,) = re.findall(r"^(.*) are required\.", PAGE, re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", said)) == required
    assert differ == set(re.findall(r"`(\w+)` may be left out", PAGE)) == {"authentik_url"}
    (own,) = re.findall(r"Only here are\n\n(.*?)\n\n", PAGE, re.DOTALL)
    assert fields.keys() - of_settings.keys() <= set(re.findall(r"\*(\w+)\*", own))


def test_the_arguments_that_may_be_outputs_are_named() -> None:
    """All of them, and no other: a program that gives an output elsewhere fails."""
    (named,) = re.findall(r"^These may be outputs of other resources: (.*?)\.", PAGE, re.MULTILINE | re.DOTALL)
    inputs = {one.name for one in dataclasses.fields(RegistryCredentialArgs) if "pulumi.Input" in str(one.type)}

    assert inputs
    assert set(re.findall(r"`(\w+)`", named)) == inputs


def test_an_argument_has_the_name_of_its_setting() -> None:
    """In Python, so that both are checked by it; but for the places, which are taken apart here."""
    names = {one.name for one in dataclasses.fields(RegistryCredentialArgs)}

    assert AccountSettings.model_fields.keys() - names == {"onepassword", "forgejo"}
    assert SecretSettings.model_fields.keys() - {one.name for one in dataclasses.fields(SecretArgs)} == {"user"}
    for kind, settings in ((FieldArgs, FieldSettings), (CanaryArgs, CanarySettings)):
        assert [one.name for one in dataclasses.fields(kind)] == list(settings.model_fields)
