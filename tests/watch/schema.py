"""
The JSON Schema of the status document, from its dataclasses: `python -m tests.watch.schema` writes it anew.
"""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import TypeAdapter

from scripts.watch.document import Status

FILE = Path(__file__).resolve().parents[2] / "docs" / "status.schema.json"


def schema() -> str:
    """
    Return it as the file holds it.
    """
    found = TypeAdapter(Status).json_schema(mode="serialization")
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(schema(), encoding="utf-8")
