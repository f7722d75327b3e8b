"""
The settings of single sign-on: what is taken for granted, and each fault in one line, with the key's path.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.settings.model import SettingsError, load
from tests.settings.given import SSO, config


def _faults(stack: dict[str, str]) -> list[str]:
    with pytest.raises(SettingsError) as raised:
        load(stack)
    return [line.strip() for line in str(raised.value).splitlines()[1:]]


def test_single_sign_on_is_off_unless_it_is_asked_for() -> None:
    """Nobody's group or application is made by chance."""
    assert load(config()).sso is None


def test_single_sign_on_needs_groups_and_an_item_only() -> None:
    """The rest is the reference deployment's."""
    sso = load(config(SSO)).sso

    assert sso is not None
    assert (sso.application, sso.name, sso.client_id, sso.admins) == ("zot", "Zot", "zot", "admins")
    assert sso.ids_of_groups == sso.ids_of_bindings == {}


@pytest.mark.parametrize(
    ("sso", "faults"),
    [
        ({}, ["zot-ci:sso.groups is missing", "zot-ci:sso.vault is missing", "zot-ci:sso.item is missing"]),
        (SSO | {"grupos": []}, ["zot-ci:sso.grupos is not a setting; did you mean groups?"]),
        (SSO | {"groups": []}, ["zot-ci:sso.groups must not be empty"]),
        (SSO | {"application": "my app"}, ["zot-ci:sso.application must be letters, digits, _ and -"]),
        (SSO | {"groups": ["ci", "ci"]}, ["zot-ci:sso groups and admins must name each group once"]),
        (SSO | {"groups": ["admins"]}, ["zot-ci:sso groups and admins must name each group once"]),
        (SSO | {"import": {"provider": 7}}, ["zot-ci:sso.import.provider must be text"]),
        (SSO | {"import": {"groups": {"ci": 7}}}, ["zot-ci:sso.import.groups.ci must be text"]),
        (SSO | {"import": {"item": "x"}}, ["zot-ci:sso.import.item must be vaults/<vault id>/items/<item id>"]),
        (
            SSO | {"import": {"groups": {"admins": "a"}, "bindings": {"ci": "b"}}},
            [
                "zot-ci:sso import.bindings names ci, which is not bound; "
                "import.groups names admins, which is not in groups"
            ],
        ),
        (SSO | {"import": {"users": {}}}, [
            "zot-ci:sso.import.users is not a setting; known here: provider, application, groups, bindings, item"
        ]),
    ],
)  # fmt: skip
def test_a_fault_of_single_sign_on_is_told_by_its_key(sso: dict[str, Any], faults: list[str]) -> None:
    """All at once, as everywhere."""
    assert _faults(config(sso)) == faults


def test_single_sign_on_without_authentik_is_refused() -> None:
    """The account may be somebody else's, but the application is made in authentik."""
    stack = config(SSO, groups=None)
    del stack["zot-ci:authentik"]

    assert _faults(stack) == ["zot-ci: authentik is missing, and sso makes the registry's application there"]


def test_a_name_that_zot_does_not_know_is_refused_with_single_sign_on() -> None:
    """zot's own list: google, gitlab and oidc; only the last is for a provider of one's own."""
    stack = config(SSO) | {"zot-ci:zot": json.dumps({"url": "https://registry.example.test", "oidcProvider": "sso"})}

    assert _faults(stack) == [
        "zot-ci: zot.oidcProvider must be oidc with sso: zot takes a provider of one's own by no other name"
    ]
