"""
A credential's arguments in another Pulumi program: plain values are checked at once, inputs are left alone.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pulumi
import pytest

from tests.messages import assert_names
from tests.settings.given import given
from zot_ci import CanaryArgs, FieldArgs, RegistryCredentialArgs, SecretArgs, SettingsError, load
from zot_ci.settings.place import Place

ROOT = Path(__file__).resolve().parents[1]
FORGE = "https://forge.example.test"
STORE = FieldArgs("blumeops", "Forgejo Secrets", "zot-ci-api")


def args(**changed: Any) -> RegistryCredentialArgs:
    """The least that a credential needs, and what is changed in it."""
    least: dict[str, Any] = {"zot_url": "https://r.example.test", "username": "ci", "store": STORE}
    return RegistryCredentialArgs(**(least | changed))


def test_the_least_is_a_registry_a_name_and_a_field() -> None:
    """The rest has defaults, the same as in the settings."""
    least = args()

    assert least.places == [Place.field("blumeops", "Forgejo Secrets", "zot-ci-api")]
    assert (least.account.policy.rotate_after_days, least.account.policy.expire_after_days) == (90.0, 120.0)
    assert least.account.policy.rights == {"create"}


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


def test_what_another_resource_will_tell_is_not_checked() -> None:
    """It is not known yet."""

    async def take() -> None:
        later: pulumi.Output[str] = pulumi.Output.from_input("anything")

        taken = args(zot_url=later, rotation=later, probe_repository=later, secrets=[SecretArgs(later, "KEY", "a/b")])

        assert taken.zot_url is later
        await later.future()

    # In a loop of its own, which ends: an output lives in one, and the SDK keeps count of those that are not done.
    asyncio.run(take())


def test_settings_become_the_same_arguments() -> None:
    """The program of this project has no other way in."""
    canary = {"workflow": "canary.yaml"}
    settings = load(
        given(
            {
                "authentik": {"url": "https://sso.example.test", "token": "op://v/sso/token"},
                "zot": {"url": "https://r.example.test", "probeRepository": "all/probe", "probeTag": "v1"},
                "forgejo": {"url": FORGE},
                "forgejoServers": {"codeberg": {"url": "https://c.example.test", "token": "op://v/c/token"}},
                "onepassword": {"access": "cli"},
                "accounts": [
                    {
                        "username": "ci",
                        "groups": ["ci"],
                        "rights": ["create", "update"],
                        "exclusive": True,
                        "rotation": "again",
                        "onepassword": [dataclasses.asdict(STORE), {"vault": "v", "item": "i", "field": "f"}],
                        "forgejo": [
                            {"repository": "a/b", "secret": "key", "canary": canary},
                            {"server": "codeberg", "organization": "o", "secret": "KEY"},
                        ],
                    },
                    {
                        "username": "own",
                        "probeRepository": "own/probe",
                        "onepassword": dataclasses.asdict(STORE) | {"field": "x"},
                    },
                ],
            }
        )
    )

    ci, own = (RegistryCredentialArgs.of(settings, account) for account in settings.accounts)

    assert ci == args(
        authentik_url="https://sso.example.test",
        authentik_token="op://v/sso/token",
        groups=["ci"],
        rights=["create", "update"],
        probe_repository="all/probe",
        probe_tag="v1",
        exclusive=True,
        rotation="again",
        onepassword_access="cli",
        copies=[FieldArgs("v", "i", "f")],
        secrets=[
            SecretArgs(FORGE, "KEY", repository="a/b", canary=CanaryArgs("canary.yaml")),
            SecretArgs("https://c.example.test", "KEY", None, "o", "codeberg", "op://v/c/token"),
        ],
    )
    assert ci.places == settings.accounts[0].places
    # The registry's tag is one of the registry's repository.
    assert (own.probe_repository, own.probe_tag, own.groups) == ("own/probe", None, None)


def _library() -> str:
    return (ROOT / "docs/library.md").read_text(encoding="utf-8")


def test_the_table_of_the_arguments_is_right() -> None:
    """Every argument is there once, by its default, and nothing else is."""
    rows = re.findall(r"^\| ([^|]+) \| (`\w+`[^|]*) \|$", _library(), re.MULTILINE)
    named = [(name, default.strip("`")) for default, names in rows for name in re.findall(r"`(\w+)`", names)]
    shown = {name: json.loads(re.sub(r"(\w[\w-]*)", r'"\1"', default)) for name, default in named}
    fields = [one for one in dataclasses.fields(RegistryCredentialArgs) if one.init]

    def written(default: Any) -> Any:
        if default is dataclasses.MISSING:
            return "required"
        if default in (None, ()):
            return "none"
        if isinstance(default, bool):
            return str(default).lower()
        return (
            list(default) if isinstance(default, tuple) else f"{default:g}" if isinstance(default, float) else default
        )

    assert len(shown) == len(named)
    assert shown == {one.name: written(one.default) for one in fields}


def test_the_arguments_that_may_be_outputs_are_named() -> None:
    """All of them, and no other: a program that gives an output elsewhere fails."""
    (named,) = re.findall(r"^These may be outputs of other resources: (.*?)\.", _library(), re.MULTILINE | re.DOTALL)
    inputs = {one.name for one in dataclasses.fields(RegistryCredentialArgs) if "pulumi.Input" in str(one.type)}

    assert inputs
    assert set(re.findall(r"`(\w+)`", named)) == inputs
