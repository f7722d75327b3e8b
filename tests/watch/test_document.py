"""
The document's form: the schema file is what the code gives, and a document fits it.
"""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from typing import get_type_hints

from pydantic import TypeAdapter

from scripts.watch import document
from scripts.watch.document import Status, all_in_sync
from tests.watch.said import Said
from tests.watch.schema import FILE, schema


def test_the_schema_file_is_that_of_the_code() -> None:
    """`python -m tests.watch.schema` writes it anew."""
    assert FILE.read_text(encoding="utf-8") == schema()


def test_a_document_fits_its_schema() -> None:
    """Read back strictly, it is the same document: to the second."""
    status = Said().account().up(days_ago=1).status()

    again = TypeAdapter(Status).validate_json(status.as_json(), strict=True)

    assert again.as_json() == status.as_json()


def test_every_field_is_in_the_json_of_a_full_document() -> None:
    """And nothing else is."""
    found = json.loads(Said().account().up(days_ago=1).status().as_json())

    assert set(found) == {field.name for field in fields(Status)}
    kinds = [one for one in vars(document).values() if is_dataclass(one) and isinstance(one, type)]
    assert len(kinds) == 11
    assert set(found["accounts"][0]["key"]) == set(get_type_hints(document.Key)) - {"__pydantic_config__"}


def test_one_out_of_sync_outweighs_one_that_is_not_known() -> None:
    """And one that is not known outweighs all that are in sync."""
    assert all_in_sync([True, True]) is True
    assert all_in_sync([True, None]) is None
    assert all_in_sync([None, False, True]) is False
