"""
The program under Pulumi's mocks: what it declares. No provider runs.
"""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pulumi
import pytest
from pulumi.runtime import config as engine_config
from pulumi.runtime import mocks, stack

PROGRAM = compile((Path(__file__).resolve().parents[1] / "__main__.py").read_text(), "__main__.py", "exec")
SECRET = "zak_0123456789abcdef0123456789abcdef"

ACCOUNT = {
    "username": "zot-ci",
    "groups": ["artifact-workloads"],
    "onepassword": {"vault": "blumeops", "item": "Forgejo Secrets", "field": "zot-ci-api"},
    "forgejo": [{"repository": "eblume/blumeops", "secret": "ZOT_CI_API_KEY"}],
}
CONFIG: dict[str, Any] = {
    "zot-ci:authentik": {"url": "https://authentik.example.test"},
    "zot-ci:zot": {"url": "https://registry.example.test"},
    "zot-ci:forgejo": {"url": "https://forge.example.test"},
    "zot-ci:accounts": [ACCOUNT],
}


class Engine(mocks.Mocks):
    """Takes every registration and answers it with what a provider would have found."""

    def __init__(self) -> None:
        self.registered: list[mocks.MockResourceArgs] = []

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        self.registered.append(args)
        found = {
            "uuid": "a-uuid",
            "api_key": SECRET,
            "created_at": "2026-11-24T00:00:00+00:00",
            "expires_at": "2027-03-24T00:00:00+00:00",
            "last_used": "2026-11-24",
            "access": "can create, cannot delete",
            "other_keys": [],
        }
        is_key = args.typ == "pulumi-python:dynamic/zot:ApiKey"
        return f"{args.name}-id", {**args.inputs, **(found if is_key else {})}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        return {}, None


# Under mocks the SDK opens an event loop in each of its threads and closes none.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture
def engine() -> Iterator[Engine]:
    """An engine that runs nothing, and whose leavings are collected before the next test."""
    yield Engine()
    gc.collect()


def declare(engine: Engine, config: dict[str, Any]) -> dict[str, Any]:
    """Run the program with a stack file's `config`, and return what it exports as plain values."""
    exported: dict[str, pulumi.Output[Any]] = {}

    async def program() -> None:
        with mock.patch.object(pulumi, "export", exported.__setitem__):
            exec(PROGRAM, {"__name__": "__main__"})  # noqa: S102 -- the program is a script, and this its one caller

    async def run() -> dict[str, Any]:
        # Everything in one event loop, which is closed at the end: the SDK would leave others open.
        pulumi.runtime.set_mocks(engine, project="zot-ci", stack="test", preview=False)
        engine_config.set_all_config({key: json.dumps(value) for key, value in config.items()})
        await stack.run_pulumi_func(program)
        return {name: await pulumi.Output.from_input(value).future() for name, value in exported.items()}

    return asyncio.run(run())


def test_the_names_in_every_state_are_these(engine: Engine) -> None:
    """Types, resource names and provider classes are a format: to change one is to break every stack."""
    declare(engine, CONFIG)

    declared = {args.name: args.typ for args in engine.registered}
    assert declared == {
        "zot-ci": "zot-ci:index:RegistryCredential",
        "zot-ci-service-account": "pulumi-python:dynamic/authentik:ServiceAccount",
        "zot-ci-api-key": "pulumi-python:dynamic/zot:ApiKey",
        "zot-ci-item-field": "pulumi-python:dynamic/onepassword:ItemField",
        "zot-ci-actions-secret-eblume/blumeops/zot_ci_api_key": "pulumi-python:dynamic/forgejo:ActionsSecret",
        "zot-ci-retired-keys": "pulumi-python:dynamic/zot:RetiredKeys",
    }


def test_the_key_flows_from_one_resource_to_the_next(engine: Engine) -> None:
    """What was minted is stored, what is stored is published, and the sweep is told who holds what."""
    declare(engine, CONFIG)

    inputs = {args.name: args.inputs for args in engine.registered}
    assert inputs["zot-ci-item-field"]["value"] == SECRET
    assert inputs["zot-ci-actions-secret-eblume/blumeops/zot_ci_api_key"]["value"] == SECRET
    assert inputs["zot-ci-retired-keys"]["held"] == {
        "1Password blumeops/Forgejo Secrets/zot-ci-api": "a-uuid",
        "Forgejo eblume/blumeops/ZOT_CI_API_KEY": "a-uuid",
    }
    assert inputs["zot-ci-api-key"]["label"] == "zot-ci/test/zot-ci"


def test_one_credential_for_each_account(engine: Engine) -> None:
    """Each with its own resources and its own entry in the output."""
    second = ACCOUNT | {
        "username": "zot-cd",
        "onepassword": {"vault": "blumeops", "item": "Forgejo Secrets", "field": "zot-cd-api"},
        "forgejo": [{"repository": "eblume/blumeops", "secret": "ZOT_CD_API_KEY"}],
    }

    outputs = declare(engine, CONFIG | {"zot-ci:accounts": [ACCOUNT, second]})

    credentials = [args.name for args in engine.registered if args.typ.endswith("RegistryCredential")]
    assert credentials == ["zot-ci", "zot-cd"]
    assert list(outputs["accounts"]) == ["zot-ci", "zot-cd"]


def test_the_output_holds_dates_and_places_and_no_secret(engine: Engine) -> None:
    """What anybody may read."""
    account = declare(engine, CONFIG)["accounts"]["zot-ci"]

    assert account["rotates_on"] == "2027-02-22"
    assert account["expires_on"] == "2027-03-24"
    assert account["published_to"] == [
        "1Password blumeops/Forgejo Secrets/zot-ci-api",
        "Forgejo eblume/blumeops/ZOT_CI_API_KEY",
    ]
    assert SECRET not in json.dumps(account)


def test_wrong_settings_end_the_program_with_every_fault_and_nothing_is_declared(engine: Engine) -> None:
    """A RunError is printed without a traceback."""
    with pytest.raises(pulumi.RunError) as caught:
        declare(engine, {"zot-ci:zot": {"url": "registry"}, "zot-ci:accounts": [ACCOUNT | {"rotateAfterDays": -1}]})

    assert str(caught.value).splitlines() == [
        "the stack's settings cannot be used:",
        "  zot-ci:zot.url must be a URL that begins with https:// or http://",
        "  zot-ci:forgejo is missing",
        "  zot-ci:accounts[0].rotateAfterDays input should be greater than or equal to 0",
    ]
    assert [args.name for args in engine.registered if "dynamic" in args.typ] == []
