"""
What the program registers, under Pulumi's mocks: the graph, its options, and what is secret.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks

from tests.messages import assert_names
from tests.mocks import Monitor, Ran, Registered, run
from tests.settings.given import IMPORT, SSO, config
from tests.sso.plugin import LOOKUPS, SCOPE_LOOKUP, SCOPES

pytest.importorskip("pulumi_authentik", reason="the extra `sso` is not installed here: `make test-sso`")

CLIENT_SECRET = "made-by-authentik"

Program = Callable[[dict[str, str]], Ran]


class _Answers(mocks.Mocks):
    """
    The vendors' servers: ids, the client's secret, and what is looked up.
    """

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        made: dict[str, Any] = {"uuid": f"uuid of {args.name}"}
        if args.typ.endswith(":ProviderOauth2"):
            made["clientSecret"] = CLIENT_SECRET
        if args.typ.endswith(":ApiKey"):
            made |= {"created_at": "2026-11-24T11:00:00+00:00", "expires_at": "2027-03-24T11:00:00+00:00"}
        return "7" if args.name.endswith("-provider") else f"id of {args.name}", args.inputs | made

    def call(self, args: mocks.MockCallArgs) -> dict[str, Any]:  # type: ignore[override]  # failures are optional
        if args.token == SCOPE_LOOKUP:
            return {"ids": [SCOPES[managed] for managed in args.args["managedLists"]]}
        return LOOKUPS[args.token][args.args.get("slug") or args.args["name"]]


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Program:
    """
    The program itself, to run on a configuration, with the vendors' packages and what they read from the environment.
    """
    monkeypatch.setenv("AUTHENTIK_URL", "https://authentik.example.test/")
    monkeypatch.setenv("AUTHENTIK_TOKEN", "a token of nobody")
    monkeypatch.setattr(pulumi.runtime.settings, "_sync_monitor_supports_parameterization", lambda: True)
    monkeypatch.delitem(sys.modules, "zot_ci.registry_sso", raising=False)
    return lambda configuration: run(configuration, monitor=Monitor(_Answers()))


def _children(ran: Ran) -> dict[str, Registered]:
    return {one.name: one for one in ran.registered if one.name.startswith("registry-sso-")}


def test_the_application_is_made_of_groups_provider_bindings_and_an_item(program: Program) -> None:
    """Seven inputs decide whether a login works; the names are the resources' identity in every state."""
    ran = program(config(SSO))
    provider = ran.named("registry-sso-provider").inputs

    assert sorted(_children(ran)) == [
        "registry-sso-application",
        "registry-sso-binding-admins",
        "registry-sso-binding-artifact-workloads",
        "registry-sso-group-artifact-workloads",
        "registry-sso-item",
        "registry-sso-provider",
    ]
    assert ran.named("registry-sso").type == "zot-ci:index:RegistrySso"
    assert provider["allowedRedirectUris"] == [
        {"matching_mode": "strict", "url": "https://registry.example.test/zot/auth/callback/oidc"}
    ]
    assert provider["authorizationFlow"] == "flow-implicit"
    assert provider["invalidationFlow"] == "flow-invalidation"
    assert provider["propertyMappings"] == ["scope-openid", "scope-email", "scope-profile"]
    assert provider["signingKey"] == "key-self-signed"
    assert provider["subMode"] == "user_username"
    assert provider["issuerMode"] == "per_provider"
    assert ran.named("registry-sso-application").inputs["protocolProvider"] == 7


def test_admins_and_every_ci_group_may_use_the_application(program: Program) -> None:
    """The group of admins is looked up, never made."""
    ran = program(config(SSO | {"groups": ["artifact-workloads", "nightly"]}))
    bindings = {one.name: one.inputs for one in ran.registered if "-binding-" in one.name}

    assert {name: binding["group"] for name, binding in bindings.items()} == {
        "registry-sso-binding-admins": "group-admins",
        "registry-sso-binding-artifact-workloads": "id of registry-sso-group-artifact-workloads",
        "registry-sso-binding-nightly": "id of registry-sso-group-nightly",
    }
    assert {binding["target"] for binding in bindings.values()} == {"uuid of registry-sso-application"}


