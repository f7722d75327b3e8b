"""
The JSON Schemas of the status document and of the file of `verify`, from their dataclasses:
`python -m tests.watch.schema` writes them anew.
"""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import TypeAdapter

from scripts.watch.document import Status
from scripts.watch.proofs import Round

_DOCS = Path(__file__).resolve().parents[2] / "docs"
FILE, VERIFIED_FILE = _DOCS / "status.schema.json", _DOCS / "verified.schema.json"


def schema() -> str:
    """
    Return that of the status document as the file holds it.
    """
    return _written(Status)


def verified_schema() -> str:
    """
    Return that of what `verify` found as the file holds it.
    """
    return _written(Round)


def _written(kind: type[Status | Round]) -> str:
    found = TypeAdapter(kind).json_schema(mode="serialization")
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(schema(), encoding="utf-8")
    VERIFIED_FILE.write_text(verified_schema(), encoding="utf-8")
