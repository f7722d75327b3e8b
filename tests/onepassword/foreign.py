"""
What other programs leave in an item: fields without ids, of shared ids, and with labels that look like ours.
"""

from __future__ import annotations

import copy
import json
import unicodedata
from typing import Any

from tests.estate import Estate
from tests.onepassword.fields import FOREIGN
from tests.world import FIELD, ITEM, VAULT

# A label as somebody may write it for FIELD, in what it differs, and what a setting says.
UMLAUT = "zöt-ci"
LOOKALIKES = {
    "capital letters": (FIELD.upper(), FIELD, "capital and small letters"),
    "a space at the end": (f"{FIELD} ", FIELD, "white space"),
    "a space of another kind": ("zot\u00a0ci", "zot ci", "white space"),
    "an umlaut taken apart": (unicodedata.normalize("NFD", UMLAUT), UMLAUT, "accented letter"),
    "an umlaut composed": (UMLAUT, unicodedata.normalize("NFD", UMLAUT), "accented letter"),
    "another dash": (FIELD.replace("-", "\u2011"), FIELD, "look alike"),
    "nothing to see": (f"{FIELD}\u200b", FIELD, "look alike"),
}

# Fields and sections that lack what the vendor's documents say they have.
INCOMPLETE: dict[str, tuple[dict[str, Any], dict[str, Any] | None]] = {
    "no id": ({"type": "STRING", "label": "theirs", "value": FOREIGN}, None),
    "an empty id": ({"id": "", "type": "STRING", "label": "theirs", "value": FOREIGN}, None),
    "no label": ({"id": "no-label", "type": "CONCEALED", "value": FOREIGN}, None),
    "no value": ({"type": "CONCEALED", "label": "theirs"}, None),
    "a section without an id": (
        {"id": "theirs", "type": "STRING", "label": "theirs", "value": FOREIGN},
        {"label": "a section of theirs"},
    ),
    "a number": ({"id": "a-number", "type": "DATE", "label": "theirs", "value": 1764374400}, None),
    "nothing but a type": ({"type": "STRING"}, None),
}


def held(estate: Estate, label: str = FIELD) -> list[dict[str, Any]]:
    """Copies of the fields of that label."""
    return copy.deepcopy(estate.onepassword.item(VAULT, ITEM).labelled(label))


def everything(estate: Estate) -> str:
    """The whole item, to compare."""
    current = estate.onepassword.item(VAULT, ITEM).current
    return json.dumps([current["fields"], current["sections"], current["version"]])


def theirs(estate: Estate, label: str = FIELD) -> list[dict[str, Any]]:
    """
    Every other field, but for order and ids: `op` gives one to a field that has none, by the vendor's page on item
    templates.
    """
    others = estate.onepassword.other_fields(VAULT, ITEM, label)
    plain = [{name: value for name, value in one.items() if name != "id" and value != ""} for one in others]
    return sorted(plain, key=json.dumps)
