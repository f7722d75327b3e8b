"""
From the engine's output to the document: what is known, what is not, and why.
"""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from scripts.watch.document import AccountStatus, Status
from scripts.watch.gathering import gather
from scripts.watch.look import take_apart
from tests.watch.said import BORN, CIPHER, FIELD_NAME, NOW, OLDER, SECRET_NAME, SHOWN, UUID, Said

STALE = {"key": f"{OLDER} created 2026-09-01", "succeeded_days_ago": 0.5}


def only(status: Status) -> AccountStatus:
    (account,) = status.accounts
    return account


def test_in_sync_everything_is_known() -> None:
    """Facts are those of the look, not those that the state holds."""
    status = Said().account(facts={"zot:ApiKey": {"age_days": 40.0}}).up(days_ago=40, replace=1).status()

    account = only(status)
    assert (status.stack, status.succeeded, status.in_sync) == ("homelab", True, True)
    assert (account.username, account.in_sync, account.changes, account.why) == ("zot-ci", True, 0, [])
    assert account.key is not None
    assert account.key.age_days == 40.0
    assert account.key.rotates_at == BORN + timedelta(days=90)
    assert account.key.expires_at == BORN + timedelta(days=120)
    assert account.key.last_used == date(2027, 1, 9)
    assert (account.key.accepted, account.key.rights_fit, account.key.checked) == (True, True, True)
    assert [(place.system, place.name) for place in account.places] == [
        ("1Password", FIELD_NAME),
        ("Forgejo", SECRET_NAME),
    ]
    for place in account.places:
        assert place.in_sync
        assert place.holds_current_key
        assert place.written_at == BORN + timedelta(seconds=5, microseconds=242850)
    assert [(system.name, system.asked, system.answered) for system in status.systems] == [
        ("1Password", True, True),
        ("Forgejo", True, True),
        ("authentik", True, True),
        ("zot", True, True),
    ]


def test_drift_is_said_of_the_part_that_it_belongs_to() -> None:
    """A group is in no condition: the sentence is found by the account's name."""
    gone = "not found: the repository has no such secret any more"
    status = (
        Said()
        .account(
            changes={"authentik:ServiceAccount": "update", "forgejo:ActionsSecret": "update"},
            facts={"forgejo:ActionsSecret": {"condition": gone}},
        )
        .account("other")
        .sentences("authentik account zot-ci: left group ci", f"Forgejo secret {SECRET_NAME}: {gone}")
        .status()
    )

    other, account = status.accounts
    assert (other.in_sync, account.in_sync, status.in_sync) == (True, False, False)
    assert account.changes == 2
    assert account.identity is not None
    assert account.identity.why == ["left group ci"]
    assert [place.why for place in account.places] == [[], [gone]]
    assert account.why == ["left group ci", gone]


@pytest.mark.parametrize(
    ("facts", "wanted", "fit"),
    [
        ({"fits_ci": False}, {}, False),
        ({"may": {"create": True, "delete": False}}, {}, True),
        ({"may": {"create": True, "delete": True}}, {}, False),
        ({"may": {"create": True, "delete": True}, "rights": ["create"]}, {"rights": ["create", "delete"]}, True),
        ({"may": {"create": True, "delete": False}}, {"rights": []}, False),
        ({"may": {"create": False, "delete": False}, "rights": []}, {}, True),
    ],
)
def test_rights_fit_where_the_key_has_exactly_those_that_are_expected(
    facts: dict[str, Any], wanted: dict[str, Any], fit: bool
) -> None:
    """By today's settings where they are known, else by those of the last run; no more and no less."""
    status = Said().account(facts={"zot:ApiKey": facts}, wanted={"zot:ApiKey": wanted}).status()

    key = only(status).key
    assert key is not None
    assert key.rights_fit is fit


def test_a_key_that_is_due_by_today_s_settings_says_so_and_its_places_wait_for_it() -> None:
    """The condition was judged by the settings of the last run; rotation counts by today's."""
    kinds = {"onepassword:ItemField": "update", "forgejo:ActionsSecret": "update", "zot:RetiredKeys": "update"}
    status = (
        Said()
        .account(changes=kinds | {"zot:ApiKey": "replace"}, wanted={"zot:ApiKey": {"rotate_after_days": 30}})
        .sentences("zot API key of zot-ci: 40 days old, rotates after 30")
        .status()
    )

    account = only(status)
    assert account.key is not None
    assert account.key.rotates_at == BORN + timedelta(days=30)
    assert account.key_status is not None
    assert account.key_status.why == ["40 days old, rotates after 30"]
    assert [place.why for place in account.places] == [["gets the next key"]] * 2


