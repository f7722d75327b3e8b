"""
Refusals of the four systems as they give them: one line with the call and the cure, and nothing is changed anywhere.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.answers.life import Life, snapshot
from tests.answers.said import assert_clean_log, in_one_line
from tests.answers.spoiling import (
    Refusal,
    authentik_token,
    connect_token,
    drifted,
    field_twice,
    field_type,
    forgejo_token,
    no_api_keys,
    no_group,
    no_item,
    no_repository,
    other_vault,
    regrouped,
    rights,
    second_item,
    second_vault,
    wrong,
)
from tests.world import FIELD, GROUP, ITEM, OWNER, VAULT
from zot_ci.dynamic.errors import KeyRefusedError, KeyUnfitError, NotOursError
from zot_ci.http.errors import (
    AmbiguousError,
    CredentialMissingError,
    NotFoundError,
    PermissionMissingError,
    ReconcileError,
    SignInRefusedError,
    UnexpectedAnswerError,
)

pytestmark = pytest.mark.embedded


AUTHENTIK = {
    "token_unknown": Refusal(
        wrong(AUTHENTIK_TOKEN="no-token-of-authentik"),
        Life.read_account,
        PermissionMissingError,
        "answered 403 for zot-ci; check that AUTHENTIK_TOKEN is right and has not expired, and its role has "
        "view_user on the account",
    ),
    "token_expired": Refusal(
        lambda world: authentik_token(world, expires=timedelta(0)),
        Life.read_account,
        PermissionMissingError,
        "check that AUTHENTIK_TOKEN is right and has not expired",
    ),
    "token_of_an_inactive_account": Refusal(
        lambda world: setattr(world.estate.authentik.users["zot-ci-bot"], "is_active", False),
        Life.read_account,
        PermissionMissingError,
        "check that AUTHENTIK_TOKEN is right and has not expired",
    ),
    "without_view_user": Refusal(
        lambda world: authentik_token(world, "view_user", "add_user"),
        Life.make_account,
        PermissionMissingError,
        "may add users, or create the account and grant view_user",
    ),
    "account_hidden_from_one_who_may_add": Refusal(
        lambda world: authentik_token(world, "view_user"),
        Life.make_account,
        UnexpectedAnswerError,
        "an account zot-ci may exist that AUTHENTIK_TOKEN cannot see: grant it view_user on it",
    ),
    "without_change_user": Refusal(
        lambda world: drifted(world, "change_user", is_active=False),
        Life.reconcile_account,
        PermissionMissingError,
        "role has change_user on the account",
    ),
    "without_delete_user": Refusal(
        lambda world: authentik_token(world, "delete_user"),
        Life.delete_account,
        PermissionMissingError,
        "role has delete_user on the account",
    ),
    "without_add_user_to_group": Refusal(
        lambda world: regrouped(world, leave=GROUP, without="add_user_to_group"),
        Life.reconcile_account,
        PermissionMissingError,
        f"add_user_to_group on group {GROUP}",
    ),
    "without_remove_user_from_group": Refusal(
        lambda world: regrouped(world, join="admins", without="remove_user_from_group"),
        Life.reconcile_account,
        PermissionMissingError,
        "remove_user_from_group on group admins",
    ),
    "without_view_group_to_join": Refusal(
        lambda world: regrouped(world, leave=GROUP, without="view_group"),
        Life.reconcile_account,
        PermissionMissingError,
        "role has view_group on the group",
    ),
    "without_view_group_to_leave": Refusal(
        lambda world: regrouped(world, join="admins", without="view_group"),
        Life.reconcile_account,
        PermissionMissingError,
        "view_group",
    ),
    "group_missing": Refusal(
        no_group,
        Life.reconcile_account,
        NotFoundError,
        f"found no group {GROUP}; create it, correct the setting, or grant AUTHENTIK_TOKEN view_group on it",
    ),
    "account_of_a_person": Refusal(
        lambda world: world.change_account(type="internal"),
        Life.make_account,
        NotOursError,
        "account zot-ci is of type internal; it may be a person's",
    ),
}

ONEPASSWORD = {
    "token_unknown": Refusal(
        wrong(OP_CONNECT_TOKEN="no-token-of-connect"),
        Life.read_field,
        SignInRefusedError,
        "answered 401 for item",
    ),
    "token_for_another_vault": Refusal(other_vault, Life.store, NotFoundError, f"found no vault {VAULT}; create it"),
    "token_for_another_vault_later": Refusal(
        other_vault, Life.read_field, PermissionMissingError, "give the token of OP_CONNECT_TOKEN access to that vault"
    ),
    "token_read_only": Refusal(
        lambda world: connect_token(world, writes=False),
        Life.store_again,
        PermissionMissingError,
        "with write access for `pulumi up`",
    ),
    "token_read_only_at_the_end": Refusal(
        lambda world: connect_token(world, writes=False),
        Life.remove_field,
        PermissionMissingError,
        "with write access",
    ),
    "vault_missing": Refusal(
        lambda world: world.estate.onepassword.vaults.clear(), Life.store, NotFoundError, f"found no vault {VAULT};"
    ),
    "vault_twice": Refusal(second_vault, Life.store, AmbiguousError, f"found 2 times vault {VAULT}; name it by its id"),
    "item_missing": Refusal(no_item, Life.store, NotFoundError, f"found no item {ITEM} in {VAULT};"),
    "item_missing_later": Refusal(no_item, Life.read_field, NotFoundError, f"found no item {ITEM} in {VAULT};"),
    "item_twice": Refusal(second_item, Life.store, AmbiguousError, f"found 2 times item {ITEM} in {VAULT};"),
    "field_twice": Refusal(field_twice, Life.store, AmbiguousError, f"item {ITEM} has 2 fields labelled {FIELD};"),
    "field_twice_one_in_a_section": Refusal(
        lambda world: field_twice(world, section={"id": "a-section"}),
        Life.store,
        AmbiguousError,
        "has 2 fields labelled zot-ci-api; rename all but one, or name the field by its id",
    ),
    "field_of_something_else": Refusal(
        lambda world: world.set_field("a-password-of-somebody"),
        Life.store,
        NotOursError,
        "holds something that is no zot API key; empty it by hand",
    ),
    "field_of_another_type": Refusal(
        lambda world: field_type(world, "TOTP"), Life.store, NotOursError, "is of type TOTP; name a concealed field"
    ),
    "host_missing": Refusal(
        wrong(OP_CONNECT_HOST=""), Life.read_field, CredentialMissingError, "OP_CONNECT_HOST is not set; export"
    ),
    "host_without_scheme": Refusal(
        wrong(OP_CONNECT_HOST="connect.invalid"),
        Life.read_field,
        CredentialMissingError,
        "OP_CONNECT_HOST must be a URL that begins with http",
    ),
}

FORGEJO = {
    "token_unknown": Refusal(
        wrong(FORGEJO_TOKEN="no-token-of-forgejo"), Life.read_secret, SignInRefusedError, "answered 401 for eblume"
    ),
    "token_that_cannot_be_one": Refusal(
        wrong(FORGEJO_TOKEN="two words\nand a line"), Life.read_secret, CredentialMissingError, "FORGEJO_TOKEN holds"
    ),
    "without_read_repository": Refusal(
        lambda world: forgejo_token(world, OWNER, "read:user"),
        Life.read_secret,
        PermissionMissingError,
        "read:repository to preview",
    ),
    "without_write_repository": Refusal(
        lambda world: forgejo_token(world, OWNER, "read:repository"),
        Life.publish,
        PermissionMissingError,
        "FORGEJO_TOKEN needs the scope write:repository",
    ),
    "without_write_repository_at_the_end": Refusal(
        lambda world: forgejo_token(world, OWNER, "read:repository"),
        Life.delete_secret,
        PermissionMissingError,
        "FORGEJO_TOKEN needs the scope write:repository",
    ),
    "collaborator_instead_of_owner": Refusal(
        lambda world: forgejo_token(world, "friend", role="admin"),
        Life.publish,
        PermissionMissingError,
        "must be its owner's",
    ),
    "stranger": Refusal(
        lambda world: forgejo_token(world, "stranger"),
        Life.publish,
        NotFoundError,
        "no such repository, organization or user, or FORGEJO_TOKEN may not see it",
    ),
    "repository_missing": Refusal(
        no_repository, Life.read_secret, NotFoundError, "answered 404 for eblume/blumeops; no such repository"
    ),
}

ZOT = {
    "api_keys_off": Refusal(
        no_api_keys, Life.read_key, UnexpectedAnswerError, "API keys are off, or this is no zot: set"
    ),
    "api_keys_off_and_a_key_is_due": Refusal(no_api_keys, Life.mint, UnexpectedAnswerError, "API keys are off"),
    "key_revoked_before_the_sweep": Refusal(
        lambda world: world.estate.zot.keyring.by_uuid.clear(),
        Life.retire,
        KeyRefusedError,
        "no older key of zot-ci is revoked: the registry refuses key",
    ),
    "group_may_not_create": Refusal(
        lambda world: rights(world, "read"), Life.mint, KeyUnfitError, "failed its test in zot-ci-access-probe: it can"
    ),
    "group_may_delete": Refusal(
        lambda world: rights(world, "read", "create", "delete"), Life.mint, KeyUnfitError, "it can delete, "
    ),
}

ALL = {
    f"{system}-{name}": refusal
    for system, refusals in {"authentik": AUTHENTIK, "1password": ONEPASSWORD, "forgejo": FORGEJO, "zot": ZOT}.items()
    for name, refusal in refusals.items()
}


@pytest.mark.parametrize("refusal", ALL.values(), ids=ALL.keys())
def test_a_refusal_is_told_in_one_line_and_nothing_is_changed(
    refusal: Refusal, life: Life, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Class and words as a person needs them; accounts, groups, keys, items and secrets stay as they were."""
    for name, value in (refusal.spoil(life.world) or {}).items():
        monkeypatch.setenv(name, value)
    before = snapshot(life.world)

    with pytest.raises(ReconcileError) as caught:
        refusal.ask(life)

    assert refusal.words in in_one_line(life.world, caught.value)
    assert type(caught.value) is refusal.kind
    assert snapshot(life.world) == before
    assert_clean_log(life.world, caplog)
