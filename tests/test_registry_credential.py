"""
The graph that the engine gets, under Pulumi's mocks: who is whose child, who waits for whom, and what is secret.

What is declared at all is in `test_program.py`.
"""

from __future__ import annotations

import base64
import importlib
import importlib.util
import json
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks

from tests.mocks import DYNAMIC, FOUND, KEY, Monitor, Providers, run
from tests.settings.given import RIGHT, config, given
from zot_ci.dynamic import program_run
from zot_ci.dynamic.run import RUN, Run
from zot_ci.settings.place import Place
from zot_ci.zot.state import lineage_of

SECRETS = [{"repository": f"eblume/{name}", "secret": "ZOT_CI_API_KEY"} for name in ("blumeops", "other")]
# What that account has.
THINGS = {
    ("account", "zot-ci"),
    lineage_of("https://registry.example.test", "zot-ci"),
    Place.field("blumeops", "Forgejo Secrets", "zot-ci-api").identity,
    *(Place.secret("ZOT_CI_API_KEY", repository=one["repository"]).identity for one in SECRETS),
}
ANOTHER = {
    "username": "another",
    "onepassword": {"vault": "v", "item": "i", "field": "f"},
    "forgejo": [{"repository": "eblume/blumeops", "secret": "ANOTHER"}],
}


def with_(**account: Any) -> dict[str, str]:
    """The configuration of an account with two secrets, and with other settings of it; None leaves one out."""
    return config(**({"forgejo": SECRETS} | account))


def test_every_resource_is_the_credential_s_child() -> None:
    """The component is in every URN."""
    ran = run(with_())
    [component] = ran.of("RegistryCredential")

    assert component.request.parent.endswith("::pulumi:pulumi:Stack::zot-ci-test")
    assert {one.request.parent for one in ran.registered if one is not component} == {component.urn}


@pytest.mark.parametrize(
    ("module", "provider", "resource", "type_"),
    [
        (
            "zot_ci.authentik.service_account",
            "ServiceAccountProvider",
            "ServiceAccount",
            "authentik:ServiceAccount",
        ),
        ("zot_ci.zot.api_key", "ApiKeyProvider", "ApiKey", "zot:ApiKey"),
        ("zot_ci.onepassword.item_field", "ItemFieldProvider", "ItemField", "onepassword:ItemField"),
        ("zot_ci.forgejo.actions_secret", "ActionsSecretProvider", "ActionsSecret", "forgejo:ActionsSecret"),
        ("zot_ci.zot.retired_keys", "RetiredKeysProvider", "RetiredKeys", "zot:RetiredKeys"),
    ],
)
def test_a_provider_stays_where_the_state_finds_it(module: str, provider: str, resource: str, type_: str) -> None:
    """The state holds the pickled import path: a move would break refresh and destroy of every stack."""
    registered = run(with_()).of(resource)
    [pickled] = {one.inputs["__provider"] for one in registered}

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
    for one in run(with_()).of(resource):
        assert outputs <= one.secret_outputs
        assert one.secret_inputs == inputs
        assert KEY not in json.dumps({name: value for name, value in one.inputs.items() if name not in inputs})


def test_the_outputs_are_shown_and_hold_no_secret() -> None:
    """One secret part would hide them all."""
    ran = run(with_())

    assert not ran.secret_outputs
    assert KEY not in json.dumps(ran.outputs)
    assert set(ran.outputs["accounts"]["zot-ci"]) == {
        "label",
        "uuid",
        "created",
        "rotates_on",
        "expires_on",
        "access",
        "published_to",
        "other_keys",
        "onepassword_via",
        "still_used",
    }


def test_a_key_is_stored_then_published_and_only_then_others_end() -> None:
    """The promise of the order, as the engine is told."""
    ran = run(with_(onepassword=[RIGHT["accounts"][0]["onepassword"], {"vault": "v", "item": "i", "field": "copy"}]))
    urns = {one.urn: one for one in ran.registered}
    after = {one.urn: {urns[urn].name for urn in one.request.dependencies if urn in urns} for one in ran.registered}
    fields, secrets = ({one.name for one in ran.of(kind)} for kind in ("ItemField", "ActionsSecret"))
    [key], [sweep] = ran.of("ApiKey"), ran.of("RetiredKeys")

    assert after[key.urn] == {"zot-ci-service-account"}
    assert all("zot-ci-api-key" in after[one.urn] for one in ran.of("ItemField"))
    # By the store of record: a copy that cannot be written stops no secret.
    assert all(fields & after[one.urn] == {"zot-ci-item-field"} for one in ran.of("ActionsSecret"))
    # It waits for the places, and does not depend on them: else a place that fails makes the engine write a state that
    # it refuses.
    assert after[sweep.urn] == {"zot-ci-service-account", "zot-ci-api-key"}
    assert set(sweep.inputs["held"].values()) == {FOUND["uuid"]}
    assert [one.name for one in ran.registered][-1] == sweep.name
    assert (len(fields), len(secrets)) == (2, 2)