def test_a_change_of_the_settings_alone_is_named() -> None:
    """Not taken for drift of the place."""
    wanted = {"forgejo:ActionsSecret": {"canary": {"workflow": "canary.yaml"}}}
    status = Said().account(changes={"forgejo:ActionsSecret": "update"}, wanted=wanted).status()

    assert only(status).places[1].why == ["the settings have another canary"]


def test_keys_in_their_grace_are_stale_and_not_out_of_sync() -> None:
    """When each ends is counted by the registry's clock, which is ahead here."""
    sweep = {"stale": [STALE], "still_used": [f"{OLDER} was used on 2027-01-10, after its successor was published"]}
    facts: dict[str, Any] = {
        "zot:RetiredKeys": sweep | {"retire_after_days": 2},
        "zot:ApiKey": {"age_days": 50.0, "other_keys": ["by hand (…), created 2027-01-01, never expires"]},
    }
    wanted = {"zot:RetiredKeys": {"retire_after_days": 2}}
    account = only(Said().account(facts=facts, wanted=wanted).status())

    assert account.key is not None
    (stale,) = account.key.stale
    assert (stale.uuid, stale.created_on, stale.still_used) == (OLDER, date(2026, 9, 1), True)
    assert stale.replaced_at == BORN + timedelta(days=49.5)
    assert stale.ends_at == BORN + timedelta(days=51.5)
    assert account.in_sync
    assert account.key.other_keys == ["by hand (…), created 2027-01-01, never expires"]


def test_a_failed_preview_knows_what_the_state_records_and_claims_nothing() -> None:
    """Not even who answered, but for the one that did not."""
    line = "Preview failed: Forgejo GET /api/v1/x answered 401 for eblume/blumeops; check FORGEJO_TOKEN"
    status = Said().account().fails(line, "forgejo:ActionsSecret").status()

    account = only(status)
    assert (status.succeeded, status.in_sync, account.in_sync) == (False, None, None)
    assert status.errors == [f"error: {line}"]
    assert account.key is not None
    assert (account.key.checked, account.key.accepted) == (False, None)
    # By this machine's clock: the state's own age is as old as the last `up`.
    assert account.key.age_days == 40.0
    assert [place.in_sync for place in account.places] == [None, None]
    answered = {system.name: system.answered for system in status.systems}
    assert answered == {"1Password": None, "Forgejo": False, "authentik": None, "zot": None}


def test_a_fault_of_one_part_leaves_the_others_known() -> None:
    """The preview reads everything, says the fault at its end, and ends with 1."""
    refused = "refused: Forgejo GET /api/v1/x answered 401 for eblume/blumeops; check FORGEJO_TOKEN"
    said = Said().account(
        changes={"authentik:ServiceAccount": "update"}, facts={"forgejo:ActionsSecret": {"condition": refused}}
    )
    said.sentences("authentik account zot-ci: left group ci")
    said.code = 1
    said.preview["diagnostics"].append({"message": f"error: Forgejo secret x: {refused}\n", "severity": "error"})

    status = said.status()

    account = only(status)
    assert (status.succeeded, status.in_sync, account.in_sync) == (False, False, False)
    assert [place.in_sync for place in account.places] == [True, None]
    assert account.key is not None
    assert account.key.checked
    answered = {system.name: system.answered for system in status.systems}
    assert answered == {"1Password": True, "Forgejo": False, "authentik": True, "zot": True}


def test_a_preview_that_prints_no_json_is_an_error_of_its_own() -> None:
    """The engine itself has failed: a locked state, a wrong passphrase."""
    said = Said().account()
    run = subprocess.CompletedProcess([], 255, "", "error: incorrect passphrase\n")

    status = gather("homelab", take_apart(said.state, run, []), NOW)

    assert (status.succeeded, status.errors) == (False, ["error: incorrect passphrase"])
    assert only(status).key is not None


