"""
A look at a secret before this program manages it: read-only, and HTTP only.
"""

from __future__ import annotations

from ..dynamic.findings import Findings
from ..settings.place import Place
from .api import Forgejo


def look(found: Findings, forgejo: Forgejo, place: Place, owner_id: int | None = None) -> None:
    """
    Add to *found* what an `up` that publishes to *place* will do. *owner_id* is the number that the owner has to have.

    Raises:
        ReconcileError: the owner does not exist, has another number, or may not be read.
    """
    forgejo.insist_on(place, owner_id)
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
