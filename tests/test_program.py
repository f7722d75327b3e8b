"""
The program under Pulumi's mocks: what it declares. No provider runs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pulumi
import pytest

from tests.mocks import FOUND, KEY, Monitor, run
from tests.settings.given import LIVES, RIGHT, given
from zot_ci.dynamic import program_run
from zot_ci.dynamic.run import Run
from zot_ci.dynamic.run_file import RunFile

ROOT = Path(__file__).resolve().parents[1]
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


def test_the_sweep_is_told_whether_a_key_in_use_waits() -> None:
    """By an input of each, but for what has no value where the settings have none."""
    waits = ACCOUNT | {"retireAfterDays": 1, "retireWhenUnused": True}
    names = ("retire_when_unused", "retire_at_most_days")
    told = [
        run(given(RIGHT | {"accounts": [account]})).named("zot-ci-retired-keys").inputs
        for account in (ACCOUNT, waits, waits | {"retireAtMostDays": 30})
    ]

    assert [tuple(inputs.get(name) for name in names) for inputs in told] == [(False, None), (True, None), (True, 30)]


def test_one_credential_for_each_account() -> None:
    """Each with its own resources and its own entry in the output."""
    second = ACCOUNT | {
        "username": "zot-cd",
        "onepassword": {"vault": "blumeops", "item": "Forgejo Secrets", "field": "zot-cd-api"},
        "forgejo": [{"repository": "eblume/blumeops", "secret": "ZOT_CD_API_KEY"}],
    }

    ran = run(given(RIGHT | {"accounts": [ACCOUNT, second]}))

    # They are registered side by side, so the order is nobody's promise.
    assert sorted(one.name for one in ran.of("RegistryCredential")) == ["zot-cd", "zot-ci"]
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


@pytest.mark.parametrize(
    ("access", "host", "warned"),
    [
        (None, "http://connect:8080", ["connect", "registry.lan"]),
        ("connect", "http://connect:8080", ["connect", "registry.lan"]),
        ("cli", "http://connect:8080", ["registry.lan"]),
        (None, "https://connect", ["registry.lan"]),
        (None, "no address", ["registry.lan"]),
        (None, None, ["registry.lan"]),
    ],
    ids=["by the environment", "by the setting", "another backend", "https", "no address", "none"],
)
def test_each_host_that_is_asked_over_plain_http_is_warned_of(
    access: str | None, host: str | None, warned: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Connect server as well, where it is the one that is used: it hands out the key and every token."""
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", said.append)
    monkeypatch.setenv("PATH", "")
    if host:
        monkeypatch.setenv("OP_CONNECT_HOST", host)
        monkeypatch.setenv("OP_CONNECT_TOKEN", "a-token")
    chosen = {"onepassword": {"access": access}} if access else {}

    run(given(RIGHT | {"zot": {"url": "http://registry.lan"}} | chosen))

    assert [line.partition(" ")[0] for line in said] == warned
    assert all("is asked over plain http" in line for line in said)


def test_a_right_that_nobody_asks_about_is_told_with_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a key can update is asked by a tag that exists, and only the settings can name one."""
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "info", said.append)
    update = ACCOUNT | {"rights": ["create", "update"]}

    run(given(RIGHT | {"accounts": [update]}))
    assert said == [
        "whether the key of zot-ci can update is not watched: name a tag that exists as its probeTag",
    ]

    said.clear()
    run(given(RIGHT | {"accounts": [update | {"probeTag": "probe"}]}))
    assert said == []


def test_days_that_may_not_work_together_are_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the program goes on."""
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", said.append)

    assert run(given(RIGHT | {"accounts": [ACCOUNT | {"expireAfterDays": 97}]})).named("zot-ci-api-key")

    assert [line.partition(" after it is due")[0] for line in said] == ["zot-ci: a key expires 7 days"]


def test_a_python_that_does_not_look_into_the_program_s_folder_is_told_in_one_line() -> None:
    """PYTHONSAFEPATH: nothing of the program would be found."""
    code = "import runpy; runpy.run_path('__main__.py')"
    ran = subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=ROOT, capture_output=True, text=True, check=False, env=dict(os.environ)
    )

    assert ran.returncode == 1
    assert ran.stderr.splitlines()[-1].startswith("pulumi.errors.RunError: PYTHONSAFEPATH hides this program's folder")


