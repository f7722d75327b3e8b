"""
The number of the state's shape: which properties a resource has there, and what they mean.

Every resource has it as an input. No `diff` compares it, so that an upgrade alone shows nothing and writes nothing; a
state without one is of the first shape. What a later version has written is left alone.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from .errors import LaterStateError

SHAPE = 1
_NAME = "shape"


def numbered() -> dict[str, int]:
    """
    Return the input that says which shape a resource is written in.
    """
    return {_NAME: SHAPE}


def of_a_known_shape(call: Callable[..., Any]) -> Callable[..., Any]:
    """
    Return a provider's *call* that takes an id and what is recorded, and refuses what a later version has recorded.
    """

    @functools.wraps(call)
    def checked(self: Any, id_: str, olds: dict[str, Any], *more: Any) -> Any:
        if int(olds.get(_NAME) or SHAPE) > SHAPE:
            written = f"a later version of zot-ci has written it (shape {int(olds[_NAME])}, this version knows {SHAPE})"
            msg = f"the state of {id_}: {written}; nothing was asked or changed: install that version"
            raise LaterStateError(msg)
        return call(self, id_, olds, *more)

    return checked
