"""
A key on its way from the state to its places, in a run that has not looked at it: `--target` and `--exclude` can leave
its own resource out, and `--refresh=false` reads nothing. After an older state was put back that key can be dead, while
the places hold a newer one. So the program asks the registry, and no provider writes what it refuses.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pulumi

from ..dynamic.entries import KeySeen
from ..dynamic.run import RUN
from ..http.errors import ReconcileError
from ..rotation import looks_like_a_key
from .api import KeyAuth, zot_at


def known_alive(
    zot_url: pulumi.Input[str], username: str, key: pulumi.Output[str], key_uuid: pulumi.Output[str]
) -> pulumi.Output[str]:
    """
    Return the *key*, after it is known in this run whether the registry accepts it; in a preview at once.
    """
    if pulumi.runtime.is_dry_run():
        return key

    async def asked(found: list[Any]) -> Any:
        url, text, uuid = found
        if text and uuid and RUN.key_is_alive(uuid) is None:
            await asyncio.to_thread(ask, url, username, text, uuid)
        # None, where a run leaves out what was never made.
        return text

    return pulumi.Output.all(zot_url, key, key_uuid).apply(asked)


def ask(zot_url: str, username: str, key: str, key_uuid: str) -> None:
    """
    Note whether the registry accepts a key. One that does not answer has not refused it. What has not the form of a zot
    key is not sent there.
    """
    if not looks_like_a_key(key):
        return
    with suppress(ReconcileError):
        accepted = zot_at(zot_url).listing(KeyAuth(username, key), username).accepted
        RUN.note(KeySeen(key_uuid, accepted))
