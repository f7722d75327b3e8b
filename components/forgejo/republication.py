"""
The Actions secrets that an `up` keeps as they are, published once more.

A secret's value can never be read: whether somebody overwrote it cannot be seen, so every `up` writes it again. That is
no change of the resource. It happens in the program's process, beside the resource, so that nothing is shown as changed
and a saved plan fits; and only for a secret that the provider was asked about in this run and has not just written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pulumi

from ..dynamic.journal import JOURNAL
from ..dynamic.run_memory import MEMORY
from ..http import logs
from ..http.errors import ReconcileError
from ..settings.place import Place
from ..settings.reference import StoredToken
from .actions_secret import ActionsSecret
from .api import forgejo_at

_begun = False


def republished(
    url: str, stored: StoredToken | None, secrets: Sequence[tuple[Place, ActionsSecret]]
) -> pulumi.Output[list[str]]:
    """
    Publish each of the *secrets* again that this run keeps as it is, in a real `up`; return the names of those.

    Changed outside: the secrets' values are written.

    Raises:
        pulumi.RunError: at once, no temporary file can be made; or when the output is waited for, a secret could not
            be written. The message is one line.
    """
    if pulumi.runtime.is_dry_run():
        return pulumi.Output.from_input([])
    _begin()

    def again(place: Place, secret: ActionsSecret) -> pulumi.Output[str | None]:
        async def publish(value: str) -> str | None:
            if not MEMORY.is_kept(place.identity):
                return None
            try:
                await asyncio.to_thread(forgejo_at(url, stored).publish, place, value)
            except ReconcileError as exc:
                raise pulumi.RunError(str(exc)) from None
            return place.name

        return secret.value.apply(publish)

    return pulumi.Output.all(*(again(place, secret) for place, secret in secrets)).apply(
        lambda names: [name for name in names if name]
    )


def _begin() -> None:
    global _begun  # once for the process, which is one run of the program
    if not _begun:
        _begun = True
        logs.quieten_libraries()
        try:
            JOURNAL.begin()
        except ReconcileError as exc:
            raise pulumi.RunError(str(exc)) from None
