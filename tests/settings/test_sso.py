"""
The settings of single sign-on: what is taken for granted, and each fault in one line, with the key's path.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.messages import assert_names
from tests.settings.given import SSO, config
from zot_ci.settings.model import SettingsError, load


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
    ("sso", "facts"),
    [
        ({}, [("sso.groups", "missing"), ("sso.vault", "missing"), ("sso.item", "missing")]),
        (SSO | {"grupos": []}, [("sso.grupos", "not a setting", "groups")]),
        (SSO | {"groups": []}, [("sso.groups", "empty")]),
        (SSO | {"application": "my app"}, [("sso.application", "letters", "digits", "_", "-")]),
        (SSO | {"groups": ["ci", "ci"]}, [("sso", "groups", "admins", "once")]),
        (SSO | {"groups": ["admins"]}, [("sso", "groups", "admins", "once")]),
        (SSO | {"import": {"provider": 7}}, [("sso.import.provider", "text")]),
        (SSO | {"import": {"groups": {"ci": 7}}}, [("sso.import.groups.ci", "text")]),
        (SSO | {"import": {"item": "x"}}, [("sso.import.item", "vaults/<vault id>/items/<item id>")]),
        (
            SSO | {"import": {"groups": {"admins": "a"}, "bindings": {"ci": "b"}}},
            [("sso", "import.bindings names ci", "import.groups names admins")],
        ),
        (
            SSO | {"import": {"users": {}}},
            [("sso.import.users", "not a setting", "provider", "application", "groups", "bindings", "item")],
        ),
    ],
)
def test_a_fault_of_single_sign_on_is_told_by_its_key(sso: dict[str, Any], facts: list[tuple[str, ...]]) -> None:
    """All at once, as everywhere."""
    lines = _faults(config(sso))

    assert [line.split()[0] for line in lines] == [f"zot-ci:{place}" for place, *_ in facts]
    for line, (_, *words) in zip(lines, facts, strict=True):
        assert_names(line.partition(" ")[2], *words)


def test_single_sign_on_without_authentik_is_refused() -> None:
    """The account may be somebody else's, but the application is made in authentik."""
    stack = config(SSO, groups=None)
    del stack["zot-ci:authentik"]

    [line] = _faults(stack)
    assert_names(line, "zot-ci:", "authentik is missing", "sso")


def test_a_name_that_zot_does_not_know_is_refused_with_single_sign_on() -> None:
    """zot's own list: google, gitlab and oidc; only the last is for a provider of one's own."""
    stack = config(SSO) | {"zot-ci:zot": json.dumps({"url": "https://registry.example.test", "oidcProvider": "sso"})}

    [line] = _faults(stack)
    assert_names(line, "zot-ci:", "zot.oidcProvider", "must be oidc")
