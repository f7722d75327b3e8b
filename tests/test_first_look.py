"""
What a look before the first `up` finds, on the embedded systems and without the engine.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.estate import Grant
from tests.http.waits import no_waits
from tests.world import FIELD, GROUP, ITEM, OWNER, REPOSITORY, SECRET, VAULT, World
from zot_ci.dynamic.findings import Findings
from zot_ci.first_look import first_looks
from zot_ci.settings.model import load

__all__ = ["no_waits"]

pytestmark = pytest.mark.embedded

ACCOUNT, KEY = "authentik account zot-ci", "zot API key of zot-ci"
IN_FIELD, IN_FORGE = f"1Password field {VAULT}/{ITEM}/{FIELD}", f"Forgejo secret {OWNER}/{REPOSITORY}/{SECRET}"


def look(world: World, change: Callable[[dict[str, Any]], object] = lambda settings: None) -> list[Findings]:
    """Look as the script does, and as each resource's provider does in a preview; nothing may change."""
    settings = world.config()
    change(settings)
    before = world.estate.zot.keys.copy(), world.account(), world.field(), world.secret()
    world.estate.log.clear()
    found = first_looks(load({key: json.dumps(value) for key, value in settings.items()}), "test")
    assert (world.estate.zot.keys, world.account(), world.field(), world.secret()) == before
    return found


def plans(found: list[Findings]) -> dict[str, list[str]]:
    """By thing."""
    return {one.what: one.plans for one in found}


def faults(found: list[Findings]) -> list[str]:
    """Of all things."""
    return [fault for one in found for fault in one.faults]


def test_an_empty_estate_is_ready_and_says_what_will_be_made(signed_in: World) -> None:
    """Account, a login for the key, field and secret; and what only the `up` shows."""
    found = look(signed_in)

    said = plans(found)
    assert faults(found) == []
    assert "will be made, in group artifact-workloads" in said[ACCOUNT][0]
    assert "holds none" in said[KEY][0]
    assert "by a login of zot-ci" in said[KEY][1]
    assert "it will be adopted" in said[IN_FIELD][0] or "will be added" in said[IN_FIELD][0]
    assert said[IN_FORGE] == ["will be made"]
    questions = " ".join(question for one in found for question in one.open_questions)
    for token in ("AUTHENTIK_TOKEN", "FORGEJO_TOKEN", "1Password Connect"):
        assert token in questions


def test_what_somebody_made_is_named_with_what_happens_to_it(signed_in: World) -> None:
    """Groups that the account leaves and joins, the key that mints, the secret that is overwritten."""
    signed_in.make_account(GROUP, "admins")
    signed_in.set_field(signed_in.key_made_by_hand())
    signed_in.change_account(is_active=False)
    signed_in.estate.forgejo.set_value(OWNER, REPOSITORY, SECRET, "theirs")

    said = plans(look(signed_in))

    assert said[ACCOUNT] == [
        "will be adopted: it was made elsewhere, and stays on destroy",
        "will be taken out of group admins",
        "will be made active",
    ]
    assert "by hand (" in said[KEY][0]
    assert said[IN_FORGE][0].startswith("is there, made on 20")
    assert "what looks like a zot key: it will be adopted" in said[IN_FIELD][0]


@pytest.mark.parametrize("is_member", [True, False], ids=["in it already", "not yet"])
def test_groups_that_a_group_inherits_from_are_named(is_member: bool, signed_in: World) -> None:
    """What the settings say of the account's groups says nothing of theirs."""
    authentik = signed_in.estate.authentik
    authentik.groups[GROUP].parents = [authentik.add_group("pushers"), authentik.add_group("admins")]
    signed_in.make_account(*([GROUP] if is_member else []))

    said = plans(look(signed_in))

    inherits = f"group {GROUP} inherits from groups admins, pushers: its members have what those give, too"
    assert any(line.startswith(inherits) for line in said[ACCOUNT]), said[ACCOUNT]


