"""
What an `ApiKey`'s properties ask for: which key, where its account can log in, and what may mint it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ..authentik.api import Authentik, authentik_at
from ..dynamic.seen import SEEN
from ..http.errors import AmbiguousError, EnvironmentUnfitError, ReconcileError
from ..onepassword.access import onepassword
from ..onepassword.ownership import insist_on_one_field, key_at
from ..rotation import looks_like_a_key
from ..settings.place import Place
from ..settings.reference import StoredToken
from .key_facts import policy_of
from .minting import Order

_log = logging.getLogger(__name__)


def order_of(props: Mapping[str, Any]) -> Order:
    """
    Return the key that the properties ask for.
    """
    return Order(
        username=props["username"],
        label=props["label"],
        repository=props["probe_repository"],
        tag=props.get("probe_tag"),
        oidc_provider=props["oidc_provider"],
        policy=policy_of(props),
    )


def authentik_of(props: Mapping[str, Any]) -> Authentik | None:
    """
    Return where the account can log in; None if nowhere.
    """
    url, token = props.get("authentik_url"), StoredToken.of(props.get("authentik_token"))
    return authentik_at(url, token) if url else None


def stored_key(props: Mapping[str, Any]) -> str | None:
    """
    Return the key in the store of record, if something with the form of one is there. Read-only.

    Raises:
        AmbiguousError: it cannot be told which field that is.
    """
    place = Place.field(props["vault"], props["item"], props["field"])
    return key_at(onepassword(props.get("onepassword_access")), place, SEEN.named_fields)


def refuse_what_takes_no_key(props: Mapping[str, Any]) -> None:
    """
    Refuse a store of record that the backend can read and never write, and a field of the account, the copies included,
    of which it cannot be told which one is meant. Read-only.

    Raises:
        EnvironmentUnfitError, AmbiguousError: it is such a one.
    """
    access = onepassword(props.get("onepassword_access"))
    store = Place.field(props["vault"], props["item"], props["field"])
    named = SEEN.named_fields
    with _only_certain_faults(store):
        access.refuse_unwritable(props["vault"], props["item"])
    for place in dict.fromkeys([store, *(place for username, place in named if username == props["username"])]):
        with _only_certain_faults(place):
            insist_on_one_field(access, place, named)


@contextmanager
def _only_certain_faults(place: Place) -> Iterator[None]:
    try:
        yield
    except (EnvironmentUnfitError, AmbiguousError):
        raise
    except ReconcileError:
        # The field's own resource says it, and the next run goes on there with the key of this one.
        _log.debug("1Password: not known whether %s can be written", place.name)


def candidates(props: Mapping[str, Any]) -> Iterator[str]:
    """
    Yield the keys that may be alive: the one this run has seen in the state, then the one in the store of record. None
    of them has another form than a zot key's: it would be sent to the registry.
    """
    seen = SEEN.live_keys.get(("key", props["zot_url"], props["username"]))
    if looks_like_a_key(seen) and seen:
        yield seen
    stored = stored_key(props)
    if stored and stored != seen:
        yield stored
