"""
An item's JSON in which one field is changed: every other byte is what it was, also what reading and writing JSON would
respell; and what `op` and the SDK's core are given is that text.
"""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onepassword.core import UniffiCore

from tests.dynamic.wanted import NO_KEY
from tests.estate.onepassword.standins import sdk_core
from tests.onepassword.fields import ANOTHER_KEY
from zot_ci.onepassword.cli import Cli
from zot_ci.onepassword.item import ItemRef
from zot_ci.onepassword.item_text import DoubledError, ItemText
from zot_ci.onepassword.sdk import Sdk

# Numbers, escapes, doubled and unknown members, white space and order as no program of ours would write them.
ODD = (
    '\n{ "id":"i" , "version":1.0, "rate":1e3, "big":12345678901234567890.10, "minus":-0,\t"twice":1, "twice":2,\r\n'
    ' "title":"caf\\u00e9 \\/ \\ud83d", "vault":{"id":"v","name":"\u00fc"}, "unknown":{"x":[1.50,{"a":null,"a":[]}]},\n'
    ' "sections" : [ {"label":"no id"} ],\n'
    ' "fields":[ {"value":1E+2,"label":"other","id":"a","id":"b"} ,'
    '{"id":"f","NAME":"x", "VALUE":"y","more":{"id":"f","value":"z"}, "after":1.0 } ,\n'
    '   {"id":"g","fields":[{"id":"f"}]}, null, 7 ] , "last":"\\u0000" }\n'
)
OP = ODD.replace('"NAME"', '"label"').replace('"VALUE"', '"value"')
SDK = ODD.replace('"NAME"', '"title"').replace('"VALUE"', '"value"').replace('"more"', '"fieldType":"Concealed","more"')
REF = ItemRef("v", "i")


def test_one_value_is_replaced_and_nothing_else() -> None:
    """Where it stood."""
    text = ItemText(OP)

    assert text.set_value("f", 'a "quoted" one')

    assert text.text == OP.replace('"value":"y"', '"value":"a \\"quoted\\" one"')


def test_a_field_without_a_value_gets_one_at_its_end() -> None:
    """`op` leaves an empty value out."""
    text = ItemText(OP)

    assert text.set_value("g", "new")

    assert text.text == OP.replace('"fields":[{"id":"f"}]}', '"fields":[{"id":"f"}], "value": "new"}')


def test_a_field_that_is_not_there_is_not_set() -> None:
    """Nor is one that only another field holds within."""
    text = ItemText(OP)

    assert not text.set_value("v", "new")
    assert text.text == OP


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"fields": [1, {"id": "a"}]}', '{"fields": [1, {"id": "a"}, {"id": "n"}]}'),
        ('{"fields":[ ]}\n', '{"fields":[ {"id": "n"}]}\n'),
        ('{"x": 1.0, "fields": null }', '{"x": 1.0, "fields": [{"id": "n"}] }'),
        ('{"x": 1.0} ', '{"x": 1.0, "fields": [{"id": "n"}]} '),
        ("{}", '{"fields": [{"id": "n"}]}'),
    ],
)
def test_a_field_is_added_last(before: str, after: str) -> None:
    """Whatever there was."""
    text = ItemText(before)

    text.add('{"id": "n"}')

    assert text.text == after
    text.remove("n")
    assert [field.get("id") for field in text.objects("fields")] in ([], ["a"])


@pytest.mark.parametrize(
    ("id_", "cut"),
    [
        ("f", ' ,{"id":"f","label":"x", "value":"y","more":{"id":"f","value":"z"}, "after":1.0 }'),
        ("g", ' ,\n   {"id":"g","fields":[{"id":"f"}]}'),
    ],
)
def test_a_field_is_taken_out_with_one_comma(id_: str, cut: str) -> None:
    """And one that is not there takes nothing with it."""
    text = ItemText(OP)

    text.remove(id_)
    text.remove("none")

    assert text.text == OP.replace(cut, "")


@pytest.mark.parametrize("id_", ["a", "b"])
def test_the_first_of_several_fields_is_taken_out(id_: str) -> None:
    """With the comma behind it; the only one with none."""
    text = ItemText(f'{{"fields": [ {{"id": "{id_}"}} , {{"id": "c"}}]}}')
    text.remove(id_)
    assert text.text == '{"fields": [ {"id": "c"}]}'
    text.remove("c")
    assert text.text == '{"fields": [ ]}'


