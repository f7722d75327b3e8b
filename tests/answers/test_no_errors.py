"""
What may look like a refusal and is none: a field in a section, a dead key, an account that is only hidden.
"""

from __future__ import annotations

import pytest

from tests.answers.life import Life
from tests.estate import Grant
from tests.world import FIELD, ITEM, VAULT

pytestmark = pytest.mark.embedded


def test_a_field_in_a_section_is_found_and_written(life: Life) -> None:
    """1Password's own pages put fields into sections: where there is one of that label it is the one."""
    field = life.world.estate.onepassword.item(VAULT, ITEM).labelled(FIELD)[0]
    field["section"] = {"id": "a-section"}
    field["value"] = ""

    life.store()

    assert life.world.field() == life.key["api_key"]
    assert field["id"] == life.world.estate.onepassword.item(VAULT, ITEM).labelled(FIELD)[0]["id"]


def test_a_registry_that_refuses_the_key_is_drift_and_no_error(life: Life) -> None:
    """401 to the key itself is the one answer that says that it is dead."""
    life.world.estate.zot.keyring.by_uuid.clear()

    assert life.read_key().outs["condition"] == "refused by the registry: revoked"


def test_an_account_that_the_token_may_not_see_is_never_called_deleted(
    life: Life, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """authentik answers 404 to both: what is only hidden still stands, and the log must not say otherwise."""
    token = life.world.estate.authentik.add_token("blind", [Grant("delete_user")])
    monkeypatch.setenv("AUTHENTIK_TOKEN", token)

    with caplog.at_level("INFO", logger="zot_ci"):
        life.delete_account()

    assert life.world.account() is not None
    assert "authentik: deleted account" not in caplog.text