@pytest.mark.parametrize("condition", ["not checked: no answer", "refused: answered 403", "cannot be checked: odd"])
def test_what_could_not_be_compared_is_neither_in_sync_nor_drift(condition: str) -> None:
    """A system that is silent for the whole look, while the preview itself goes through."""
    account = Said().account(facts={"forgejo:ActionsSecret": {"condition": condition}})
    status = account.status()

    assert [place.in_sync for place in only(status).places] == [True, None]
    assert only(status).in_sync is None
    forgejo = next(system for system in status.systems if system.name == "Forgejo")
    assert (forgejo.answered, forgejo.why) == (False, [condition])


def test_an_account_before_its_first_up_has_no_key() -> None:
    """Nothing was asked of any system; what the engine does not know yet is taken for nothing."""
    status = Said().account(known=False).status()

    account = only(status)
    assert (account.key, account.in_sync, account.changes) == (None, False, 5)
    assert {part.change for part in account.parts} == {"create"}
    assert [place.key_uuid for place in account.places] == [None, None]
    assert {system.asked for system in status.systems} == {False}


def test_an_account_that_left_the_settings_is_said_to_go() -> None:
    """Until an `up` has taken it away."""
    kinds = ("authentik:ServiceAccount", "zot:ApiKey", "onepassword:ItemField", "forgejo:ActionsSecret")
    account = only(Said().account(changes=dict.fromkeys((*kinds, "zot:RetiredKeys"), "delete")).status())

    assert account.changes == 5
    assert account.why == ["is no longer in the settings"]


def test_a_replaced_key_whose_deletion_is_pending_is_not_the_current_one() -> None:
    """A killed run leaves both in the state, under one URN."""
    said = Said().account()
    (key,) = [one for one in said.state["deployment"]["resources"] if one["type"].endswith("zot:ApiKey")]
    old = key | {"delete": True, "outputs": key["outputs"] | {"uuid": OLDER}}
    said.state["deployment"]["resources"].append(old)
    said.fails("no answer")

    account = only(said.status())

    assert account.key is not None
    assert account.key.uuid == UUID


def test_a_user_s_own_secret_is_never_asked_for() -> None:
    """Forgejo cannot list them; a system that is not asked did not answer either."""
    said = Said().account()
    for step in said.preview["steps"]:
        for state in (step.get("oldState"), step.get("newState")):
            if "ActionsSecret" in step["urn"] and state:
                (state.get("outputs") or state["inputs"]).pop("repository", None)

    status = said.status()

    assert only(status).places[1].name == "user/ZOT_CI_API_KEY"
    forgejo = next(system for system in status.systems if system.name == "Forgejo")
    assert (forgejo.asked, forgejo.answered) == (False, None)


def test_the_last_up_and_the_last_that_succeeded_are_told_apart() -> None:
    """A destroy or a refresh is no `up`."""
    said = Said().account().up(days_ago=9, replace=1).up(days_ago=2, result="failed").up(days_ago=1, kind="refresh")
    status = said.status()

    assert status.last_up is not None
    assert status.last_successful_up is not None
    assert (status.last_up.result, status.last_successful_up.replaced) == ("failed", 1)
    assert status.last_successful_up.started_at == NOW - timedelta(days=9)


def test_two_places_of_one_spelling_have_two_names() -> None:
    """A slash inside a name is not one between names."""
    facts = {"onepassword:ItemField": {"item": "a/b", "field": "50%"}}
    account = only(Said().account(facts=facts).status())

    assert account.places[0].name == "blumeops/a%2Fb/50%25"


def test_no_secret_and_no_cipher_is_in_the_document() -> None:
    """Neither what the state holds nor what a preview shows in its place."""
    text = Said().account().fails("x", "zot:ApiKey").status().as_json()

    assert json.loads(text)["schema_version"] == 1
    assert SHOWN not in text
    assert CIPHER["ciphertext"] not in text


def test_times_are_utc_to_the_second() -> None:
    """Whatever zone they were written in."""
    later = datetime.fromisoformat("2027-01-10T14:00:00.5+02:00")
    found = json.loads(Said().account().status(later).as_json())

    assert found["looked_at"] == "2027-01-10T12:00:00+00:00"
    assert datetime.fromisoformat(found["accounts"][0]["key"]["created_at"]).tzinfo == UTC
