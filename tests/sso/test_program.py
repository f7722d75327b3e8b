"""
What the program registers, under Pulumi's mocks: the graph, its options, and what is secret.
"""

from __future__ import annotations

import asyncio
import gc
import runpy
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pulumi
import pytest
from google.protobuf.json_format import MessageToDict  # type: ignore[import-untyped]  # comes with pulumi, without types
from pulumi.runtime import mocks, set_all_config

from tests.engine.stack import ROOT
from tests.settings.given import IMPORT, SSO, config
from tests.sso.plugin import LOOKUPS, SCOPE_LOOKUP, SCOPES

pytest.importorskip("pulumi_authentik", reason="the extra `sso` is not installed here: `make test-sso`")

# Under mocks the SDK opens an event loop in each of its threads and closes none.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

# How the protocol marks a secret value.
_SIGNATURE, _SECRET = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"
CLIENT_SECRET = "made-by-authentik"

Registered = dict[str, Any]
Program = Callable[[dict[str, str]], Registered]


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


class _Monitor(mocks.MockMonitor):
    """
    Mocks see no options; the requests to register have them.
    """

    def __init__(self) -> None:
        super().__init__(_Answers())
        self.registered: Registered = {}

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 -- the protocol's name
        self.registered[request.name] = request
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Iterator[Program]:
    """
    The program itself, run on a configuration: the requests by the resource's name.
    """
    monkeypatch.setenv("AUTHENTIK_URL", "https://authentik.example.test/")
    monkeypatch.setenv("AUTHENTIK_TOKEN", "a token of nobody")
    monkeypatch.setattr(pulumi.runtime.settings, "_sync_monitor_supports_parameterization", lambda: True)
    monkeypatch.delitem(sys.modules, "components.registry_sso", raising=False)

    def run(configuration: dict[str, str]) -> Registered:
        monitor = _Monitor()

        async def declare() -> None:
            runpy.run_path(str(ROOT / "__main__.py"))

        async def run_it() -> None:
            # All in one event loop, which is closed at the end: the SDK would leave others open.
            mocks.set_mocks(_Answers(), project="zot-ci", stack="test", monitor=monitor)
            set_all_config(configuration)
            await pulumi.runtime.stack.run_pulumi_func(declare)

        asyncio.run(run_it())
        return monitor.registered

    interrupted = signal.getsignal(signal.SIGINT)
    yield run
    # The program sets its own.
    signal.signal(signal.SIGINT, interrupted)
    # What the SDK left is collected here, where its warnings are expected.
    gc.collect()


def _inputs(request: Any) -> dict[str, Any]:
    inputs: dict[str, Any] = MessageToDict(request.object)
    return inputs


def _children(registered: Registered) -> Registered:
    return {name: request for name, request in registered.items() if name.startswith("registry-sso-")}


def test_the_application_is_made_of_groups_provider_bindings_and_an_item(program: Program) -> None:
    """Seven inputs decide whether a login works; the names are the resources' identity in every state."""
    registered = program(config(SSO))
    provider = _inputs(registered["registry-sso-provider"])

    assert sorted(_children(registered)) == [
        "registry-sso-application",
        "registry-sso-binding-admins",
        "registry-sso-binding-artifact-workloads",
        "registry-sso-group-artifact-workloads",
        "registry-sso-item",
        "registry-sso-provider",
    ]
    assert registered["registry-sso"].type == "zot-ci:index:RegistrySso"
    assert provider["allowedRedirectUris"] == [
        {"matching_mode": "strict", "url": "https://registry.example.test/zot/auth/callback/oidc"}
    ]
    assert provider["authorizationFlow"] == "flow-implicit"
    assert provider["invalidationFlow"] == "flow-invalidation"
    assert provider["propertyMappings"] == ["scope-openid", "scope-email", "scope-profile"]
    assert provider["signingKey"] == "key-self-signed"
    assert provider["subMode"] == "user_username"
    assert provider["issuerMode"] == "per_provider"
    assert _inputs(registered["registry-sso-application"])["protocolProvider"] == 7


def test_admins_and_every_ci_group_may_use_the_application(program: Program) -> None:
    """The group of admins is looked up, never made."""
    registered = program(config(SSO | {"groups": ["artifact-workloads", "nightly"]}))
    bindings = {name: _inputs(request) for name, request in registered.items() if "-binding-" in name}

    assert {name: binding["group"] for name, binding in bindings.items()} == {
        "registry-sso-binding-admins": "group-admins",
        "registry-sso-binding-artifact-workloads": "id of registry-sso-group-artifact-workloads",
        "registry-sso-binding-nightly": "id of registry-sso-group-nightly",
    }
    assert {binding["target"] for binding in bindings.values()} == {"uuid of registry-sso-application"}


