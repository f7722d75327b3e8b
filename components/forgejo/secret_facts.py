"""
What an `ActionsSecret`'s properties say: which place it is, what is known of it, and the sentence about what a look at
it finds.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..dynamic.claims import Identity
from ..dynamic.trouble import GONE
from ..http.errors import UnexpectedAnswerError
from ..rotation import to_the_minute
from ..settings.place import Place
from .api import Forgejo
from .canary_run import canary_condition
from .description import mark_in, mark_of
from .model import Secret

_log = logging.getLogger(__name__)

_OWNER = {"repository": "the repository", "organization": "the organization"}


def place_of(props: Mapping[str, Any]) -> Place:
    """
    Return where the secret is.
    """
    return Place.secret(
        props["secret"],
        repository=props.get("repository"),
        organization=props.get("organization"),
        server=props.get("server") or "",
    )


def number_in(props: Mapping[str, Any], name: str) -> int | None:
    """
    Return a whole number, which the engine hands over as a float; None where there is none.
    """
    value = props.get(name)
    return None if value is None else int(value)


def identities_of(props: Mapping[str, Any]) -> list[Identity]:
    """
    Return what tells this secret from others: its name, and the number of what it belongs to, which outlives a name.
    """
    place, owner_id = place_of(props), number_in(props, "owner_id")
    by_number = ("secret", props["forgejo_url"], place.kind, str(owner_id), place.path[-1].upper())
    return [place.identity] if owner_id is None else [place.identity, by_number]


def described(secret: Secret, key_uuid: str, place: Place) -> dict[str, str]:
    """
    Return the property *described* for a *secret* that was just published: the mark of the key, if the server has kept
    that in its description, else empty. No property where it has no descriptions.
    """
    if secret.description is None:
        return {}
    mark = mark_in(secret.description)
    if mark != mark_of(key_uuid):
        why = "its description is too long, or the server has not kept what was written"
        _log.warning("%s has no mark of its key: %s; that a program overwrites it cannot be seen", place.thing, why)
        mark = ""
    return {"described": mark}


def not_listed(place: Place, new: set[str]) -> UnexpectedAnswerError:
    """
    Return the error for a secret that the server took and does not list; *new* are the names that it lists since then.
    """
    hint = "look whether something deletes it, then run again"
    if new:
        found = ", ".join(sorted(new)[:3])
        what = f"it lists {found} since then: if that is the key under another name"
        hint = f"{what}, delete it there and choose a name that the server keeps"
    return UnexpectedAnswerError(f"Forgejo took secret {place.name} and does not list it; {hint}")


def condition_of_secret(forgejo: Forgejo, place: Place, props: Mapping[str, Any]) -> str:
    """
    Say how the secret at *place* differs from what was published there. Read-only.
    """
    if place.kind == "user":
        # A user's own secrets cannot be listed.
        return canary_condition(props)
    secret = forgejo.secret(place)
    if secret is None:
        return f"{GONE}{_OWNER[place.kind]} has no such secret any more"
    if secret.created_at != datetime.fromisoformat(props["created_at"]):
        return f"deleted and made again elsewhere on {to_the_minute(secret.created_at)}"
    return _overwritten(secret, props) or canary_condition(props)


def _overwritten(secret: Secret, props: Mapping[str, Any]) -> str:
    """
    Say that the description shows another mark than that of the key that was published, or none any more; empty where
    it says nothing.

    *described* is the mark that the server was seen to keep, empty if it keeps none. A secret that an earlier version
    published has no such property, and a missing mark says nothing then.
    """
    wanted, described = mark_of(props["key_uuid"]), props.get("described")
    if secret.description is None or described == "":
        return ""
    found = mark_in(secret.description)
    if found in (wanted, "" if described is None else wanted):
        return ""
    shown = f"names key {found}, not {wanted}" if found else f"names key {wanted} no more"
    return f"overwritten elsewhere, it seems: its description {shown}"
