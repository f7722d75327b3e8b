"""
A system's JSON is checked by msgspec before this program uses it. No Pulumi, and no vendor.

It is read leniently where vendors and versions differ: a number or a truth value may be written as text, and parts that
no class names are ignored. A fault names only the place, since the value may be a secret.
"""

from __future__ import annotations

import contextlib
import re
from datetime import datetime
from typing import Any, Protocol, Self, TypeVar

import msgspec

Shaped = TypeVar("Shaped")

# The two parts of msgspec's messages that are used: the place (… - at `$.apiKeys[1].uuid`), and the missing part. Tests
# compare places, so they notice a version with other words.
_AT = re.compile(r" - at `\$([^`]*)`$")
_MISSING = re.compile(r"^Object missing required field `([^`]*)`")
_STEP = re.compile(r"[^.\[\]]+")


class ShapeError(ValueError):
    """
    The text is no JSON, or the JSON has another shape than the model.

    Args:
        place: the path of the wrong or missing part, such as `apiKeys.1.uuid`; empty for the whole.
    """

    def __init__(self, place: str = "") -> None:
        super().__init__(f"no valid {place}" if place else "not the expected JSON")
        self.place = place


class _Part(Protocol):
    """
    A class of our own for a part of an answer.
    """

    @classmethod
    def of_json(cls, read: Any) -> Self:
        """
        Return an instance made of what was *read*.

        Raises:
            ValueError: it cannot be one. The message contains nothing of what was read.
        """


class Instant(datetime):
    """
    A time with its zone, as text in the form of ISO 8601. Digits beyond microseconds are cut off.

    msgspec would round them: a time in a stack's state would be read back as another time.
    """

    @classmethod
    def of_json(cls, read: Any) -> Self:
        """
        Parse the time.
        """
        time = None
        with contextlib.suppress(ValueError):
            time = cls.fromisoformat(read) if isinstance(read, str) else None
        if time is None or time.utcoffset() is None:
            msg = "no time with a zone"
            raise ValueError(msg)
        return time


class SecretText:
    """
    A text that its `repr`, and so a log or traceback, does not show.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"

    @classmethod
    def of_json(cls, read: Any) -> Self:
        """
        Wrap the text.
        """
        if not isinstance(read, str):
            msg = "no text"
            raise ValueError(msg)
        return cls(read)

    def reveal(self) -> str:
        """
        Return the text itself.
        """
        return self._text


class Concealed(msgspec.Struct, frozen=True):
    """
    What no `repr` shows, and so no log or traceback: one of its values can be a secret.
    """

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


def read_json(body: bytes | str) -> Any:
    """
    Parse a *body*.

    Raises:
        ShapeError: it is no JSON.
    """
    # Raised outside, so that the error has no context with the body in it.
    with contextlib.suppress(msgspec.DecodeError, UnicodeError, RecursionError):
        return msgspec.json.decode(body)
    raise ShapeError


def shaped(read: Any, model: type[Shaped]) -> Shaped:
    """
    Return what was *read* as *model*: a `msgspec.Struct`, a dataclass, or a list or dictionary of such.

    Raises:
        ShapeError: it has another shape.
    """
    try:
        return msgspec.convert(read, model, strict=False, dec_hook=_part)
    except msgspec.ValidationError as exc:
        place = _place(str(exc))
    except RecursionError:
        place = ""
    raise ShapeError(place)


def _part(kind: type[_Part], read: Any) -> Any:
    return kind.of_json(read)


def _place(said: str) -> str:
    at, missing = _AT.search(said), _MISSING.search(said)
    steps = _STEP.findall(at[1]) if at else []
    return ".".join([*steps, missing[1]] if missing else steps)