def test_no_place_for_temporary_files_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the processes of a run share is kept there."""
    monkeypatch.setattr(program_run, "RUN", Run(RunFile(tmp_path / "away" / "run")))
    monkeypatch.setattr(program_run, "_begun", False)

    with pytest.raises(pulumi.RunError, match=r"^no temporary file can be made .*\(no such file.*TMPDIR"):
        run()


def test_wrong_settings_end_the_program_with_every_fault_and_nothing_is_declared() -> None:
    """A RunError is printed without a traceback."""
    monitor = Monitor()
    wrong = given({"zot": {"url": "registry"}, "accounts": [ACCOUNT | {"rotateAfterDays": -1}]})

    with pytest.raises(pulumi.RunError) as caught:
        run(wrong, monitor=monitor)

    _, *faults = str(caught.value).splitlines()
    assert [fault.split()[0] for fault in faults] == [
        "zot-ci:zot.url",
        "zot-ci:accounts[0].rotateAfterDays",
    ]
    assert monitor.registered == []


def test_no_plugin_of_pydantic_is_looked_for() -> None:
    """It would look into every package of the environment."""
    run()

    assert os.environ["PYDANTIC_DISABLE_PLUGINS"] == "__all__"


def test_a_state_holds_where_a_resource_comes_from_and_not_the_way_there() -> None:
    """The SDK would give the whole stack, with this machine's paths: a third of the state."""
    for one in run().registered:
        frames = one.request.stackTrace.frames
        [frame] = frames if frames else [None]
        file = "__main__.py" if one.type.endswith("RegistryCredential") else "zot_ci/"
        assert frame is not None
        assert frame.pc == one.request.sourcePosition
        assert file in frame.pc.uri


def test_every_setting_reaches_the_resource_that_it_is_for() -> None:
    """Under the name that the provider and every state know it by, and nothing else does."""
    place = {"vault": "v", "item": "i", "field": "f"}
    canary = {"workflow": "canary.yaml", "ref": "trunk", "timeoutSeconds": 60}
    account = {
        "displayName": "Builds",
        "groups": ["b", "a"],
        "onepassword": [place],
        "forgejo": [
            {"repository": "eblume/blumeops", "secret": "KEY", "canary": canary},
            {"organization": "eblume", "secret": "KEY", "id": 7},
        ],
        "rights": ["update", "create"],
        "probeRepository": "probes/here",
        "probeTag": "v1",
    }
    tokens = {
        "authentik": RIGHT["authentik"] | {"token": "op://v/i/authentik"},
        "forgejo": RIGHT["forgejo"] | {"token": "op://v/i/forgejo"},
        "onepassword": {"access": "connect"},
    }
    ran = run(given(RIGHT | tokens | {"accounts": [ACCOUNT | LIVES | account]}))
    stored = {"backend": "connect"}
    secret = {
        "forgejo_url": "https://forge.example.test",
        "forgejo_token": {"reference": "op://v/i/forgejo"} | stored,
        "server": "",
        "secret": "KEY",
        "value": KEY,
        "key_uuid": FOUND["uuid"],
    }
    asked = {one.name: _without_the_sdk_s(one.inputs) for one in ran.registered if one.kind != "RegistryCredential"}
    assert asked == {
        "zot-ci-service-account": {
            "authentik_url": "https://authentik.example.test",
            "username": "zot-ci",
            "display_name": "Builds",
            "groups": ["a", "b"],
            "authentik_token": {"reference": "op://v/i/authentik"} | stored,
        },
        "zot-ci-api-key": place
        | {
            "zot_url": "https://registry.example.test",
            "authentik_url": "https://authentik.example.test",
            "authentik_token": {"reference": "op://v/i/authentik"} | stored,
            "onepassword_access": "connect",
            "oidc_provider": "oidc",
            "username": "zot-ci",
            "label": "zot-ci/test/zot-ci",
            "rotate_after_days": 30,
            "expire_after_days": 60,
            "rights": ["create", "update"],
            "rotation": "again",
            "probe_repository": "probes/here",
            "probe_tag": "v1",
        },
        "zot-ci-item-field": place | {"value": KEY, "key_uuid": FOUND["uuid"], "onepassword_access": "connect"},
        "zot-ci-actions-secret-eblume/blumeops/key": secret
        | {
            "repository": "eblume/blumeops",
            "canary": {"workflow": "canary.yaml", "ref": "trunk", "timeout_seconds": 60},
        },
        "zot-ci-actions-secret-eblume/key": secret | {"organization": "eblume", "confirmed_id": 7},
        "zot-ci-retired-keys": {
            "zot_url": "https://registry.example.test",
            "username": "zot-ci",
            "label": "zot-ci/test/zot-ci",
            "key_uuid": FOUND["uuid"],
            "api_key": KEY,
            "held": dict.fromkeys(ran.outputs["accounts"]["zot-ci"]["published_to"], FOUND["uuid"]),
            "retire_after_days": 1,
            "retire_when_unused": True,
            "retire_at_most_days": 9,
            "exclusive": True,
        },
    }


def _without_the_sdk_s(inputs: dict[str, Any]) -> dict[str, Any]:
    """What a provider is asked, without what is the same for all of them and outputs that are not known yet."""
    left_out = ("__provider", "shape", "condition", "type", "is_active")
    return {name: value for name, value in inputs.items() if name not in left_out and value is not None}
