"""
The number of the state's shape: which properties a resource has there, and what they mean.

Every resource has it as an input. No `diff` compares it, so an upgrade alone shows no change and writes nothing. The
first shape has no number. A state that a later version wrote is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .errors import LaterStateError

SHAPE = 1
_NAME = "shape"


def refuse_a_later_shape(props: Mapping[str, Any], what: str) -> None:
    """
    Refuse the state of a resource, called *what*, if a later version wrote it: its properties may mean something else.

    Raises:
        LaterStateError: a later version wrote it.
    """
    shape = props.get(_NAME)
    if isinstance(shape, int | float) and shape > SHAPE:
        written = f"a later version of zot-ci has written it (shape {shape:g}, this version knows {SHAPE})"
        msg = f"the state of {what}: {written}; nothing was asked or changed: install that version"
        raise LaterStateError(msg)
