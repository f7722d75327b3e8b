"""
A field by its section, and references to fields, over the three 1Password backends.
"""

from __future__ import annotations

import pytest

from tests.estate import Estate
from tests.world import ITEM, VAULT
from zot_ci.http.errors import AmbiguousError, CredentialMissingError, NotFoundError, ReconcileError
from zot_ci.onepassword.item import ItemAccess, ItemRef
from zot_ci.onepassword.reference import resolve
from zot_ci.settings.reference import Reference


def test_the_same_label_in_two_sections_needs_the_section(access: ItemAccess, ref: ItemRef) -> None:
    """By label or id; where a label is there once, the section may be left out."""
    item = access.read(ref)

    with pytest.raises(AmbiguousError, match="token"):
        item.named("token")
    found = item.named("token", "api")
    assert found is not None
    assert found.value == "the one in the section"
    assert found.section is not None
    assert item.named("token", found.section.id) == found
    assert item.named("site") == item.named("site", "links")
    assert item.named("zot-ci-api", "api") is None
    assert item.named(item.fields[0].id, "api") is None


def test_a_reference_is_resolved(estate: Estate, access: ItemAccess) -> None:
    """With names as people give them, and with ids."""
    named = "Authentik (blumeops)"
    made = estate.onepassword.add_item(VAULT, named, [("api-token", "plain"), ("api-token", "in it", "CONCEALED", "s")])
    made.current["fields"][0]["label"] = "api-key"

    assert resolve(Reference.parse(f"op://{VAULT}/{named}/api-key"), access) == "plain"
    assert resolve(Reference.parse(f"op://{VAULT}/{named}/s/api-token"), access) == "in it"
    assert resolve(Reference.parse(f"op://{VAULT}/{made.id}/{made.current['fields'][0]['id']}"), access) == "plain"


@pytest.mark.parametrize(
    ("reference", "kind"),
    [("no-field", NotFoundError), ("no-section/token", NotFoundError), ("empty", CredentialMissingError)],
)
def test_a_reference_to_nothing_is_named(reference: str, kind: type[ReconcileError], access: ItemAccess) -> None:
    """The line holds the reference, so that it can be corrected."""
    reference = f"op://{VAULT}/{ITEM}/{reference}"

    with pytest.raises(kind) as caught:
        resolve(Reference.parse(reference), access)

    assert reference in str(caught.value)
