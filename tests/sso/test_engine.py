"""
Single sign-on under the real engine, which starts stand-ins for the vendors' plugins; no vendor's server is asked.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.settings.given import IMPORT, SSO
from tests.sso.estate import Estate

pytest.importorskip("pulumi_authentik", reason="the extra `sso` is not installed here: `make test-sso`")

pytestmark = pytest.mark.embedded

# These have one stack, made once.
one_stack = pytest.mark.xdist_group("sso")

# What the engine calls the component's parts, without the accounts.
ONLY_SSO = ("--target", "**RegistrySso**")

ITEM = IMPORT["item"]


def _made_by_hand(estate: Estate, **provider: Any) -> None:
    """Somebody made it all before us, with a logo, with people in the group, and with *provider* otherwise."""
    made: list[tuple[str, str, dict[str, Any]]] = [
        ("Group", "the-group", {"name": "artifact-workloads", "users": [4, 9]}),
        (
            "ProviderOauth2",
            "41",
            {
                "name": "Zot",
                "clientId": "zot",
                "clientType": "confidential",
                "clientSecret": "made long ago",
                "providerOauth2Id": "41",
                "allowedRedirectUris": [
                    {"matching_mode": "strict", "url": f"{estate.world.zot_url}/zot/auth/callback/oidc"}
                ],
                "authorizationFlow": "flow-implicit",
                "invalidationFlow": "flow-invalidation",
                "propertyMappings": ["scope-openid", "scope-email", "scope-profile"],
                "signingKey": "key-self-signed",
                "subMode": "user_username",
                "issuerMode": "per_provider",
                "includeClaimsInIdToken": True,
                "accessTokenValidity": "minutes=3",
            }
            | provider,
        ),
        (
            "Application",
            "zot",
            {
                "name": "Zot",
                "slug": "zot",
                "uuid": "the-application",
                "protocolProvider": 41,
                "policyEngineMode": "any",
                "metaIcon": "logo.png",
            },
        ),
        ("PolicyBinding", "for-admins", {"target": "the-application", "group": "group-admins", "order": 10}),
        ("PolicyBinding", "for-ci", {"target": "the-application", "group": "the-group", "order": 20}),
    ]
    for kind, object_id, properties in made:
        estate.authentik.put(kind, object_id, properties)
    item = {"vault": "v" * 26, "title": SSO["item"], "category": "login", "uuid": "i" * 26, "tags": ["registry"]}
    estate.onepassword.put("Item", ITEM, item | {"username": "zot", "password": "made long ago"})


def test_a_preview_prints_zot_s_configuration_and_makes_nothing(fresh: Estate) -> None:
    """zot can be configured from it; only the client's secret is not there yet."""
    run = fresh.stack.preview()

    assert run.code == 7, run.text
    assert "adminPolicy" in run.text
    assert fresh.held() == {}


def test_a_first_up_can_stop_at_single_sign_on(fresh: Estate) -> None:
    """zot has to be given the client's secret before an account can log in."""
    run = fresh.stack.up(*ONLY_SSO)

    assert run.code == 0, run.text
    assert set(fresh.held()) == {"Group", "ProviderOauth2", "Application", "PolicyBinding", "Item"}
    assert "zot-ci-api-key" not in fresh.stack.urns()
    outputs = json.loads(fresh.stack.pulumi("stack", "output", "--json", streams="out").text)
    assert "adminPolicy" in outputs["zot_configuration"]


@one_stack
def test_after_an_up_the_item_holds_the_client_and_a_preview_shows_no_change(in_sync: Estate) -> None:
    """With an account beside it, whose key is in sync too."""
    made, item = in_sync.only("ProviderOauth2"), in_sync.only("Item")

    assert (item["username"], item["password"]) == ("zot", made["clientSecret"])
    assert len(in_sync.held()["PolicyBinding"]) == 2
    assert in_sync.world.accepts(in_sync.world.field())
    run = in_sync.stack.preview()
    assert run.code == 0, run.text


@one_stack
def test_the_state_holds_the_client_s_secret_encrypted_and_no_token(in_sync: Estate) -> None:
    """Also not in what the engine keeps of its providers, nor in an output."""
    secret = in_sync.only("ProviderOauth2")["clientSecret"]
    tokens = [in_sync.stack.env[name] for name in ("AUTHENTIK_TOKEN", "OP_CONNECT_TOKEN")]
    files = [path.read_text(errors="replace") for path in in_sync.stack.state.rglob("*") if path.is_file()]
    opened = in_sync.stack.pulumi("stack", "export", "--show-secrets", streams="out").text

    assert secret in opened
    assert [text for text in files if secret in text] == []
    assert [token for token in tokens if token in opened] == []
    outputs = json.loads(in_sync.stack.pulumi("stack", "output", "--json", streams="out").text)
    assert json.loads(outputs["zot_configuration"])["http"]["auth"]["apikey"] is True


