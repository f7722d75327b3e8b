"""
The fragment of zot's configuration, and what is said where single sign-on cannot be made.
"""

from __future__ import annotations

import importlib
import json
import sys

import pulumi
import pytest

from tests.messages import assert_names
from tests.settings.given import SSO, config
from zot_ci import load
from zot_ci.zot.configuration import zot_configuration


def test_the_configuration_has_three_tiers_and_no_secret() -> None:
    """Anonymous and other people read, CI also creates, admins do all; zot reads the client's secret from a file."""
    http = json.loads(zot_configuration(load(config(SSO))))["http"]

    assert http["externalUrl"] == "https://registry.example.test"
    assert http["auth"] == {
        "apikey": True,
        "openid": {
            "providers": {
                "oidc": {
                    "name": "authentik",
                    "issuer": "https://authentik.example.test/application/o/zot/",
                    "credentialsFile": "/etc/zot/oidc-credentials.json",
                    "scopes": ["openid", "email", "profile"],
                    "claimMapping": {"username": "preferred_username", "groups": "groups"},
                }
            }
        },
    }
    assert http["accessControl"] == {
        "repositories": {
            "**": {
                "anonymousPolicy": ["read"],
                "defaultPolicy": ["read"],
                "policies": [{"groups": ["artifact-workloads"], "actions": ["read", "create"]}],
            }
        },
        "adminPolicy": {"groups": ["admins"], "actions": ["read", "create", "update", "delete"]},
    }


def test_a_group_is_allowed_what_its_accounts_are_expected_to_do() -> None:
    """Whoever takes the fragment gets keys that pass their test; a group that no account names creates."""
    sso = SSO | {"groups": ["artifact-workloads", "ci-talos", "later"]}
    stack = config(sso, groups=["ci-talos"], rights=["delete", "create", "update"])

    http = json.loads(zot_configuration(load(stack)))["http"]

    assert http["accessControl"]["repositories"]["**"]["policies"] == [
        {"groups": ["artifact-workloads", "later"], "actions": ["read", "create"]},
        {"groups": ["ci-talos"], "actions": ["read", "create", "update", "delete"]},
    ]


def test_there_is_no_configuration_without_single_sign_on() -> None:
    """It could not name a client."""
    assert zot_configuration(load(config())) == ""


@pytest.mark.parametrize("package", ["pulumi_authentik", "pulumi_onepassword"])
def test_a_missing_package_is_one_line_that_says_how_to_get_it(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether or not the extra is installed here."""
    monkeypatch.delitem(sys.modules, "zot_ci.registry_sso", raising=False)
    monkeypatch.setitem(sys.modules, "pulumi_authentik", type(sys)("pulumi_authentik"))
    monkeypatch.setitem(sys.modules, package, None)

    with pytest.raises(pulumi.RunError) as raised:
        importlib.import_module("zot_ci.registry_sso")

    assert_names(raised.value, "zot-ci:sso", package, "install this project's extra sso")
