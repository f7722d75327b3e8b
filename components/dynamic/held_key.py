"""
The key that a place is given: whether there is one, whether it is known to be dead, and what is said of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..http.errors import NotFoundError
from .errors import KeyRefusedError
from .run import RUN


def key_in(props: Mapping[str, Any], name: str, what: str) -> str:
    """
    Return the key that is the property *name* of *what*.

    Raises:
        NotFoundError: there is none: a run for chosen targets left the key's own resource out before it was made.
    """
    if name not in props:
        hint = "this run left its ApiKey out: run `pulumi up` without --target or --exclude"
        msg = f"there is no key for {what} yet; {hint}"
        raise NotFoundError(msg)
    key: str = props[name]
    return key


def holds(props: Mapping[str, Any]) -> str:
    """
    Say which key a place was given last, and until when that one matters.
    """
    return f"it holds key {props['key_uuid']}, which works until it is replaced or ended"


def refuse_a_dead_key(props: Mapping[str, Any], what: str) -> None:
    """
    Stop before *what* is given a key that is known to be dead: it may hold one that lives.

    Raises:
        KeyRefusedError: the registry refused the key in this run.
    """
    if RUN.key_is_alive(props["key_uuid"]) is False:
        raise dead_key(props, f"{what} is not written")


def dead_key(props: Mapping[str, Any], what: str) -> KeyRefusedError:
    """
    Return the error of a run that cannot go on because the last key that the state knows is dead; *what* it leaves.
    """
    hint = "run `pulumi up` without --target, --exclude and --refresh=false"
    why = f"the registry refuses key {props['key_uuid']}, the last that the state knows"
    return KeyRefusedError(f"{what}: {why}; {hint}")
