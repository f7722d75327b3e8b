"""
The JSON patch that changes one field of an item on a Connect server.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Change(msgspec.Struct, frozen=True):
    """
    One operation of a JSON patch; *repeat* says whether it may be sent twice.
    """

    op: str
    path: str
    value: Any
    repeat: bool

    @property
    def as_json(self) -> dict[str, Any]:
        """
        Return the operation as it is sent.
        """
        return {"op": self.op, "path": self.path} | ({} if self.value is None else {"value": self.value})


def pointer(field_id: str) -> str:
    """
    Return a field's path in a JSON patch. Another program's id can contain any character.
    """
    return "/fields/" + field_id.replace("~", "~0").replace("/", "~1")
