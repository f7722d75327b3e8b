"""
A place that has gone from one resource to another in a run: whoever had it leaves it alone.
"""

from __future__ import annotations

import pytest

from components.forgejo.actions_secret import ActionsSecretProvider
from components.onepassword.item_field import ItemFieldProvider
from tests.dynamic.wanted import NO_KEY, field, next_run, outs_of, secret, writes
from tests.world import World

pytestmark = pytest.mark.embedded

FIELDS, SECRETS = ItemFieldProvider(), ActionsSecretProvider()
ANOTHER_KEY = "zak_" + 32 * "1"


def test_a_field_that_another_resource_has_written_is_not_removed(signed_in: World) -> None:
    """Created under the new name before it is deleted under the old one."""
    olds = outs_of(FIELDS.create(field()))
    FIELDS.create(field(ANOTHER_KEY, resource="another"))
    next_run(signed_in)

    FIELDS.delete("id", olds)

    assert signed_in.field() == ANOTHER_KEY
    assert writes(signed_in) == []


def test_two_fields_that_change_places_both_stay(signed_in: World) -> None:
    """Each update writes the other's place, and must not clear away what is there by then."""
    first = outs_of(FIELDS.create(field(resource="first")))
    second = outs_of(FIELDS.create(field(resource="second", field="copy")))

    FIELDS.update("id", first, field(ANOTHER_KEY, resource="first", field="copy"))
    FIELDS.update("id", second, field(ANOTHER_KEY, resource="second"))

    label = signed_in.estate.onepassword.field
    assert signed_in.field() == ANOTHER_KEY
    assert label("blumeops", "Forgejo Secrets", "copy") == ANOTHER_KEY


def test_a_field_is_removed_when_its_other_holder_has_let_go(signed_in: World) -> None:
    """In the same run: the first to be deleted releases it."""
    olds = outs_of(FIELDS.create(field()))
    another = outs_of(FIELDS.create(field(resource="another")))

    FIELDS.delete("id", another | {"made_here": False})
    FIELDS.delete("id", olds)

    assert signed_in.field() is None


def test_a_secret_that_another_resource_has_published_is_not_deleted(signed_in: World) -> None:
    """Also by another spelling: the server takes names without case."""
    olds = outs_of(SECRETS.create(secret(signed_in)))
    SECRETS.create(secret(signed_in, ANOTHER_KEY, resource="another", secret="zot_ci_api_key"))
    next_run(signed_in)

    SECRETS.delete("id", olds)

    assert signed_in.secret() == ANOTHER_KEY
    assert writes(signed_in) == []


def test_a_secret_that_nobody_else_has_is_deleted(signed_in: World) -> None:
    """Whatever other places this run has seen."""
    olds = outs_of(SECRETS.create(secret(signed_in)))
    SECRETS.create(secret(signed_in, resource="another", secret="OTHER"))

    SECRETS.delete("id", olds)

    assert signed_in.secret() is None
    assert signed_in.estate.forgejo.value("eblume", "blumeops", "OTHER") == NO_KEY