def test_all_of_it_is_protected_and_kept_and_none_of_it_is_imported_unasked(program: Program) -> None:
    """People sign in by it."""
    children = _children(program(config(SSO)))

    assert {(one.request.protect, one.request.retainOnDelete) for one in children.values()} == {(True, True)}
    assert {one.request.importId for one in children.values()} == {""}


def test_what_is_named_for_import_is_imported_by_its_id(program: Program) -> None:
    """Each resource by the id that its vendor's provider imports it by."""
    children = _children(program(config(SSO | {"import": IMPORT})))

    assert {name.removeprefix("registry-sso-"): one.request.importId for name, one in children.items()} == {
        "provider": "41",
        "application": "zot",
        "group-artifact-workloads": "the-group",
        "binding-admins": "for-admins",
        "binding-artifact-workloads": "for-ci",
        "item": f"vaults/{'v' * 26}/items/{'i' * 26}",
    }


def test_what_belongs_to_others_is_left_alone(program: Program) -> None:
    """Otherwise adopting a group would empty it, since its people are no setting."""
    ran = program(config(SSO))

    assert "users" in ran.named("registry-sso-group-artifact-workloads").request.ignoreChanges
    assert "metaIcon" in ran.named("registry-sso-application").request.ignoreChanges
    assert "accessTokenValidity" in ran.named("registry-sso-provider").request.ignoreChanges


def test_the_client_s_secret_is_a_secret_wherever_it_goes(program: Program) -> None:
    """authentik makes it: no input and no setting has it."""
    ran = program(config(SSO))
    provider, item = ran.named("registry-sso-provider"), ran.named("registry-sso-item")

    assert "clientSecret" not in provider.inputs
    assert "clientSecret" in provider.secret_outputs
    assert item.inputs["password"] == CLIENT_SECRET
    assert "password" in item.secret_inputs & item.secret_outputs


def test_no_provider_is_made_that_would_keep_its_token_in_the_state(program: Program) -> None:
    """The engine's default providers sign in by the environment."""
    ran = program(config(SSO))

    assert [one.name for one in ran.registered if one.type.startswith("pulumi:providers:")] == []
    assert {one.request.provider for one in _children(ran).values()} == {""}


def test_an_account_waits_for_group_and_application(program: Program) -> None:
    """Its login needs both."""
    ran = program(config(SSO))
    awaited = {urn.rpartition("::")[2] for urn in ran.named("zot-ci").request.dependencies}

    assert awaited == set(_children(ran))


def test_a_vault_s_id_is_taken_as_it_is_and_a_name_is_looked_up(program: Program) -> None:
    """pulumi-onepassword knows vaults by id only."""
    by_name = program(config(SSO)).named("registry-sso-item")
    by_id = program(config(SSO | {"vault": "w" * 26})).named("registry-sso-item")

    assert by_name.inputs["vault"] == "v" * 26
    assert by_id.inputs["vault"] == "w" * 26


def test_without_the_setting_nothing_is_made_and_no_package_is_imported(program: Program) -> None:
    """The two packages are an extra."""
    ran = program(config())

    assert [one.name for one in ran.registered if "sso" in one.name] == []
    assert {one.type.partition(":")[0] for one in ran.registered} == {"pulumi-python", "zot-ci"}
    assert "zot_ci.registry_sso" not in sys.modules


@pytest.mark.parametrize("url", ["", "https://other.example.test"], ids=["not set", "another server"])
def test_a_variable_that_names_another_server_is_refused(
    program: Program, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pulumi-authentik would make the application there."""
    monkeypatch.setenv("AUTHENTIK_URL", url)

    with pytest.raises(pulumi.RunError) as raised:
        program(config(SSO))

    assert_names(raised.value, "zot-ci:sso", "AUTHENTIK_URL", "https://authentik.example.test")


def test_a_token_that_is_only_a_reference_is_refused(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """pulumi-authentik knows no references, and would say no more than that it has no token."""
    monkeypatch.delenv("AUTHENTIK_TOKEN")

    with pytest.raises(pulumi.RunError) as raised:
        program(config(SSO))

    assert_names(raised.value, "zot-ci:sso", "AUTHENTIK_TOKEN")