def test_a_label_names_stack_and_account() -> None:
    """Two stacks at one registry must not sweep each other's keys."""
    labels = [run(stack=stack).of("ApiKey")[0].inputs["label"] for stack in ("a", "b")]

    assert labels == ["zot-ci/a/zot-ci", "zot-ci/b/zot-ci"]


def test_a_preview_and_an_up_give_the_same_inputs() -> None:
    """Else an `up --plan` would stop half-way: the plan was made by a preview."""
    seen = [{one.name: one.inputs for one in run(with_(), preview=preview).registered} for preview in (True, False)]

    assert seen[0] == seen[1]


def test_an_account_without_groups_is_somebody_else_s() -> None:
    """Only its key is kept."""
    ran = run(with_(groups=None))

    assert ran.of("ServiceAccount") == []
    assert ran.of("ApiKey")[0].inputs["username"] == "zot-ci"


def test_a_paused_rotation_is_said_in_the_outputs() -> None:
    """There is no day then."""
    ran = run(with_(rotateAfterDays=0))

    assert ran.outputs["accounts"]["zot-ci"]["rotates_on"] == "never: rotation is paused"


class LeavesOut(Providers):
    """
    An `up --exclude` of a place that was never made: of such a resource the SDK gives the inputs for the outputs.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        """
        Return no outputs of its own for that one.
        """
        id_, outputs = super().new_resource(args)
        return (None, dict(args.inputs)) if args.name == self._name else (id_, outputs)


@pytest.mark.parametrize(
    "left_out", ["zot-ci-item-field-v/i/copy", "zot-ci-actions-secret-eblume/other/zot_ci_api_key"]
)
def test_a_place_that_was_never_made_and_is_left_out_does_not_count_as_served(left_out: str) -> None:
    """It seems to hold the new key, and the one before would end."""
    copy = {"vault": "v", "item": "i", "field": "copy"}
    settings = with_(onepassword=[RIGHT["accounts"][0]["onepassword"], copy])
    assert run(settings).named(left_out)

    ran = run(settings, monitor=Monitor(LeavesOut(left_out)))

    held = ran.of("RetiredKeys")[0].inputs["held"]
    served = [place for place, uuid in held.items() if uuid == FOUND["uuid"]]
    assert (len(held), len(served)) == (4, 3)
    assert sorted(ran.outputs["accounts"]["zot-ci"]["published_to"]) == sorted(served)


def test_the_program_claims_all_that_it_has_although_nothing_could_be_made() -> None:
    """By the names alone: no deletion of this run may remove any of it."""
    names = [one.name for one in run(with_()).registered if one.kind != "RegistryCredential"]
    RUN.forget()

    run(with_(), monitor=Monitor(failing=names))

    assert {thing for thing in THINGS if RUN.claims.program_has(thing)} == THINGS


def test_a_key_is_asked_for_by_the_name_of_its_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once before the store of record, and once before each copy and each secret."""
    asked: list[tuple[str, str]] = []

    def known(zot_url: str, username: str, key: pulumi.Output[str], _: object) -> pulumi.Output[str]:
        asked.append((zot_url, username))
        return key

    monkeypatch.setattr("zot_ci.registry_credential.known_alive", known)
    run(with_())

    assert set(asked) == {("https://registry.example.test", "zot-ci")}
    assert len(asked) == 3


def test_a_process_begins_one_run_however_many_accounts_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second would make the providers believe another program."""
    begun: list[bool] = []
    monkeypatch.setattr(program_run, "_begun", False)
    monkeypatch.setattr(Run, "begin", lambda _, *, preview: begun.append(preview))

    run(given(RIGHT | {"accounts": [RIGHT["accounts"][0], ANOTHER]}))

    assert begun == [False]


def test_a_new_process_begins_its_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the module is when the program has just been loaded."""
    begun: list[bool] = []
    monkeypatch.setattr(Run, "begin", lambda _, *, preview: begun.append(preview))
    spec = importlib.util.find_spec(program_run.__name__)
    assert spec is not None
    assert spec.loader is not None
    just_loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(just_loaded)

    just_loaded.begin()

    assert begun == [False]


def test_the_program_claims_each_thing_for_the_instance_that_it_has() -> None:
    """So that a deletion of an older instance leaves the thing alone, and one of that instance itself does not."""
    run(with_())
    claims = RUN.claims

    assert {thing for thing in THINGS if claims.program_has(thing)} == THINGS
    assert {thing for thing in THINGS if claims.belong_to_another([thing], "0")} == THINGS
    assert {thing for thing in THINGS if claims.belong_to_another([thing], "a-mark")} == set()


def test_the_program_claims_for_a_place_the_key_that_it_is_known_to_work_with() -> None:
    """A canary has not succeeded with the new key yet: nothing may revoke the one before."""

    class Unproven(Providers):
        def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
            id_, outs = super().new_resource(args)
            return id_, outs | ({"proven_uuid": "the-one-before"} if "proven_uuid" in outs else {})

    run(with_(), monitor=Monitor(Unproven()))

    assert RUN.claims.places_with("the-one-before") == [
        f"Forgejo {one['repository']}/{one['secret']}" for one in SECRETS
    ]
    assert len(RUN.claims.places_with(FOUND["uuid"])) == 3
