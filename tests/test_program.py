"""
The program under Pulumi's mocks: what it declares. No provider runs.
"""

from __future__ import annotations

import json

import pulumi
import pytest

from tests.mocks import KEY, Monitor, run
from tests.settings.given import RIGHT, given

ACCOUNT = RIGHT["accounts"][0]


def test_the_names_in_every_state_are_these() -> None:
    """Types, resource names and provider classes are a format: to change one is to break every stack."""
    declared = {one.name: one.type for one in run().registered}

    assert declared == {
        "zot-ci": "zot-ci:index:RegistryCredential",
        "zot-ci-service-account": "pulumi-python:dynamic/authentik:ServiceAccount",
        "zot-ci-api-key": "pulumi-python:dynamic/zot:ApiKey",
        "zot-ci-item-field": "pulumi-python:dynamic/onepassword:ItemField",
        "zot-ci-actions-secret-eblume/blumeops/zot_ci_api_key": "pulumi-python:dynamic/forgejo:ActionsSecret",
        "zot-ci-retired-keys": "pulumi-python:dynamic/zot:RetiredKeys",
    }


def test_the_key_flows_from_one_resource_to_the_next() -> None:
    """What was minted is stored, what is stored is published, and the sweep is told who holds what."""
    ran = run()

    assert ran.named("zot-ci-item-field").inputs["value"] == KEY
    assert ran.named("zot-ci-actions-secret-eblume/blumeops/zot_ci_api_key").inputs["value"] == KEY
    assert ran.named("zot-ci-retired-keys").inputs["held"] == {
        "1Password blumeops/Forgejo Secrets/zot-ci-api": "the-uuid",
        "Forgejo eblume/blumeops/ZOT_CI_API_KEY": "the-uuid",
    }
    assert ran.named("zot-ci-api-key").inputs["label"] == "zot-ci/test/zot-ci"


def test_one_credential_for_each_account() -> None:
    """Each with its own resources and its own entry in the output."""
    second = ACCOUNT | {
        "username": "zot-cd",
        "onepassword": {"vault": "blumeops", "item": "Forgejo Secrets", "field": "zot-cd-api"},
        "forgejo": [{"repository": "eblume/blumeops", "secret": "ZOT_CD_API_KEY"}],
    }

    ran = run(given(RIGHT | {"accounts": [ACCOUNT, second]}))

    assert [one.name for one in ran.of("RegistryCredential")] == ["zot-ci", "zot-cd"]
    assert list(ran.outputs["accounts"]) == ["zot-ci", "zot-cd"]


def test_the_output_holds_dates_and_places_and_no_secret() -> None:
    """What anybody may read."""
    account = run().outputs["accounts"]["zot-ci"]

    assert account["rotates_on"] == "2027-02-22"
    assert account["expires_on"] == "2027-03-24"
    assert account["published_to"] == [
        "1Password blumeops/Forgejo Secrets/zot-ci-api",
        "Forgejo eblume/blumeops/ZOT_CI_API_KEY",
    ]
    assert KEY not in json.dumps(account)


def test_wrong_settings_end_the_program_with_every_fault_and_nothing_is_declared() -> None:
    """A RunError is printed without a traceback."""
    monitor = Monitor()
    wrong = given({"zot": {"url": "registry"}, "accounts": [ACCOUNT | {"rotateAfterDays": -1}]})

    with pytest.raises(pulumi.RunError) as caught:
        run(wrong, monitor=monitor)

    _, *faults = str(caught.value).splitlines()
    assert [fault.split()[0] for fault in faults] == [
        "zot-ci:zot.url",
        "zot-ci:forgejo",
        "zot-ci:accounts[0].rotateAfterDays",
    ]
    assert monitor.registered == []
