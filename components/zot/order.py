"""
What the program asks for an `ApiKey`: which key, where its account can log in, and which keys may mint it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from ..authentik.api import Authentik, authentik_at
from ..dynamic.seen import SEEN
from ..http.errors import AmbiguousError, EnvironmentUnfitError, ReconcileError
from ..onepassword.access import onepassword
from ..onepassword.ownership import insist_on_one_field, key_at
from ..rotation import looks_like_a_key
from ..settings.place import Place
from .minting import Order
from .state import KeyWanted

_log = logging.getLogger(__name__)


def order_of(wanted: KeyWanted) -> Order:
    """
    Return the order for the wanted key.
    """
    return Order(
        username=wanted.username,
        label=wanted.label,
        repository=wanted.probe_repository,
        tag=wanted.probe_tag,
        oidc_provider=wanted.oidc_provider,
        policy=wanted.policy,
    )


def authentik_of(wanted: KeyWanted) -> Authentik | None:
    """
    Return the authentik where the account can log in; None if the settings name none.
    """
    return authentik_at(wanted.authentik_url, wanted.authentik_token) if wanted.authentik_url else None


def stored_key(wanted: KeyWanted) -> str | None:
    """
    Return the value in the store of record if it has the form of a key; else None. Read-only.

    Raises:
        AmbiguousError: more than one field could be meant.
    """
    return key_at(onepassword(wanted.onepassword_access), wanted.store, SEEN.named_fields)


def refuse_what_takes_no_key(wanted: KeyWanted) -> None:
    """
    Refuse a store of record that the backend can read but not write, and any field of the account that is ambiguous.
    Read-only.

    Raises:
        EnvironmentUnfitError: the store of record cannot be written.
        AmbiguousError: more than one field could be meant.
    """
    access, store, named = onepassword(wanted.onepassword_access), wanted.store, SEEN.named_fields
    with _only_certain_faults(store):
        access.refuse_unwritable(wanted.vault, wanted.item)
    for place in dict.fromkeys([store, *(place for username, place in named if username == wanted.username)]):
        with _only_certain_faults(place):
            insist_on_one_field(access, place, named)


@contextmanager
def _only_certain_faults(place: Place) -> Iterator[None]:
    try:
        yield
    except (EnvironmentUnfitError, AmbiguousError):
        raise
    except ReconcileError:
        # The field's own resource reports it, and the next run writes this run's key to it.
        _log.debug("1Password: not known whether %s can be written", place.name)


def candidates(wanted: KeyWanted) -> Iterator[str]:
    """
    Yield the keys that may be alive: the one that this run has seen in the state, then the one in the store of record.
    A value that has not the form of a zot key is never sent to the registry.
    """
    seen = SEEN.live_keys.get(wanted.lineage)
    if looks_like_a_key(seen) and seen:
        yield seen
    stored = stored_key(wanted)
    if stored and stored != seen:
        yield stored