@one_stack
@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"FORGEJO_TOKEN": "wrong"}, "answered 401; check FORGEJO_TOKEN"),
        ({"OP_CONNECT_TOKEN": "two words"}, "OP_CONNECT_TOKEN holds white space"),
        ({"ZOT_CI_TIMEOUT_SECONDS": "soon"}, "ZOT_CI_TIMEOUT_SECONDS is not a number of seconds"),
    ],
    ids=["refused", "no token", "no number"],
)
def test_an_error_is_one_line_under_the_older_sdk_too(variables: dict[str, str], words: str, in_sync: Estate) -> None:
    """`tests/engine/test_bad_input.py` looks at more of them, under the newest SDK."""
    before = dict(in_sync.stack.env)
    in_sync.stack.env.update(variables)
    run = in_sync.stack.preview()
    in_sync.stack.env.clear()
    in_sync.stack.env.update(before)

    assert run.code == 1, run.text
    assert words in run.text
    assert "Traceback" not in run.text
    assert 'File "' not in run.text


@one_stack
def test_drift_is_shown_and_reconciled_and_what_belongs_to_others_is_left(in_sync: Estate) -> None:
    """Somebody moved the redirect URI, and somebody put a person into the group."""
    ((provider_id, before),) = in_sync.held()["ProviderOauth2"].items()
    ((group_id, group),) = in_sync.held()["Group"].items()
    in_sync.authentik.put("ProviderOauth2", provider_id, before | {"allowedRedirectUris": []})
    in_sync.authentik.put("Group", group_id, group | {"users": [4]})

    seen = in_sync.stack.preview(*ONLY_SSO)
    updated = in_sync.stack.up(*ONLY_SSO)

    assert seen.code == 7, seen.text
    assert "allowedRedirectUris" in seen.text
    assert updated.code == 0, updated.text
    assert in_sync.only("ProviderOauth2") == before
    assert in_sync.only("Group")["users"] == [4]


@one_stack
def test_a_destroy_is_refused_before_anything_is_gone(in_sync: Estate) -> None:
    """Its preview meets the protection first, so the accounts' keys live on, too."""
    before = in_sync.held()
    run = in_sync.stack.pulumi("destroy", "--yes")

    assert run.code != 0
    assert "because it is protected" in run.text
    assert in_sync.held() == before
    assert in_sync.world.accepts(in_sync.world.field())


@one_stack
def test_a_setting_that_was_taken_out_deletes_nothing(in_sync: Estate) -> None:
    """A slip in the stack file must not end everybody's login."""
    before = in_sync.held()
    in_sync.configure(None)
    run = in_sync.stack.pulumi("up", "--yes")
    in_sync.configure(SSO)

    assert run.code != 0
    assert "because it is protected" in run.text
    assert in_sync.held() == before


def test_who_lifts_the_protection_lets_go_of_it_and_it_stays(fresh: Estate) -> None:
    """Single sign-on handed over to a blueprint, say: the stack forgets it, the servers keep it."""
    fresh.stack.up(*ONLY_SSO)
    before = fresh.held()

    unprotected = fresh.stack.pulumi("state", "unprotect", "--all", "--yes")
    fresh.configure(None)
    run = fresh.stack.up(*ONLY_SSO)

    assert unprotected.code == 0, unprotected.text
    assert run.code == 0, run.text
    assert [name for name in fresh.stack.urns() if "sso" in name] == []
    assert before["Application"]
    assert fresh.held() == before


def test_what_is_there_is_adopted_as_it_is(fresh: Estate) -> None:
    """Same ids, same secret, the people and the logo untouched; the ids may stay in the settings, or go."""
    _made_by_hand(fresh)
    before = fresh.held()
    fresh.configure(SSO | {"import": IMPORT})

    adopted = fresh.stack.up(*ONLY_SSO)
    with_ids = fresh.stack.preview(*ONLY_SSO)
    fresh.configure(SSO)
    without_ids = fresh.stack.preview(*ONLY_SSO)

    assert adopted.code == 0, adopted.text
    assert with_ids.code == 0, with_ids.text
    assert without_ids.code == 0, without_ids.text
    assert fresh.held() == before


def test_what_is_there_but_differs_is_shown_and_then_brought_to_the_settings(fresh: Estate) -> None:
    """The preview names the property with both values; the client's secret stays, so nobody is locked out."""
    _made_by_hand(fresh, subMode="hashed_user_id")
    before = fresh.held()
    fresh.configure(SSO | {"import": IMPORT})

    seen = fresh.stack.preview(*ONLY_SSO)
    untouched = fresh.held()
    adopted = fresh.stack.up(*ONLY_SSO)

    assert seen.code == 7, seen.text
    assert '"hashed_user_id" => "user_username"' in seen.text
    assert untouched == before
    assert adopted.code == 0, adopted.text
    assert fresh.only("ProviderOauth2") == before["ProviderOauth2"]["41"] | {"subMode": "user_username"}
