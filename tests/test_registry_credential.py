"""
The graph that the engine gets, under Pulumi's mocks: who is whose child, who waits for whom, and what is secret.

What is declared at all is in `test_program.py`.
"""

from __future__ import annotations

import asyncio
import base64
import importlib
import json
import runpy
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
import pytest
from google.protobuf import json_format  # type: ignore[import-untyped]  # comes with pulumi, without types
from pulumi.runtime import mocks, settings
from pulumi.runtime.rpc import _special_secret_sig, _special_sig_key
from pulumi.runtime.stack import run_pulumi_func

ROOT = Path(__file__).resolve().parents[1]
KEY = "zak_5ec7e75ec7e75ec7e75ec7e75ec7e75e"
ACCOUNT: Mapping[str, Any] = {
    "username": "zot-ci",
    "groups": ["artifact-workloads"],
    "onepassword": {"vault": "blumeops", "item": "Forgejo Secrets", "field": "zot-ci-api"},
    "forgejo": [{"repository": f"eblume/{name}", "secret": "ZOT_CI_API_KEY"} for name in ("blumeops", "other")],
}
CONFIG: Mapping[str, Any] = {
    "zot-ci:authentik": {"url": "https://authentik.example.test"},
    "zot-ci:zot": {"url": "https://registry.example.test"},
    "zot-ci:forgejo": {"url": "https://forge.example.test"},
    "zot-ci:accounts": [ACCOUNT],
}
# What the key's provider would have found.
FOUND: Mapping[str, Any] = {
    "uuid": "the-uuid",
    "api_key": KEY,
    "created_at": "2026-11-24T04:09:53+00:00",
    "expires_at": "2027-03-24T04:09:53+00:00",
    "last_used": "2026-11-24",
    "access": "can create, cannot delete",
    "other_keys": ["theirs"],
}
DYNAMIC = "pulumi-python:dynamic/"


class Providers(mocks.Mocks):
    """Answer as the providers do: the inputs, and what was found."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        """Return id and outputs."""
        return f"{args.name}-id", {**args.inputs, **(FOUND if args.typ == f"{DYNAMIC}zot:ApiKey" else {})}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], None]:
        """Answer no function."""
        raise AssertionError(args.token)


@dataclass
class Registered:
    """One resource as the program registered it."""

    type: str
    name: str
    urn: str
    parent: str
    inputs: dict[str, Any]
    secret_outputs: set[str]
    dependencies: set[str]
    hidden: list[str]

    @property
    def kind(self) -> str:
        """The class of the resource."""
        return self.type.rpartition(":")[2]

    @property
    def secret_inputs(self) -> set[str]:
        """The names of the inputs that are secret; the provider's own pickle always is."""
        values = self.inputs.items()
        secret = {name for name, value in values if isinstance(value, dict) and value.get(_special_sig_key)}
        return secret - {"__provider"}


class Monitor(mocks.MockMonitor):
    """Keep what is registered, and mark as secret what a resource says of its outputs, as the engine does."""

    def __init__(self) -> None:
        super().__init__(Providers())
        self.registered: list[Registered] = []

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        """Register as the mock monitor does."""
        response = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        if request.type == "pulumi:pulumi:Stack":
            return response
        registered = Registered(
            type=request.type,
            name=request.name,
            urn=response.urn,
            parent=request.parent,
            inputs=json_format.MessageToDict(request.object),
            secret_outputs=set(request.additionalSecretOutputs),
            dependencies=set(request.dependencies),
            hidden=list(request.hideDiffs),
        )
        self.registered.append(registered)
        plain = json_format.MessageToDict(response.object)
        for name in registered.secret_outputs & set(plain):
            response.object[name] = {_special_sig_key: _special_secret_sig, "value": plain[name]}
        return response


@dataclass
class Ran:
    """What one run of the program has registered and put out."""

    registered: list[Registered]
    outputs: dict[str, Any] = field(default_factory=dict)
    secret_outputs: bool = False

    def of(self, kind: str) -> list[Registered]:
        """The resources of one class."""
        return [one for one in self.registered if one.kind == kind]


def run(config: Mapping[str, Any] = CONFIG, *, preview: bool = False, stack: str = "test") -> Ran:
    """Run `__main__.py` on that configuration."""
    monitor = Monitor()
    settings.set_root_resource(None)  # type: ignore[arg-type]
    mocks.set_mocks(Providers(), "zot-ci", stack, preview, monitor=monitor)
    pulumi.runtime.set_all_config({name: json.dumps(value) for name, value in config.items()})
    ran = Ran(monitor.registered)

    async def program() -> None:
        runpy.run_path(str(ROOT / "__main__.py"))
        root: Any = settings.get_root_resource()
        for name, value in root.outputs.items():
            output = pulumi.Output.from_input(value)
            ran.outputs[name] = await output.future()
            ran.secret_outputs |= await output.is_secret()

    asyncio.get_event_loop().run_until_complete(run_pulumi_func(program))
    return ran


