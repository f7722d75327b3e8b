"""
Revokes a key when its resource is deleted; with the last one, all keys of its label.
"""

from __future__ import annotations

import logging
from contextlib import suppress

from ..dynamic.run import RUN
from ..http.errors import SignInRefusedError
from ..rotation import to_the_minute
from .api import KeyAuth, Zot
from .key_facts import described
from .state import KeyState, sweep_of

_log = logging.getLogger(__name__)


def revoke_it(zot: Zot, state: KeyState) -> None:
    """
    Revoke the key in *state*, which makes the request itself. It is no error if somebody revoked it before.

    Raises:
        ReconcileError: the registry gives no answer.
    """
    with suppress(SignInRefusedError):
        zot.revoke(KeyAuth(state.username, state.api_key), state.username, state.uuid)
        _log.info("zot: revoked key %s of %s, created %s", state.uuid, state.username, to_the_minute(state.created_at))


def revoke_all_of_its_label(zot: Zot, state: KeyState) -> list[str] | None:
    """
    Revoke all keys with the label of the key in *state*, or with an earlier label of ours, except those that a place
    holds. The key in *state* makes the requests, so it is revoked last. Newer keys are revoked, too: a run that was
    killed during a mint leaves one that no state knows.

    Returns:
        the live keys, in words, that the account has left; None if the registry no longer accepts the key in *state*,
        so that nothing is known.

    Raises:
        ReconcileError: the registry gives no answer, or refuses to revoke though it accepts the key.
    """
    username, uuid = state.username, state.uuid
    auth = KeyAuth(username, state.api_key)
    listing = zot.listing(auth, username)
    if not listing.accepted:
        # Before a key counts as revoked, ask a second time.
        listing = zot.listing(auth, username)
    own = listing.find(uuid)
    if own is None:
        others = "others of its label, if there are any, live until they expire"
        _log.warning("zot: key %s of %s is no longer accepted, and so can revoke no other; %s", uuid, username, others)
        return None
    labels = _labels(state)
    ours = [key for key in listing.keys if key.label in labels and key is not own]
    to_revoke = [*(key for key in ours if not RUN.claims.places_with(key.uuid)), own]
    left = [key for key in listing.keys if key not in to_revoke and not key.is_expired]
    while to_revoke:
        try:
            zot.revoke(auth, username, to_revoke[0].uuid)
        except SignInRefusedError:
            if zot.listing(auth, username).accepted:
                raise
            break
        _log.info("zot: revoked key %s of %s", to_revoke.pop(0).uuid, username)
    # Somebody revoked this key meanwhile, perhaps another instance of it that a killed replacement left.
    missed = [key for key in to_revoke if key is not own and not key.is_expired]
    if missed:
        names = ", ".join(key.uuid for key in missed)
        _log.warning("zot: key %s of %s was revoked meanwhile, and can revoke no other; left %s", uuid, username, names)
    return [described(key) for key in (*left, *missed)]


def _labels(state: KeyState) -> set[str]:
    """
    Return all labels of our keys of this lineage: before a renaming of the stack they had another one.
    """
    sweep = RUN.claims.newest(sweep_of(state.zot_url, state.username))
    return {state.label, *RUN.labels_of(state.lineage), *(sweep.labels if sweep else ())}
