"""
A look at a secret before this program manages it: read-only, and HTTP only.
"""

from __future__ import annotations

from ..dynamic.findings import Findings
from ..settings.place import Place
from .api import Forgejo


def look(found: Findings, forgejo: Forgejo, place: Place, confirmed_id: int | None = None) -> None:
    """
    Add to *found* what an `up` that publishes to *place* will do. *confirmed_id* is the owner's number in the settings.

    Raises:
        ReconcileError: the owner does not exist, has another number, or may not be read.
    """
    forgejo.insist_on(place, confirmed_id)
    if place.kind == "user":
        found.plans.append("will be written; whether there is one already cannot be read")
    else:
        secret = forgejo.secret(place)
        found.plans.append(
            "will be made"
            if secret is None
            else f"is there, made on {secret.created_at:%Y-%m-%d}: it will be taken over and overwritten"
        )
    found.open_questions.append(f"only an `up` shows whether {forgejo.token_name} may write secrets")