def test_a_group_that_may_not_be_seen_is_no_fault_where_the_account_is_in_it(
    signed_in: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing has to be changed there, so no right to see it is needed."""
    signed_in.make_account(GROUP)
    user = signed_in.estate.authentik.users[signed_in.username]
    grants = [Grant(name, user) for name in ("view_user", "reset_user_password")]
    monkeypatch.setenv("AUTHENTIK_TOKEN", signed_in.estate.authentik.add_token("lesser", grants))

    assert faults(look(signed_in)) == []


def test_a_live_key_mints_and_nobody_logs_in(signed_in: World) -> None:
    """The account is as it should be, and so are the key's rights."""
    signed_in.make_account(GROUP)
    signed_in.set_field(signed_in.key_made_by_hand())

    found = look(signed_in)

    assert faults(found) == []
    assert plans(found)[KEY][-1] == "the one in the store of record is alive and mints the first one, without a login"


def test_a_dead_key_is_named_and_a_login_follows(signed_in: World) -> None:
    """Whose state was lost, long ago."""
    signed_in.make_account(GROUP)
    key = signed_in.key_made_by_hand()
    signed_in.set_field(key)
    signed_in.revoke(key, signed_in.keys(key)[0]["uuid"])

    said = plans(look(signed_in))[KEY]

    assert said[0] == "the registry refuses the one in the store of record"
    assert "by a login" in said[1]


def test_a_live_key_of_other_rights_is_a_fault_only_where_a_login_cannot_renew_them(signed_in: World) -> None:
    """An account that is not yet in its group gets its rights by the login."""
    signed_in.make_account(GROUP)
    signed_in.set_field(signed_in.key_made_by_hand())
    signed_in.estate.zot.access.policies[GROUP] = frozenset({"read"})

    (fault,) = faults(look(signed_in))
    signed_in.leave(GROUP)
    renewed = look(signed_in)

    assert "cannot create" in fault
    assert "set probeRepository" in fault
    assert faults(renewed) == []
    assert any("a login renews the account's rights" in plan for plan in plans(renewed)[KEY])


def _account(**changed: Any) -> Callable[[dict[str, Any]], object]:
    return lambda settings: settings["zot-ci:accounts"][0].update(changed)


def _no_authentik(settings: dict[str, Any]) -> None:
    del settings["zot-ci:authentik"]
    del settings["zot-ci:accounts"][0]["groups"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_account(groups=[GROUP, "no-such-group"]), "found no group no-such-group"),
        (_account(onepassword={"vault": "nowhere", "item": ITEM, "field": FIELD}), "found no vault nowhere"),
        (_account(onepassword={"vault": VAULT, "item": "nothing", "field": FIELD}), "found no item nothing"),
        (_account(forgejo=[{"repository": f"{OWNER}/nowhere", "secret": SECRET}]), "answered 404 for eblume/nowhere"),
        (_account(forgejo=[{"repository": f"{OWNER}/{REPOSITORY}", "secret": SECRET, "id": 99999}]), "is not the one"),
        (lambda settings: settings["zot-ci:zot"].update(oidcProvider="other"), "no OpenID provider other"),
        (_no_authentik, "no live key can mint one for zot-ci; the settings name no authentik to log in at"),
    ],
    ids=["group", "vault", "item", "repository", "another repository", "provider", "no authentik"],
)
def test_what_is_missing_is_one_fault_that_says_what_to_do(
    change: Callable[[dict[str, Any]], object], words: str, signed_in: World
) -> None:
    """Each of the others is looked at all the same."""
    found = look(signed_in, change)

    (fault,) = faults(found)
    assert words in fault
    assert plans(found)[KEY]


def test_every_fault_is_found_at_once(signed_in: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three refused tokens, API keys that are off, and a field that serves something else."""
    signed_in.set_field("somebody's password")
    signed_in.estate.zot.switch_api_keys_off()
    monkeypatch.setenv("AUTHENTIK_TOKEN", "wrong")
    monkeypatch.setenv("FORGEJO_TOKEN", "wrong")

    found = faults(look(signed_in))

    for words in (
        "check that AUTHENTIK_TOKEN is right and has not expired",
        "API keys are off",
        "holds something that is no zot API key",
        "check FORGEJO_TOKEN",
    ):
        assert [fault for fault in found if words in fault], words
    assert "somebody's password" not in str(found)


def test_a_system_that_gives_no_answer_is_named_and_is_no_fault_of_the_settings(
    signed_in: World, no_waits: None
) -> None:
    """It may pass: a preview warns of it, and only `check` says that nothing is ready."""
    signed_in.estate.zot.down = True

    found = look(signed_in)

    assert faults(found) == []
    (silence,) = {silence for one in found for silence in one.silences}
    assert silence.startswith("not checked: zot at ")


def test_a_person_s_account_and_a_missing_credential_are_faults_too(
    signed_in: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found before anything is made, and nothing is hidden by the first one."""
    signed_in.make_account(GROUP, type="internal")
    monkeypatch.delenv("OP_CONNECT_TOKEN")
    monkeypatch.delenv("FORGEJO_TOKEN")

    found = faults(look(signed_in))

    assert any("is of type internal" in fault for fault in found)
    assert any("OP_CONNECT_TOKEN" in fault for fault in found)
    assert any("FORGEJO_TOKEN" in fault for fault in found)


@pytest.mark.parametrize(
    ("type_", "words"),
    [
        (None, "authentik has no account zot-ci to log in as"),
        ("internal", "is internal, so its login was not tried"),
        ("service_account", ""),
    ],
    ids=["not there", "a person's", "fit"],
)
def test_an_account_that_somebody_else_manages_has_to_be_fit_for_a_login(
    type_: str | None, words: str, signed_in: World
) -> None:
    """Without groups in the settings nothing makes it, and nothing else looks at it."""
    if type_:
        signed_in.make_account(GROUP, type=type_)

    found = look(signed_in, lambda settings: settings["zot-ci:accounts"][0].pop("groups"))

    assert ACCOUNT not in plans(found)
    assert [fault for fault in faults(found) if words in fault] == (faults(found) if words else [])
    assert bool(faults(found)) is bool(words)
