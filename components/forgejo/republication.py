"""
Publishes again the Actions secrets that an `up` leaves unchanged.

A secret's value can never be read, so nobody can see that it was overwritten, and every `up` writes it again. This is
no change of the resource: the program's process does it, so the engine shows no change and a saved plan fits. It is
done only for a secret that the provider has checked in this run and has not written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from ..dynamic.entries import Fault
from ..dynamic.held_key import refuse_a_dead_key
from ..dynamic.run import RUN
from ..http.errors import ReconcileError
from ..settings.place import Place
from ..settings.reference import StoredToken
from ..settings.server import ForgejoServer
from .actions_secret import ActionsSecret
from .api import Forgejo, forgejo_at


@dataclass(frozen=True)
class Published:
    """
    A secret of this program.

    Args:
        url: its server.
        place: where the secret is, with the server's name.
        secret: its resource.
        token: where the server's token is kept in 1Password; None where the environment has it.
    """

    url: pulumi.Input[str]
    place: Place
    secret: ActionsSecret
    token: StoredToken | None = None


def republished(secrets: Sequence[Published]) -> pulumi.Output[list[str]]:
    """
    In a real `up`, publish again each of the *secrets* that this run leaves unchanged; return their names.

    Changed outside: the secrets' values are written.

    A secret that cannot be written is a fault, which ends the run with exit code 1 and stops no other secret.
    """
    if pulumi.runtime.is_dry_run():
        return pulumi.Output.from_input([])

    def again(one: Published) -> pulumi.Output[str | None]:
        async def publish(found: list[Any]) -> str | None:
            url, value, key_uuid, owner_id = found
            if not value or not RUN.is_unchanged(one.place.identity) or RUN.key_is_alive(key_uuid) is None:
                # Somebody may have put a newer key there: without an answer of the registry the secret stays as it is.
                return None
            try:
                refuse_a_dead_key(key_uuid, one.place.thing)
                forgejo = forgejo_at(ForgejoServer(url, one.place.server, one.token))
                await asyncio.to_thread(publish_again, forgejo, one.place, value, owner_id, key_uuid)
            except ReconcileError as exc:
                RUN.note(Fault(one.place.thing, f"not published again: {exc}"))
                return None
            return one.place.name

        secret = one.secret
        return pulumi.Output.all(one.url, secret.value, secret.key_uuid, secret.owner_id).apply(publish)

    return pulumi.Output.all(*(again(one) for one in secrets)).apply(lambda names: [name for name in names if name])


def publish_again(forgejo: Forgejo, place: Place, value: str, owner_id: float | None, key_uuid: str = "") -> None:
    """
    Publish to *place* again, if its owner still has the number *owner_id*.

    Raises:
        NotOursError: the name belongs to another one now; nothing was written.
    """
    if owner_id is not None:
        forgejo.insist_on(place, int(owner_id))
    forgejo.publish(place, value, key_uuid)
