"""
The end of an account's keys, when the last resource that has one of them goes.
"""

from __future__ import annotations

import logging

from ..dynamic.run import RUN
from ..http.errors import SignInRefusedError
from .api import KeyAuth, Zot
from .key_facts import described
from .state import KeyState

_log = logging.getLogger(__name__)


def revoke_all_of_its_label(zot: Zot, state: KeyState) -> list[str] | None:
    """
    Revoke all keys that have the label of the key in *state*, but for those that a place holds; that key last, since it
    is what asks. Newer ones as well: a run that was killed amid a mint has left one, and no state knows of it.

    Returns:
        the live keys, in words, that the account has left; None if the key had ended already, and so nothing is known.

    Raises:
        ReconcileError: the registry gives no answer, or refuses this one request of a key that it accepts otherwise.
    """
    username, uuid = state.username, state.uuid
    auth = KeyAuth(username, state.api_key)
    listing = zot.listing(auth, username)
    if not listing.accepted:
        # What says that a key is dead is worth a second question.
        listing = zot.listing(auth, username)
    own = listing.find(uuid)
    if own is None:
        others = "others of its label, if there are any, live until they expire"
        _log.warning("zot: key %s of %s is no longer accepted, and so can revoke no other; %s", uuid, username, others)
        return None
    ours = [key for key in listing.keys if key.label == state.label and key is not own]
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
    # Somebody ended this key meanwhile, perhaps another instance of it, which a killed replacement has left.
    missed = [key for key in to_revoke if key is not own and not key.is_expired]
    if missed:
        names = ", ".join(key.uuid for key in missed)
        _log.warning("zot: key %s of %s was revoked meanwhile, and can revoke no other; left %s", uuid, username, names)
    return [described(key) for key in (*left, *missed)]