@pytest.fixture(autouse=True)
def _own_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The program sets a signal handler, and the SDK opens event loops in its threads that it never closes."""
    before = signal.getsignal(signal.SIGINT)
    loops: list[asyncio.AbstractEventLoop] = []
    make = asyncio.new_event_loop

    def remembered() -> asyncio.AbstractEventLoop:
        loops.append(make())
        return loops[-1]

    monkeypatch.setattr(asyncio, "new_event_loop", remembered)
    asyncio.set_event_loop(asyncio.new_event_loop())
    yield
    settings.set_root_resource(None)  # type: ignore[arg-type]
    asyncio.set_event_loop(None)
    for loop in loops:
        loop.close()
    signal.signal(signal.SIGINT, before)


def with_(**account: Any) -> dict[str, Any]:
    """The configuration with other settings of the account; None leaves one out."""
    changed = {name: value for name, value in {**ACCOUNT, **account}.items() if value is not None}
    return {**CONFIG, "zot-ci:accounts": [changed]}


def test_every_resource_is_the_credential_s_child() -> None:
    """The component is in every URN."""
    ran = run()
    [component] = ran.of("RegistryCredential")

    assert component.parent.endswith("::pulumi:pulumi:Stack::zot-ci-test")
    assert {one.parent for one in ran.registered if one is not component} == {component.urn}


@pytest.mark.parametrize(
    ("module", "provider", "resource", "type_"),
    [
        (
            "components.authentik.service_account",
            "ServiceAccountProvider",
            "ServiceAccount",
            "authentik:ServiceAccount",
        ),
        ("components.zot.api_key", "ApiKeyProvider", "ApiKey", "zot:ApiKey"),
        ("components.onepassword.item_field", "ItemFieldProvider", "ItemField", "onepassword:ItemField"),
        ("components.forgejo.actions_secret", "ActionsSecretProvider", "ActionsSecret", "forgejo:ActionsSecret"),
        ("components.zot.retired_keys", "RetiredKeysProvider", "RetiredKeys", "zot:RetiredKeys"),
    ],
)
def test_a_provider_stays_where_the_state_finds_it(module: str, provider: str, resource: str, type_: str) -> None:
    """The state holds the pickled import path: a move would break refresh and destroy of every stack."""
    registered = run().of(resource)
    [pickled] = {one.inputs["__provider"]["value"] for one in registered}

    assert {one.type for one in registered} == {f"{DYNAMIC}{type_}"}
    found = importlib.import_module(module)
    assert [getattr(found, name).__module__ for name in (provider, resource)] == [module, module]
    decoded = base64.b64decode(pickled)
    assert module.encode() in decoded
    assert provider.encode() in decoded


@pytest.mark.parametrize(
    ("resource", "inputs", "outputs"),
    [
        ("ServiceAccount", set(), set()),
        ("ApiKey", set(), {"api_key"}),
        ("ItemField", {"value"}, {"value"}),
        ("ActionsSecret", {"value"}, {"value"}),
        ("RetiredKeys", {"api_key"}, {"api_key"}),
    ],
)
def test_the_key_is_secret_wherever_it_goes(resource: str, inputs: set[str], outputs: set[str]) -> None:
    """An output is secret only if it says so; else it is in the state in plain text, and on screen."""
    for one in run().of(resource):
        assert outputs <= one.secret_outputs
        assert one.secret_inputs == inputs
        assert KEY not in json.dumps({name: value for name, value in one.inputs.items() if name not in inputs})


def test_the_outputs_are_shown_and_hold_no_secret() -> None:
    """One secret part would hide them all."""
    ran = run()

    assert not ran.secret_outputs
    assert KEY not in json.dumps(ran.outputs)
    assert set(ran.outputs["accounts"]["zot-ci"]) == {
        "label",
        "uuid",
        "created",
        "rotates_on",
        "expires_on",
        "last_used",
        "access",
        "published_to",
        "other_keys",
        "onepassword_via",
        "still_used",
    }


def test_a_key_is_stored_then_published_and_only_then_others_end() -> None:
    """The promise of the order, as the engine is told."""
    ran = run(with_(onepassword=[ACCOUNT["onepassword"], {"vault": "v", "item": "i", "field": "copy"}]))
    urns = {one.urn: one for one in ran.registered}
    after = {one.urn: {urns[urn].name for urn in one.dependencies if urn in urns} for one in ran.registered}
    fields, secrets = ({one.name for one in ran.of(kind)} for kind in ("ItemField", "ActionsSecret"))
    [key], [sweep] = ran.of("ApiKey"), ran.of("RetiredKeys")

    assert after[key.urn] == {"zot-ci-service-account"}
    assert all("zot-ci-api-key" in after[one.urn] for one in ran.of("ItemField"))
    assert all(fields <= after[one.urn] for one in ran.of("ActionsSecret"))
    assert fields | secrets | {"zot-ci-api-key"} <= after[sweep.urn]
    assert (len(fields), len(secrets)) == (2, 2)


def test_a_label_names_stack_and_account() -> None:
    """Two stacks at one registry must not sweep each other's keys."""
    labels = [run(stack=stack).of("ApiKey")[0].inputs["label"] for stack in ("a", "b")]

    assert labels == ["zot-ci/a/zot-ci", "zot-ci/b/zot-ci"]


@pytest.mark.parametrize("preview", [True, False])
def test_only_a_real_up_publishes_again(preview: bool) -> None:
    """And no preview shows that input."""
    for one in run(preview=preview).of("ActionsSecret"):
        assert one.inputs["publish"] is not preview
        assert one.hidden == ["publish"]


def test_an_account_without_groups_is_somebody_else_s() -> None:
    """Only its key is kept."""
    ran = run(with_(groups=None))

    assert ran.of("ServiceAccount") == []
    assert ran.of("ApiKey")[0].inputs["username"] == "zot-ci"


def test_a_paused_rotation_is_said_in_the_outputs() -> None:
    """There is no day then."""
    ran = run(with_(rotateAfterDays=0))

    assert ran.outputs["accounts"]["zot-ci"]["rotates_on"] == "never: rotation is paused"
