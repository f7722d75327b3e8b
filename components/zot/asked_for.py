"""
What an `ApiKey`'s properties ask for: which key, where its account can log in, and what may mint it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any

from ..authentik.api import Authentik, authentik_at
from ..dynamic.seen import SEEN
from ..http.errors import EnvironmentUnfitError, ReconcileError
from ..onepassword.access import onepassword
from ..onepassword.ownership import key_at
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
    Return the key in the store of record. Read-only.
    """
    place = Place.field(props["vault"], props["item"], props["field"])
    return key_at(onepassword(props.get("onepassword_access")), place)


def refuse_an_unwritable_item(props: Mapping[str, Any]) -> None:
    """
    Refuse a store of record that the backend can read and never write. Read-only.

    Raises:
        EnvironmentUnfitError: it is such a one.
    """
    access = onepassword(props.get("onepassword_access"))
    try:
        access.refuse_unwritable(props["vault"], props["item"])
    except EnvironmentUnfitError:
        raise
    except ReconcileError:
        # The field's own resource says it, and the next run goes on there with the key of this one.
        _log.debug("1Password: not known whether item %s in %s can be written", props["item"], props["vault"])


def candidates(props: Mapping[str, Any]) -> Iterator[str]:
    """
    Yield the keys that may be alive: the one this run has seen in the state, then the one in the store of record.
    """
    seen = SEEN.live_keys.get(("key", props["zot_url"], props["username"]))
    if seen:
        yield seen
    stored = stored_key(props)
    if stored and stored != seen:
        yield stored
