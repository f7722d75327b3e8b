"""
The key that a place is given: whether there is one, whether it is known to be dead, and what is said of it.
"""

from __future__ import annotations

from ..http.errors import NotFoundError
from .errors import KeyRefusedError
from .run import RUN


def insist_on_a_key(key: str, what: str) -> str:
    """
    Return the *key* that *what* is given.

    Raises:
        NotFoundError: there is none: a run for chosen targets left the key's own resource out before it was made.
    """
    if not key:
        hint = "this run left its ApiKey out: run `pulumi up` without --target or --exclude"
        msg = f"there is no key for {what} yet; {hint}"
        raise NotFoundError(msg)
    return key


def holds(key_uuid: str) -> str:
    """
    Say which key a place was given last, and until when that one matters.
    """
    return f"it holds key {key_uuid}, which works until it is replaced or ended"


def refuse_a_dead_key(key_uuid: str, what: str) -> None:
    """
    Stop before *what* is given a key that is known to be dead: it may hold one that lives.

    Raises:
        KeyRefusedError: the registry refused the key in this run.
    """
    if RUN.key_is_alive(key_uuid) is False:
        raise dead_key(key_uuid, f"{what} is not written")


def dead_key(key_uuid: str, what: str) -> KeyRefusedError:
    """
    Return the error of a run that cannot go on because the last key that the state knows is dead; *what* it leaves.
    """
    hint = "run `pulumi up` without --target, --exclude and --refresh=false"
    why = f"the registry refuses key {key_uuid}, the last that the state knows"
    return KeyRefusedError(f"{what}: {why}; {hint}")