@pytest.mark.parametrize(
    "fields",
    [
        '{"id": "f"}, {"id": "f"}',
        '{"id": "f", "value": 1, "value": 2}',
        '{"id": "f", "id": "f"}',
        '{"id": "f"}, {"id": "f", "id": "g"}',
    ],
)
def test_what_is_there_twice_is_not_chosen_from(fields: str) -> None:
    """Programs differ in which of two members they take."""
    before = f'{{"fields": [{fields}]}}'
    text = ItemText(before)

    with pytest.raises(DoubledError):
        text.set_value("f", "new")
    if '"value"' not in fields:
        with pytest.raises(DoubledError):
            text.remove("f")
    assert text.text == before


@pytest.mark.parametrize(
    "text",
    ["", "[]", "7", "null", '{"fields": {}}', '{"fields": false}', '{"fields": [], "fields": []}', "[" * 100_000],
)
def test_what_is_no_item_is_refused(text: str) -> None:
    """Before anything is changed in it."""
    with pytest.raises(ValueError, match="no item"):
        ItemText(text)


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(
    st.lists(st.dictionaries(st.text(), _JSON), max_size=4), st.integers(0, 4), st.text(), st.sampled_from([None, 1])
)
def test_any_item_has_one_other_value_afterwards(
    others: list[dict[str, Any]], at: int, value: str, indent: int | None
) -> None:
    """By JSON's own reading, too."""
    fields = [other | {"id": f"id-{number}"} for number, other in enumerate(others)]
    fields.insert(at, {"id": "ours", "value": "before"})
    before = {"title": "x", "fields": fields, "more": others}
    text = ItemText(json.dumps(before, indent=indent))

    assert text.set_value("ours", value)

    changed = [field | {"value": value} if field["id"] == "ours" else field for field in fields]
    assert json.loads(text.text) == before | {"fields": changed}
    text.remove("ours")
    assert json.loads(text.text) == before | {"fields": [field for field in fields if field["id"] != "ours"]}


@pytest.fixture
def by_op(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Cli, Path]:
    """An `op` that shows an odd item, and keeps what it is given."""
    kept = tmp_path / "kept"
    kept.write_bytes(OP.encode())
    script = f'#!/bin/sh\nif [ "$2" = edit ]; then cat > "{kept}.new"; mv "{kept}.new" "{kept}"; fi\ncat "{kept}"\n'
    (tmp_path / "op").write_text(script)
    (tmp_path / "op").chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path), "/bin", "/usr/bin"]))
    return Cli(), kept


def test_op_is_given_the_item_as_it_came_but_for_one_field(by_op: tuple[Cli, Path]) -> None:
    """Set, add, remove: to the byte."""
    cli, kept = by_op

    cli.set_value(REF, "f", NO_KEY)
    assert kept.read_bytes() == OP.replace('"value":"y"', f'"value":"{NO_KEY}"').encode()
    cli.set_value(REF, "f", "y")
    assert kept.read_bytes() == OP.encode()
    cli.remove_field(REF, "f")
    assert kept.read_bytes().decode() == OP.replace(
        ' ,{"id":"f","label":"x", "value":"y","more":{"id":"f","value":"z"}, "after":1.0 }', ""
    )


class _Core:
    """A core of the SDK that shows an odd item, and keeps what it is given."""

    def __init__(self) -> None:
        self.kept = SDK

    async def invoke(self, request: str) -> str:
        """Answer one call."""
        await asyncio.sleep(0)
        begin, end = '"name": "ItemsPut", "parameters": {"item": ', "}}}}"
        if begin in request:
            self.kept = request[request.index(begin) + len(begin) : -len(end)]
        return self.kept


def test_the_sdk_s_core_is_given_the_item_as_it_came_but_for_one_field(monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the SDK's models, which know some members and write numbers anew."""
    sdk_core.install()
    core = _Core()

    async def init_client(config: str) -> str:
        await asyncio.sleep(0)
        return "1"

    binding = UniffiCore().core  # type: ignore[no-untyped-call]  # the SDK gives it no types
    monkeypatch.setattr(binding, "invoke", core.invoke)
    monkeypatch.setattr(binding, "init_client", init_client)
    monkeypatch.setenv("OP_SERVICE_ACCOUNT_TOKEN", "ops_a-token")
    sdk = Sdk()
    try:
        sdk.set_value(REF, "f", ANOTHER_KEY)
        assert core.kept == SDK.replace('"value":"y"', f'"value":"{ANOTHER_KEY}"')
        sdk.set_value(REF, "f", "y")
        assert core.kept == SDK
        sdk.remove_field(REF, sdk.add_field(REF, "new", NO_KEY))
        assert core.kept == SDK
    finally:
        sdk.close()