def test_all_of_it_is_protected_and_kept_and_none_of_it_is_imported_unasked(program: Program) -> None:
    """People sign in by it."""
    children = _children(program(config(SSO)))

    assert {(request.protect, request.retainOnDelete) for request in children.values()} == {(True, True)}
    assert {request.importId for request in children.values()} == {""}


def test_what_is_named_for_import_is_imported_by_its_id(program: Program) -> None:
    """Each resource by the id that its vendor's provider imports it by."""
    children = _children(program(config(SSO | {"import": IMPORT})))

    assert {name.removeprefix("registry-sso-"): request.importId for name, request in children.items()} == {
        "provider": "41",
        "application": "zot",
        "group-artifact-workloads": "the-group",
        "binding-admins": "for-admins",
        "binding-artifact-workloads": "for-ci",
        "item": f"vaults/{'v' * 26}/items/{'i' * 26}",
    }


def test_what_belongs_to_others_is_left_alone(program: Program) -> None:
    """Otherwise adopting a group would empty it, since its people are no setting."""
    registered = program(config(SSO))

    assert "users" in registered["registry-sso-group-artifact-workloads"].ignoreChanges
    assert "metaIcon" in registered["registry-sso-application"].ignoreChanges
    assert "accessTokenValidity" in registered["registry-sso-provider"].ignoreChanges


def test_the_client_s_secret_is_a_secret_wherever_it_goes(program: Program) -> None:
    """authentik makes it: no input and no setting has it."""
    registered = program(config(SSO))
    password = _inputs(registered["registry-sso-item"])["password"]

    assert "clientSecret" not in _inputs(registered["registry-sso-provider"])
    assert "clientSecret" in registered["registry-sso-provider"].additionalSecretOutputs
    assert password == {_SIGNATURE: _SECRET, "value": CLIENT_SECRET}
    assert "password" in registered["registry-sso-item"].additionalSecretOutputs


def test_no_provider_is_made_that_would_keep_its_token_in_the_state(program: Program) -> None:
    """The engine's default providers sign in by the environment."""
    registered = program(config(SSO))

    assert [name for name, request in registered.items() if request.type.startswith("pulumi:providers:")] == []
    assert {request.provider for request in _children(registered).values()} == {""}


def test_an_account_waits_for_group_and_application(program: Program) -> None:
    """Its login needs both."""
    registered = program(config(SSO))
    awaited = {urn.rpartition("::")[2] for urn in registered["zot-ci"].dependencies}

    assert awaited == set(_children(registered))


def test_a_vault_s_id_is_taken_as_it_is_and_a_name_is_looked_up(program: Program) -> None:
    """pulumi-onepassword knows vaults by id only."""
    by_name = program(config(SSO))["registry-sso-item"]
    by_id = program(config(SSO | {"vault": "w" * 26}))["registry-sso-item"]

    assert _inputs(by_name)["vault"] == "v" * 26
    assert _inputs(by_id)["vault"] == "w" * 26


def test_without_the_setting_nothing_is_made_and_no_package_is_imported(program: Program) -> None:
    """The two packages are an extra."""
    registered = program(config())

    assert {name for name in registered if "sso" in name} == set()
    packages = {request.type.partition(":")[0] for request in registered.values()}
    assert packages - {"pulumi"} == {"pulumi-python", "zot-ci"}
    assert "components.registry_sso" not in sys.modules


@pytest.mark.parametrize("url", ["", "https://other.example.test"], ids=["not set", "another server"])
def test_a_variable_that_names_another_server_is_refused(
    program: Program, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pulumi-authentik would make the application there."""
    monkeypatch.setenv("AUTHENTIK_URL", url)

    with pytest.raises(pulumi.RunError) as raised:
        program(config(SSO))

    assert str(raised.value) == (
        "zot-ci:sso needs AUTHENTIK_URL, from which pulumi-authentik takes its server: "
        "set it to https://authentik.example.test"
    )


def test_a_token_that_is_only_a_reference_is_refused(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """pulumi-authentik knows no references, and would say no more than that it has no token."""
    monkeypatch.delenv("AUTHENTIK_TOKEN")

    with pytest.raises(pulumi.RunError) as raised:
        program(config(SSO))

    assert str(raised.value).startswith("zot-ci:sso needs AUTHENTIK_TOKEN, which pulumi-authentik signs in with")
