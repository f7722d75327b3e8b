"""
The key that a place is given: whether there is one, whether the registry refused it, and what messages say about it.
"""

from __future__ import annotations

from ..http.errors import NotFoundError
from .errors import KeyRefusedError, KeyUncheckedError
from .run import RUN


def insist_on_a_key(key: str, what: str) -> str:
    """
    Return the *key* that *what* is given.

    Raises:
        NotFoundError: there is none, since a run for chosen targets left out the key's own resource.
    """
    if not key:
        hint = "this run left its ApiKey out: run `pulumi up` without --target or --exclude"
        msg = f"there is no key for {what} yet; {hint}"
        raise NotFoundError(msg)
    return key


def holds(key_uuid: str) -> str:
    """
    Return a clause that names the key that was written to a place last, and how long that key works.
    """
    return f"it holds key {key_uuid}, which works until it is revoked or expires"


def refuse_a_dead_key(key_uuid: str, what: str) -> None:
    """
    Refuse to write a key to *what* that the registry refused in this run: the place may hold a live key.

    Raises:
        KeyRefusedError: the registry refused the key in this run.
    """
    if RUN.key_is_alive(key_uuid) is False:
        raise dead_key(key_uuid, f"{what} is not written")


def refuse_an_unchecked_key(key_uuid: str, what: str) -> None:
    """
    Refuse to write a key to *what*, which may hold a newer one, if nobody knows in this run whether the registry
    accepts the key: somebody may have revoked it, or the state may be an older one.

    Raises:
        KeyUncheckedError: the registry gave no answer about the key.
    """
    if RUN.key_is_alive(key_uuid) is None:
        why = f"the registry has not said whether it accepts key {key_uuid}, and a newer one may be there"
        msg = f"{what} is not written: {why}; run again when the registry answers"
        raise KeyUncheckedError(msg)


def dead_key(key_uuid: str, what: str) -> KeyRefusedError:
    """
    Return the error of a run that cannot go on because the registry refuses the last key that the state knows. *what*
    says what the run left undone.
    """
    hint = "run `pulumi up` without --target, --exclude and --refresh=false"
    why = f"the registry refuses key {key_uuid}, the last that the state knows"
    return KeyRefusedError(f"{what}: {why}; {hint}")
