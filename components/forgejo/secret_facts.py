"""
The facts about an `ActionsSecret`, and its condition.
"""

from __future__ import annotations

import logging

from ..dynamic.conditions import NOT_FOUND
from ..http.errors import UnexpectedAnswerError
from ..rotation import to_the_minute
from ..settings.place import Place
from .api import Forgejo
from .canary_run import canary_condition
from .description import mark_in, mark_of
from .model import Secret
from .state import SecretState

_log = logging.getLogger(__name__)

_OWNER = {"repository": "the repository", "organization": "the organization"}


def described(secret: Secret, key_uuid: str, place: Place) -> str | None:
    """
    Return the mark of the key in the description of a *secret* that was just published; empty if the server did not
    keep it, None if the server has no descriptions.
    """
    if secret.description is None:
        return None
    mark = mark_in(secret.description)
    if mark != mark_of(key_uuid):
        why = "its description is too long, or the server has not kept what was written"
        _log.warning(
            "%s has no mark of its key: %s; so nobody can see whether a program overwrites it", place.thing, why
        )
        mark = ""
    return mark


def not_listed(place: Place, new: set[str]) -> UnexpectedAnswerError:
    """
    Return the error for a published secret that is missing in the list; *new* are the names that were not there before.
    """
    hint = "look whether something deletes it, then run again"
    if new:
        found = ", ".join(sorted(new)[:3])
        what = f"it lists {found} since then: if that is the key under another name"
        hint = f"{what}, delete it there and choose a name that the server keeps"
    return UnexpectedAnswerError(f"Forgejo took secret {place.name} and does not list it; {hint}")


def condition_of_secret(forgejo: Forgejo, state: SecretState) -> str:
    """
    Return how the secret differs from the published one, as its condition. Read-only.
    """
    place = state.place
    if place.kind == "user":
        # A user's own secrets cannot be listed.
        return canary_condition(state)
    secret = forgejo.secret(place)
    if secret is None:
        return f"{NOT_FOUND}{_OWNER[place.kind]} has no such secret any more"
    if secret.created_at != state.created_at:
        return f"deleted and made again elsewhere on {to_the_minute(secret.created_at)}"
    return _overwritten(secret, state) or canary_condition(state)


def _overwritten(secret: Secret, state: SecretState) -> str:
    """
    Return a sentence if the description lacks the mark of the published key; else an empty text. A missing mark says
    nothing if the server had no descriptions when the secret was published.
    """
    wanted = mark_of(state.key_uuid)
    if secret.description is None or state.described == "":
        return ""
    found = mark_in(secret.description)
    if found in (wanted, "" if state.described is None else wanted):
        return ""
    shown = f"names key {found}, not {wanted}" if found else f"names key {wanted} no more"
    return f"overwritten elsewhere, it seems: its description {shown}"
